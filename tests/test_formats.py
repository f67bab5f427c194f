"""Reports in the formats of other programs, from Python and on the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from markdown_it import MarkdownIt

from tests.reports import GROUP, HOSTILE, WARNING, WRONG, hostile, kinds, layer, report, skipped
from xlconv.cli import cli
from xlconv.errors import printable
from xlconv.report import Failure, Report
from xlconv.report.junit import to_junit
from xlconv.report.markdown import to_markdown
from xlconv.report.rules import RULES
from xlconv.report.sarif import to_sarif
from xlconv.report.table import COLUMNS, to_csv, to_frame

Make = Callable[[], list[Report | Failure]]
every_kind = pytest.mark.parametrize("make", kinds().values(), ids=kinds())
every_text = pytest.mark.parametrize("text", HOSTILE)


def junit(reports: list[Report | Failure]) -> ET.Element:
    """JUnit XML as a tree, after a look at whether it is what CI servers take."""
    root = ET.fromstring(to_junit(reports))
    assert root.tag == "testsuites"
    for parent in [root, *root]:
        cases = list(parent.iter("testcase"))
        found = Counter(child.tag for case in cases for child in case)
        assert parent.get("name")
        assert int(parent.get("tests", "")) == len(cases)
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(parent.get(count, "")) == found[tag]
    for suite in root:
        assert suite.tag == "testsuite"
        names = [(case.get("classname"), case.get("name")) for case in suite]
        assert all(all(name) for name in names)
        assert {case.tag for case in suite} == {"testcase"}
        for case in suite:
            assert {child.tag for child in case} <= {"failure", "error", "skipped", "system-out"}
            assert sum(child.tag != "system-out" for child in case) <= 1
            assert all({"message", "type"} == set(child.attrib) for child in case if child.tag in ("failure", "error"))
    return root


def outcomes(root: ET.Element, tag: str) -> list[tuple[str | None, str | None]]:
    """The test cases that failed, or could not be run."""
    return [(case.get("classname"), case.get("name")) for case in root.iter("testcase") if case.find(tag) is not None]


@every_kind
def test_junit_is_valid(make: Make) -> None:
    """A suite for each workbook; no failure or error exactly where the workbook agrees or is skipped."""
    reports = make()
    root = junit(reports)
    assert [suite.get("name") for suite in root] == [each.file for each in reports]
    for suite, each in zip(root, reports, strict=True):
        bad = {tag for tag in ("failure", "error") if suite.find(f"testcase/{tag}") is not None}
        assert bad == {"agrees": set(), "differs": {"failure"}, "skipped": set()}.get(each.verdict, {"error"})


def test_junit_has_a_case_for_each_layer_and_rule() -> None:
    """Layers, rules and coverage are test cases of their own; the message says how many cells."""
    root = junit([report(WRONG, GROUP, WARNING, layers=[layer(wrong=12, largest_error=4.0), layer("b")])])
    (suite,) = root
    cases = Counter(case.get("classname") for case in suite)
    assert cases == {"coverage": 1, "formualizer 0.13.0": 2, "rules": len(RULES)}
    assert outcomes(root, "failure") == [("formualizer 0.13.0", "conv1"), ("rules", "value"), ("rules", "formula")]
    assert outcomes(root, "system-out") == [("rules", "volatile")]
    messages = [each.get("message") for each in root.iter("failure")]
    assert messages[0] == "12 of 676 cells differ from the reference, largest error 4.0e+00"
    assert messages[2] == "conv1, 12 of 676 cells: reads another window"


def test_junit_of_what_was_not_evaluated() -> None:
    """A layer that could not be evaluated is an error of its own, with the reasons beside the coverage."""
    root = junit([report(layers=[layer(), layer("b", not_evaluated=4)], reasons=["4 cells: FOO is not known"])])
    assert [name for _, name in outcomes(root, "error")][1:] == ["b"]
    coverage, of_layer = root.iter("error")
    assert coverage.text == "4 cells: FOO is not known"
    assert of_layer.get("message") == "4 of 676 cells could not be evaluated"


def test_junit_of_what_is_skipped() -> None:
    """A single test case, skipped, and why."""
    root = junit([skipped("budget.xlsx")])
    assert outcomes(root, "skipped") == [("coverage", "a network is recognised")]
    assert [each.get("message") for each in root.iter("skipped")] == ["no network was recognised in its formulas"]
    assert (root.get("tests"), root.get("skipped")) == ("1", "1")


def test_junit_strict() -> None:
    """In strict mode a warning is a failure."""
    assert outcomes(junit([report(WARNING, strict=True)]), "failure") == [("rules", "volatile")]


@every_text
def test_junit_of_hostile_texts(text: str) -> None:
    """The XML can be read, and the texts in it are texts."""
    root = junit(hostile(text))
    shown = {
        line.strip() for each in root.iter() for line in "".join([*each.attrib.values(), each.text or ""]).split("\n")
    }
    assert not any(line.startswith("::") or re.search(r"##\w*\[", line) for line in shown)
    assert {each.tag for each in root.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
    }


def sarif(reports: list[Report | Failure]) -> dict[str, Any]:
    """The only run of a SARIF log, after a look at whether it has what SARIF 2.1.0 asks for."""
    log = json.loads(to_sarif(reports))
    assert log["version"] == "2.1.0"
    assert set(log) == {"$schema", "version", "runs"}
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "xlconv"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        for part in ("shortDescription", "fullDescription", "help"):
            assert rule[part]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
    (invocation,) = run["invocations"]
    assert isinstance(invocation["executionSuccessful"], bool)
    for told in [*run["results"], *invocation["toolExecutionNotifications"]]:
        assert told["message"]["text"]
        assert re.fullmatch(r"(?:[^{}]|\{\{|\}\})*", told["message"]["text"])
        for location in told["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"(?:[\w.~/:-]|%[0-9A-F]{2})*", uri, re.ASCII)
    found: dict[str, Any] = run
    return found


@every_kind
def test_sarif_is_valid(make: Make) -> None:
    """A result for each finding that can count; what was not checked or skipped is a notification."""
    reports = make()
    run = sarif(reports)
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] == (not any(isinstance(each, Failure) for each in reports))
    counted = [each for each in reports if isinstance(each, Report) and not each.is_skipped]
    assert len(run["results"]) == sum(len(each.findings) for each in counted)
    told = {each.file for each in reports if each.verdict in ("failed", "not checked", "skipped")}
    places = [note["locations"][0]["physicalLocation"] for note in invocation["toolExecutionNotifications"]]
    assert {place["artifactLocation"]["uri"] for place in places} == told


def test_sarif_of_what_is_skipped() -> None:
    """No result that would block a pull request; the check itself succeeded."""
    run = sarif([skipped("budget.xlsx")])
    (invocation,) = run["invocations"]
    (told,) = invocation["toolExecutionNotifications"]
    assert (run["results"], invocation["executionSuccessful"]) == ([], True)
    assert (told["level"], told["message"]["text"]) == ("note", "skipped: no network was recognised in its formulas")


def test_sarif_result() -> None:
    """A result has its rule, its level, its cell and a fingerprint that stays."""
    first, second = sarif([report(WRONG, WARNING)])["results"]
    assert (first["ruleId"], first["level"]) == ("value", "error")
    assert (second["ruleId"], second["level"]) == ("volatile", "warning")
    assert first["message"]["text"].startswith("net!B2: computes another value. expected: 1.0. got: 2.0")
    (location,) = first["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "book.xlsx"}
    (cell,) = location["logicalLocations"]
    assert (cell["name"], cell["fullyQualifiedName"]) == ("B2", "net!B2")
    assert first["partialFingerprints"]["xlconv/v1"] == WRONG.fingerprint
    assert sarif([report(WARNING, strict=True)])["results"][0]["level"] == "error"


@pytest.mark.parametrize(
    ("file", "uri"),
    [("a b/c#.xlsx", "a%20b/c%23.xlsx"), ("/tmp/ü.xlsx", "file:///tmp/%C3%BC.xlsx"), ("a:b.xlsx", "a%3Ab.xlsx")],
)
@pytest.mark.skipif(os.name == "nt", reason="other paths")
def test_sarif_uri(file: str, uri: str) -> None:
    """A path is a URI, relative if it was."""
    place = sarif([Failure(file, "x")])["invocations"][0]["toolExecutionNotifications"][0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == uri


@every_text
def test_sarif_of_hostile_texts(text: str) -> None:
    """Neither placeholders nor links, nor what a CI runner obeys."""
    document = to_sarif(hostile(text))
    assert "##" not in document
    assert "](" not in document
    for result in sarif(hostile(text))["results"]:
        assert result["message"]["text"].isprintable()


class Elements(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.cells = 0
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.add(tag)
        self.cells += tag == "td"
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data.replace("\u200b", "")


def as_page(reports: list[Report | Failure]) -> Elements:
    """What a Markdown processor makes of it."""
    return Elements(MarkdownIt("commonmark").enable("table").render(to_markdown(reports)))


PLAIN = {"h2", "table", "thead", "tbody", "tr", "th", "td", "p", "ul", "li", "strong", "code", "details", "summary"}


@every_kind
def test_markdown(make: Make) -> None:
    """A row for each workbook, with its verdict, and details of each that was checked."""
    reports = make()
    text = to_markdown(reports)
    for each in reports:
        assert f"| <code>{each.file}</code> | " in text
        assert each.verdict in text
    assert (
        text.count("<details>")
        == text.count("</details>")
        == sum(isinstance(each, Report) and not each.is_skipped for each in reports)
    )
    assert as_page(reports).elements <= PLAIN


@every_text
def test_markdown_of_hostile_texts(text: str) -> None:
    """The page has the elements and the table's shape that it has without them, and shows the texts."""
    harmless, shown = as_page(hostile("x")), as_page(hostile(text))
    assert shown.elements == harmless.elements
    assert not shown.attributes
    assert printable(text).replace("\u200b", "").strip() in shown.text
    assert shown.cells == harmless.cells
    assert not re.search(r"(?<!&)[@$#](?!#| xlconv)", to_markdown(hostile(text)))


