"""Reports: what follows from what was found, and how people and programs see it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import xlconv.report
from tests.reports import GROUP, HOSTILE, WARNING, WRONG, hostile, kinds, layer, report, skipped
from xlconv.check import verify
from xlconv.report import EngineResult, Failure, Finding, Grade, Report, Unrecognised, to_json
from xlconv.report.text import to_text

SCHEMA: dict[str, Any] = json.loads(Path(xlconv.report.__file__).with_name("report.schema.json").read_text("utf-8"))

Make = Callable[[], list[Report | Failure]]


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("agrees", "agrees"),
        ("warning", "agrees"),
        ("differs", "differs"),
        ("strict", "differs"),
        ("not evaluated", "not checked"),
        ("nothing", "not checked"),
        ("failed", "failed"),
        ("skipped", "skipped"),
    ],
)
def test_verdict(kind: str, verdict: str) -> None:
    """An error is a difference, a warning only in strict mode; what could not be evaluated never agrees."""
    (found,) = kinds()[kind]()
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "skipped"),
        ({"if_network": False}, "differs"),
        ({"networks": ["a: input 1x28x28"]}, "differs"),
        ({"declared": True}, "differs"),
        ({"declared": True, "findings": []}, "not checked"),
        ({"grades": [Grade("conv1", "Conv2d", "missing")]}, "differs"),
    ],
)
def test_verdict_without_a_network(change: dict[str, Any], verdict: str) -> None:
    """Skipped is only what has no network, says of itself that it has none, and need not have one."""
    assert replace(skipped("budget.xlsx"), **change).verdict == verdict


def test_text_of_what_is_skipped() -> None:
    """It is said in one line, without what was found: that is not what was asked for."""
    assert lines(skipped("budget.xlsx")) == ["budget.xlsx: skipped: no network was recognised in its formulas"]


def test_verdict_of_wrong_cells() -> None:
    """A wrong cell is a difference even if no finding speaks of it."""
    assert report(layers=[layer(wrong=1)]).verdict == "differs"


def test_verdict_of_an_error_in_what_is_not_checked() -> None:
    """An error is an error, also where other cells could not be evaluated."""
    assert report(WRONG, layers=[layer(not_evaluated=1)]).verdict == "differs"


def test_verdict_of_a_layer_without_comparison() -> None:
    """All layers must have been compared, in every engine."""
    assert report(layers=[layer(), layer("b", compared=0, largest_error=None)]).verdict == "not checked"
    engines = [EngineResult("a", [layer()]), EngineResult("b", [layer(not_evaluated=1)])]
    assert report(engines=engines).verdict == "not checked"
    assert not report(engines=[]).complete


def test_verdict_of_formulas_that_were_not_checked() -> None:
    """Formulas that read the network and matter make it `not checked`, and it is said how many of all they are."""
    found = report(unchecked_formulas=19, formulas=1028, checked=1009)
    assert found.verdict == "not checked"
    assert found.unchecked == "19 of 1,028 formulas"
    assert lines(found)[0] == "book.xlsx: not checked: 19 of 1,028 formulas"
    assert report(WRONG, unchecked_formulas=19, formulas=1028).verdict == "differs"


def test_text_of_what_is_proved() -> None:
    """The cells that are proved are counted, and what that means is said once."""
    found = lines(report(layers=[layer(proved=670), layer("conv2", proved=676, compared=0, largest_error=None)]))
    assert found[4:8] == [
        "    layer  type           cells  proved  computed  largest error",
        "    conv1  Conv2d + ReLU    676     670       676        2.0e-15",
        "    conv2  Conv2d + ReLU    676     676         0              -",
        "    proved: equal to the layer's definition for all inputs and weights, in exact arithmetic; "
        "chance of error below 1e-15",
    ]
    assert not any("proved:" in line for line in lines(report()))


def test_text_of_other_engines() -> None:
    """Whose values were taken is said."""
    engines = [EngineResult("formualizer 0.13.0", [layer()], others={"ironcalc 0.9.1": 12})]
    said = "    12 cells by ironcalc 0.9.1, as formualizer 0.13.0 has no value for them"
    assert said in lines(report(engines=engines))
    assert report(engines=engines).agrees


@pytest.mark.parametrize(
    ("layers", "least"),
    [
        ([layer(largest_error=1e-15), layer(largest_error=3e-9)], 3e-9),
        ([layer(largest_error=None, compared=0), layer(largest_error=0.0)], 0.0),
        ([layer(largest_error=None, compared=0)], None),
        ([layer(largest_error=4.0), layer(largest_error=None, wrong=1)], None),
    ],
)
def test_least_tolerance(layers: list[Any], least: float | None) -> None:
    """The largest error of all layers; none where one is wrong by no number."""
    assert EngineResult("a", layers).least_tolerance == least


def test_sums() -> None:
    """An engine's counts are those of its layers together."""
    result = EngineResult("a", [layer(wrong=1, not_evaluated=2), layer(cells=4, compared=8, wrong=3)])
    assert (result.cells, result.compared, result.wrong, result.not_evaluated) == (680, 12852, 4, 2)


