"""How large what a file holds may be: far more than networks of this size need, far less than would harm."""

from __future__ import annotations

from typing import Final

MAX_FILE: Final = 32 << 20
MAX_ENTRIES: Final = 1000
MAX_PART: Final = 64 << 20
MAX_TOTAL: Final = 256 << 20
MAX_RATIO: Final = 200
"""Of a part's size to its compressed size, where it is above `UNRATED`."""
UNRATED: Final = 1 << 20

MAX_DEPTH: Final = 256
MAX_ATTRIBUTE: Final = 64 << 10
MAX_MARKUP: Final = 12_000_000
"""Tags and attributes in all parts together."""

MAX_SHEETS: Final = 256
MAX_CELLS: Final = 1_000_000
MAX_BOX: Final = 4_000_000
"""Cells from A1 to the last row and column of a worksheet that have any."""
MAX_AREA: Final = 1_000_000
"""Cells in all merged ranges, in all that array formulas fill, under all hyperlinks."""
MAX_STYLES: Final = 65_490

MAX_FORMULAS: Final = 300_000
MAX_FORMULA: Final = 8192
MAX_NESTING: Final = 64
MAX_FORMULA_TEXT: Final = 64 << 20
"""Characters of all formulas together, shared ones spelled out, as XML spells them: engines get them so."""
