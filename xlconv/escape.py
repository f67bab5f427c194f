"""Text from outside, made harmless for the place where it is to stand. Every string of a workbook is from outside.

Whoever wrote the workbook chose the names of its worksheets, layers and classes, its texts and its formulas; whoever
sent it chose the file's name. What a reader sees of them must be a text, never an order to a terminal, a CI runner,
a browser or a spreadsheet program.
"""

from __future__ import annotations

import re
from typing import Final

from xlconv.errors import printable

_COMMAND: Final = re.compile(r"^(\s*):(?=:)|(?<=#)#(?=\w*\[)")
"""GitHub's runner obeys `::command::` where a line begins with it, spaces aside, and `##[command]` anywhere."""

_ACTIVE: Final = re.compile(r"[^\w\s,\-+=()/'!;%.]|_|(?<=www)\.", re.IGNORECASE)
"""What means something in HTML or Markdown, here or there."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet program may take for the beginning of a formula in a CSV file, in both widths."""


def console(text: str) -> str:
    """One line for a terminal or a CI log."""
    return _COMMAND.sub(_visible, printable(text))


def _visible(match: re.Match[str]) -> str:
    """The last character of a match by its code."""
    return f"{match[0][:-1]}\\x{ord(match[0][-1]):x}"


def json_text(text: str) -> str:
    """A JSON document that means the same, without what a CI runner would obey in the middle of a line."""
    return text.replace("##", r"#\u0023")


def code(text: str) -> str:
    """One line for HTML and for Markdown, also in a table, set as code."""
    return f"<code>{_entities(text)}</code>" if text else ""


def prose(text: str) -> str:
    """The same, set as text; a space of no width keeps GitHub from making mentions and links of `@name` and `#1`."""
    return re.sub("(?<=&#64;)|(?<=&#35;)", "&#8203;", _entities(text))


def _entities(text: str) -> str:
    return _ACTIVE.sub(lambda match: f"&#{ord(match[0])};", printable(text))


def csv_cell(text: str) -> str:
    """One line for a cell of a CSV file, which spreadsheet programs show as it is; tabs and line ends are visible."""
    line = printable(text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA_STARTS) else line


def xml(text: str) -> str:
    """Lines with characters that XML 1.0 allows; `<` and `&` are the XML writer's task."""
    return "\n".join(map(console, text.split("\n")))


def sarif(text: str) -> str:
    """One line for a SARIF message, in which `{0}` and `[text](target)` have a meaning."""
    return printable(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")
