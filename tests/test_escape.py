"""Texts from outside do no harm where they are shown, and can still be read."""

from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reports import HOSTILE
from xlconv import escape
from xlconv.errors import printable

anything = st.text() | st.sampled_from(HOSTILE) | st.tuples(st.sampled_from(HOSTILE), st.text()).map("".join)


@given(anything)
def test_console_gives_no_orders(text: str) -> None:
    """A line of a log is one line, without what a terminal or a CI runner obeys."""
    line = escape.console(text)
    assert line.isprintable()
    assert not line.lstrip().startswith("::")
    assert not re.search(r"##\w*\[", line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("::error::x", r"\x3a:error::x"),
        ("  ::error::x", r"  \x3a:error::x"),
        ("a ::error::x", "a ::error::x"),
        ("a ##[error]x", r"a #\x23[error]x"),
        ("###[error]x", r"##\x23[error]x"),
        ("##vso[task]x", r"#\x23vso[task]x"),
        ("## heading", "## heading"),
        ("a\nb", r"a\nb"),
        ("[bold]", "[bold]"),
        ("=SUM('My net'!$A$1:B2)", "=SUM('My net'!$A$1:B2)"),
    ],
)
def test_console(text: str, line: str) -> None:
    """Only what would be obeyed is changed, visibly."""
    assert escape.console(text) == line


@given(anything)
def test_json_text_means_the_same(text: str) -> None:
    """JSON is the same JSON, and no line of it has a command."""
    document = escape.json_text(json.dumps({"a": [text]}, indent=2))
    assert json.loads(document) == {"a": [text]}
    assert not any(line.lstrip().startswith("::") or "##" in line for line in document.splitlines())


@given(anything)
def test_markup_is_text(text: str) -> None:
    """HTML and Markdown show the text; no character of it has a meaning."""
    for shown in (escape.code(text), escape.prose(text)):
        inner = re.sub(r"^<code>|</code>$", "", shown)
        assert html.unescape(inner).replace("\u200b", "") == printable(text).replace("\u200b", "")
        assert not set('<>|`*_[]{}~@$\\"') & set(inner)
        assert not re.search(r"&(?!#\d+;)|www\.|(?<!&)#", inner)


@given(anything)
def test_csv_is_no_formula(text: str) -> None:
    """No cell begins with what begins a formula."""
    cell = escape.csv_cell(text)
    assert cell.removeprefix("'") == printable(text).removeprefix("'")
    assert cell.lstrip()[:1] not in {*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"}


@given(anything)
def test_xml_is_legal(text: str) -> None:
    """Only characters that XML 1.0 allows, and lines stay lines."""
    legal = escape.xml(text)
    assert re.fullmatch("[\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*", legal)
    assert legal.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [("{0} {{", "{{0}} {{{{"), ("[a](b)", "[a] (b)"), ("=[1]Sheet!A1", "=[1]Sheet!A1"), ("a\nb", r"a\nb")],
)
def test_sarif(text: str, message: str) -> None:
    """Placeholders and links of SARIF messages are plain text."""
    assert escape.sarif(text) == message