def test_fingerprint() -> None:
    """The same for the same rule, cell and formula, whatever was computed; another for another."""
    assert WRONG.fingerprint == replace(WRONG, got="3.0", message="x", engine="y", layer="z").fingerprint
    others = [replace(WRONG, **change) for change in ({"rule": "formula"}, {"cell": "net!B3"}, {"formula": "A1+2"})]
    assert len({WRONG.fingerprint, *(each.fingerprint for each in others)}) == 4
    assert re.fullmatch("[0-9a-f]{32}", WRONG.fingerprint)


@pytest.mark.parametrize("make", kinds().values(), ids=kinds())
def test_json_is_valid(make: Make) -> None:
    """Every kind of report is JSON as the schema says."""
    jsonschema.validate(json.loads(to_json(make()), parse_constant=pytest.fail), SCHEMA)


@pytest.mark.parametrize("text", HOSTILE)
def test_json_of_hostile_texts(text: str) -> None:
    """JSON has the texts as they are, in ASCII, and none that a CI runner would obey."""
    document = to_json(hostile(text))
    jsonschema.validate(json.loads(document), SCHEMA)
    assert json.loads(document)["files"][0]["notes"] == [text]
    assert document.isascii()
    assert "##" not in document


def test_json_of_a_real_report(seven: Path, tmp_path: Path) -> None:
    """What `verify` returns is JSON as the schema says."""
    found = json.loads(to_json([verify(seven, random=1)]))
    jsonschema.validate(found, SCHEMA)
    assert found["files"][0]["verdict"] == "agrees"


def test_schema_is_strict() -> None:
    """The schema is one, and an object with a property more or less is none of it."""
    jsonschema.validators.validator_for(SCHEMA).check_schema(SCHEMA)
    found = json.loads(to_json([report(WRONG)]))
    for change in (
        lambda file: file.pop("notes"),
        lambda file: file.update(more=1),
        lambda file: file.update(checked=-1),
    ):
        changed = json.loads(json.dumps(found))
        change(changed["files"][0])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(changed, SCHEMA)


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("report", Report),
        ("finding", Finding),
        ("engine", EngineResult),
        ("failure", Failure),
        ("unrecognised", Unrecognised),
        ("grade", Grade),
    ],
)
def test_schema_describes_every_field(name: str, type_: Any) -> None:
    """Whatever a report has as a field stands in the schema, and must be there."""
    part = SCHEMA["$defs"][name]
    assert {each.name for each in fields(type_)} <= set(part["properties"])
    assert set(part["required"]) == set(part["properties"])


def lines(found: Report) -> list[str]:
    """The text of a report, line by line."""
    return to_text(found).splitlines()


def test_text_of_a_clean_file() -> None:
    """The verdict, the inputs, and a table for each engine; nothing else."""
    assert lines(report(formulas=676, checked=676)) == [
        "book.xlsx: every activation agrees",
        "  inputs: the one in the workbook, random x2",
        "  676 of 676 formulas checked",
        "",
        "  formualizer 0.13.0",
        "    layer  type           cells  proved  computed  largest error",
        "    conv1  Conv2d + ReLU    676       -       676        2.0e-15",
    ]


