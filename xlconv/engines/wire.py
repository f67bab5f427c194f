"""What goes to an engine's process and what comes back: a line of JSON with the few texts, then numbers as in memory.

What comes back is not trusted, as the process has read a hostile file: nothing in it is run, and what has not the
expected form is refused.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import chain, islice
from typing import Final, TypeAlias, TypeVar

from xlconv.cells import Edit, ErrorValue, NotEvaluated, Range, Value
from xlconv.engines.limits import Limits

Results: TypeAlias = list[list[list[list[Value]]]]
"""For each group of edits, for each range, its rows of values."""

_T = TypeVar("_T")

MAX_HEADER: Final = 64 << 20
"""Of an answer's JSON: texts, errors and where they stand."""

_OTHERS: Final[dict[str, Callable[[str], Value]]] = {
    "blank": lambda _: None,
    "bool": lambda text: text == "True",
    "text": str,
    "error": ErrorValue,
    "not evaluated": NotEvaluated,
}
"""Values that are no numbers, made of a text."""


@dataclass(frozen=True)
class Request:
    """What an engine's process is to do.

    Args:
        module: Of the engine.
        limits: Of the process.
        package: See `xlconv.engines.Engine.evaluate`, also for the rest.
        edits: Groups of edits.
        ranges: What is asked for.
    """

    module: str
    limits: Limits
    package: bytes
    edits: Sequence[Sequence[Edit]]
    ranges: Sequence[Range]

    def encode(self) -> bytes:
        """As bytes: the header, the numbers of all edits (0 where it has a text), the package."""
        values = [value for group in self.edits for _, rows in group for row in rows for value in row]
        texts = [(at, value) for at, value in enumerate(values) if isinstance(value, str)]
        header = {
            "module": self.module,
            "limits": astuple(self.limits),
            "edits": [[where for where, _ in group] for group in self.edits],
            "texts": texts,
            "ranges": list(self.ranges),
        }
        numbers = array("d", (0.0 if isinstance(value, str) else value for value in values))
        return b"".join([json.dumps(header).encode(), b"\n", numbers.tobytes(), self.package])

    @classmethod
    def decode(cls, data: bytes) -> Request:
        """What `encode` was given."""
        line, _, rest = data.partition(b"\n")
        header = json.loads(line)
        groups = [[Range(*where) for where in group] for group in header["edits"]]
        size = 8 * sum(where.size for group in groups for where in group)
        values: list[float | str] = list(array("d", rest[:size]))
        for at, text in header["texts"]:
            values[at] = text
        flat = iter(values)
        edits = [[(where, _rows(where, flat)) for where in group] for group in groups]
        ranges = [Range(*where) for where in header["ranges"]]
        return cls(header["module"], Limits(*header["limits"]), rest[size:], edits, ranges)


def encode_results(results: Results) -> bytes:
    """What an engine computed: the header says where there is no number and what instead."""
    flat = list(chain.from_iterable(row for group in results for rows in group for row in rows))
    numbers = array("d", bytes(8 * len(flat)))
    others: dict[tuple[str, str], list[int]] = {}
    for at, value in enumerate(flat):
        if isinstance(value, float):
            numbers[at] = value
        else:
            others.setdefault(_named(value), []).append(at)
    header = [[kind, text, where] for (kind, text), where in others.items()]
    return json.dumps({"others": header}).encode() + b"\n" + numbers.tobytes()


def encode_error(message: str) -> bytes:
    """Why an engine computed nothing."""
    return json.dumps({"error": message}).encode() + b"\n"


def decode_results(data: bytes, groups: int, ranges: Sequence[Range]) -> Results | str:
    """What an engine computed, or why it did not.

    Raises:
        ValueError: The data are not what an engine's process answers.
    """
    line, _, rest = data.partition(b"\n")
    try:
        header = json.loads(line)
        if "error" in header:
            return str(header["error"])
        values: list[Value] = list(array("d", rest))
        for kind, text, where in header["others"]:
            value = _OTHERS[kind](str(text))
            for at in where:
                values[at] = value
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise ValueError("an unreadable answer") from error
    if len(values) != groups * sum(where.size for where in ranges):
        raise ValueError("an answer of another length")
    flat = iter(values)
    return [[_rows(where, flat) for where in ranges] for _ in range(groups)]


def _named(value: Value) -> tuple[str, str]:
    if value is None:
        return "blank", ""
    if isinstance(value, bool):
        return "bool", str(value)
    if isinstance(value, ErrorValue):
        return "error", value.code
    return ("not evaluated", value.reason) if isinstance(value, NotEvaluated) else ("text", str(value))


def _rows(where: Range, values: Iterator[_T]) -> list[list[_T]]:
    return [list(islice(values, where.width)) for _ in range(where.height)]