@every_kind
def test_csv(make: Make) -> None:
    """A row for each layer, engine and workbook, or for each grade; at least one for each workbook."""
    reports = make()
    head, *rows = csv.reader(io.StringIO(to_csv(reports), newline=""))
    assert tuple(head) == COLUMNS
    assert {(row[0], row[1]) for row in rows} == {(each.file, each.verdict) for each in reports}
    assert all(len(row) == len(COLUMNS) for row in rows)
    expected = sum(
        len(each.grades) or max(1, sum(len(e.layers) for e in each.engines)) if isinstance(each, Report) else 1
        for each in reports
    )
    assert len(rows) == expected


@every_text
def test_csv_of_hostile_texts(text: str) -> None:
    """No cell is a formula for a spreadsheet program."""
    rows = list(csv.reader(io.StringIO(to_csv(hostile(text)), newline="")))
    assert len(rows) > 1
    for row in rows:
        assert len(row) == len(COLUMNS)
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d")) for cell in row)
        assert all(cell.isprintable() for cell in row)


def test_csv_of_what_is_skipped() -> None:
    """One row that says why, and counts nothing."""
    (row,) = csv.DictReader(io.StringIO(to_csv([skipped("budget.xlsx")]), newline=""))
    assert {key: value for key, value in row.items() if value} == {
        "file": "budget.xlsx",
        "verdict": "skipped",
        "problem": "no network was recognised in its formulas",
    }