def test_text_of_one_finding() -> None:
    """A finding is one cell with its details; how to learn more is said."""
    wrong = layer(wrong=3, at_fault=1, largest_error=4.01, first="net!B2")
    found = lines(report(WRONG, layers=[wrong]))
    assert found[0] == "book.xlsx: differs (1 error)"
    assert found[5:] == [
        "    conv1  Conv2d + ReLU    676       -       676        4.0e+00  3 wrong, 2 of them by what they read",
        "    the first wrong cell: net!B2 (conv1)",
        "    the least tolerance with which these numbers pass: 4.1",
        "",
        "  errors",
        "    net!B2 (conv1): computes another value",
        "      expected 1.0",
        "      got      2.0",
        "      formula  =A1+1",
        "    (why, and how to mend it: xlconv explain value)",
    ]


def test_text_groups_findings() -> None:
    """Errors come first; those of one rule and layer stand together, the first few of many."""
    many = [replace(WRONG, cell=f"net!C{n}", expected="", got="", formula="") for n in range(1, 6)]
    found = lines(report(WARNING, *many, GROUP))
    assert found[0] == "book.xlsx: differs (6 errors, 1 warning)"
    assert found[found.index("  errors") :] == [
        "  errors",
        "    conv1, 5 of 676 cells: computes another value",
        "      net!C1",
        "      net!C2",
        "      net!C3",
        "      ... and 2 more (--json lists all)",
        "    conv1, 12 of 676 cells: reads another window",
        "      net!B2",
        "        cells    net!B2, net!B3, net!B4 and 9 more",
        "",
        "  warnings",
        "    net!Z9: RAND gives another number each time",
        "      formula  =RAND()",
        "    (why, and how to mend it: xlconv explain value formula volatile)",
    ]


def test_text_of_different_messages() -> None:
    """Findings of one rule that say different things have the rule's title above them."""
    found = to_text(report(WRONG, replace(WRONG, cell="net!B3", message="shows another number")))
    assert "    conv1, 2 of 676 cells: a cell computes another value than the reference\n" in found
    assert "      net!B3: shows another number\n" in found


def test_text_of_what_was_not_checked() -> None:
    """What could not be evaluated or was not recognised is said, with reasons and places."""
    places = [Unrecognised("my net", f"C{n}:D{n}", 2, "EXP(A1)") for n in range(1, 8)]
    found = lines(report(layers=[layer(not_evaluated=4)], reasons=["4 cells: FOO is not known"], not_recognised=places))
    assert found[0] == "book.xlsx: not checked"
    assert found[1:] == [
        "  inputs: the one in the workbook, random x2",
        "",
        "  formualizer 0.13.0",
        "    layer  type           cells  proved  computed  largest error",
        "    conv1  Conv2d + ReLU    676       -       672        2.0e-15  4 not evaluated",
        "    not evaluated: 4 cells: FOO is not known",
        *(f"  not recognised: 2 formulas in 'my net'!C{n}:D{n}, such as =EXP(A1)" for n in range(1, 6)),
        "  not recognised: 4 formulas more, in 2 other places (--json lists all)",
    ]


def test_text_of_several_networks() -> None:
    """One network goes without saying; several are listed."""
    assert "networks" not in to_text(report(networks=["a: input 1x28x28"]))
    found = lines(report(networks=["a: input 1x28x28", "b: input 3"]))
    assert found[2:5] == ["  networks", "    a: input 1x28x28", "    b: input 3"]


def test_text_is_short() -> None:
    """A formula as long as Excel allows, or a layer with a name as long, does not fill the screen."""
    found = lines(report(replace(WRONG, formula="1+" * 4000), layers=[layer("x" * 4000)]))
    assert max(map(len, found)) < 400


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_hostile_texts(text: str) -> None:
    """Whatever a workbook says, a line is a line, and no order to a terminal or a CI runner."""
    found = hostile(text)[0]
    assert isinstance(found, Report)
    for line in to_text(found).split("\n"):
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
        assert not re.search(r"##\w*\[", line)
