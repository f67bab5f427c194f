"""What an error value means that an engine shows: the workbook's own error, or that the engine could not compute it."""

from __future__ import annotations

from typing import Final

from xlconv.cells import ErrorValue, NotEvaluated

_OWN: Final = frozenset({"#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#N/A", "#NULL!", "#CIRC!"})
"""Excel would show them, too (and says of a circular reference that there is one)."""

_ARRAY: Final = "#SPILL!"
_REASONS: Final = {
    "#NAME?": "a function that it lacks, or an unknown name",
    _ARRAY: "an array that does not fit its cells",
    "#CALC!": "an array that it cannot compute",
    "#N/IMPL!": "not implemented",
    "#ERROR!": "a formula that it cannot read",
}


def is_array(value: NotEvaluated) -> bool:
    """Whether an engine says that a formula gives an array, for which there is no room."""
    return f" {_ARRAY} " in value.reason


def error_value(engine: str, code: str) -> ErrorValue | NotEvaluated:
    """What a cell shows where an engine has an error code."""
    if code in _OWN:
        return ErrorValue(code)
    reason = _REASONS.get(code)
    return NotEvaluated(f"{engine}: {code} ({reason})" if reason else f"{engine}: {code}")