def test_frame() -> None:
    """The same rows with numbers as numbers, and with texts as they are."""
    frame = to_frame([report(WRONG, layers=[layer("=a", wrong=1, largest_error=4.0)]), Failure("b", "no")])
    assert isinstance(frame, pd.DataFrame)
    assert tuple(frame.columns) == COLUMNS
    assert frame["layer"][0] == "=a"
    assert frame["wrong"].sum() == 1
    assert frame["largest_error"].max() == 4.0
    assert list(frame["verdict"]) == ["differs", "failed"]


def run(*arguments: str | Path) -> Result:
    """Run `xlconv verify` in this process."""
    return CliRunner().invoke(cli, ["verify", *map(str, arguments)], standalone_mode=False)


def test_files_appear(seven: Path, tmp_path: Path) -> None:
    """Each format is written beside the text; older reports are replaced."""
    (tmp_path / "j.xml").write_text("old")
    names = {"--junit": "j.xml", "--sarif": "new/s.sarif", "--markdown": "m.md", "--csv": "c.csv"}
    done = run(seven, "--random", "0", *[part for name, file in names.items() for part in (name, tmp_path / file)])
    assert done.return_value == 0
    assert done.stdout.startswith(f"{seven}: every activation agrees\n")
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == set(names.values())
    assert ET.parse(tmp_path / "j.xml").getroot().get("failures") == "0"
    assert json.loads((tmp_path / "new/s.sarif").read_text("utf-8"))["runs"][0]["results"] == []
    assert "<details>" in (tmp_path / "m.md").read_text("utf-8")
    assert list(pd.read_csv(tmp_path / "c.csv")["verdict"].unique()) == ["agrees"]
    assert (tmp_path / "c.csv").read_bytes().startswith(b"\xef\xbb\xbffile,")


