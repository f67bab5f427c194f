"""The one door for .xlsx files from outside: opens the package within limits, reads formulas and values.

Nothing here trusts the file: sizes are measured while decompressing, document type declarations are refused, what
spreadsheet programs would read differently is refused, cached values are kept apart from what engines are given, and
that is a package of xlconv's own making (`Workbook.package`).
"""

from xlconv.reader.book import Calculation
from xlconv.reader.edit import with_values
from xlconv.reader.limits import MAX_CELLS
from xlconv.reader.sheet import Cell, Sheet
from xlconv.reader.workbook import Workbook, read

__all__ = ["MAX_CELLS", "Calculation", "Cell", "Sheet", "Workbook", "read", "with_values"]