@pytest.mark.parametrize("name", ["junit", "sarif", "markdown", "csv"])
def test_stdout(seven: Path, name: str) -> None:
    """Where the file is `-` the report is all of stdout, also of a workbook that could not be checked."""
    done = run("missing.xlsx", seven, "--random", "0", f"--{name}", "-")
    assert done.return_value == 2
    starts = {"junit": "<?xml", "sarif": "{", "markdown": "## xlconv verify", "csv": "file,verdict"}
    assert done.stdout.startswith(starts[name])
    assert "missing.xlsx" in done.stdout
    assert done.stderr.startswith("xlconv: missing.xlsx")


@pytest.mark.parametrize(
    ("kind", "options", "code"),
    [
        ("agrees", [], 0),
        ("warning", [], 0),
        ("warning", ["--strict"], 1),
        ("differs", [], 1),
        ("not evaluated", [], 2),
        ("nothing", [], 2),
        ("nothing", ["--if-network"], 0),
        ("differs", ["--if-network"], 1),
    ],
)
def test_exit_codes(monkeypatch: pytest.MonkeyPatch, kind: str, options: list[str], code: int) -> None:
    """The verdict is the exit code; --strict makes a warning count."""
    monkeypatch.setattr("xlconv.check.verify", lambda *_, **__: kinds()[kind]()[0])
    assert run("book.xlsx", *options).return_value == code


def refused(done: Result) -> str:
    """Why nothing was done."""
    assert not done.stdout
    assert done.exception is not None
    return str(getattr(done.exception, "message", None) or done.stderr)


def test_places_are_looked_at_first(seven: Path, tmp_path: Path) -> None:
    """A folder, a workbook or one file for two reports is refused before anything is checked."""
    book = tmp_path / "book.xlsx"
    book.write_bytes(seven.read_bytes())
    assert "is not a file" in refused(run(book, "--junit", tmp_path))
    assert "is a workbook" in refused(run(book, "--csv", tmp_path / "." / "book.xlsx"))
    assert "is not a folder" in refused(run(book, "--csv", book / "c.csv"))
    assert "a file of its own" in refused(run(book, "--csv", tmp_path / "a", "--sarif", tmp_path / "a"))
    assert "only one report" in refused(run(book, "--csv", "-", "--json"))
    assert list(tmp_path.iterdir()) == [book]
    assert book.read_bytes() == seven.read_bytes()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_pipes_stay(seven: Path, tmp_path: Path) -> None:
    """A pipe or a device is no file that a report could replace."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "is not a file" in refused(run(seven, "--junit", pipe))
    assert pipe.is_fifo()
