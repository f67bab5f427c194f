"""Engines: they really recalculate, and each agrees with the reference."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests import tampering
from tests.conftest import needs_libreoffice
from tests.packages import one_cell
from xlconv import engines, reader, reference, workbook
from xlconv.cells import ErrorValue, NotEvaluated, Range, Value
from xlconv.check import inputs, values, verify
from xlconv.engines import libreoffice
from xlconv.engines.limits import Limits
from xlconv.errors import EngineError
from xlconv.pages.choices import Chosen
from xlconv.recover.declared import declared_by, found_by
from xlconv.templates import Template

needs_ironcalc = pytest.mark.skipif(find_spec("ironcalc") is None, reason="IronCalc is not installed")

EACH_ENGINE = [
    "formualizer",
    pytest.param("ironcalc", marks=needs_ironcalc),
    pytest.param("libreoffice", marks=[needs_libreoffice, pytest.mark.libreoffice]),
]


FORMULAS = 2823 + 784 + 2
"""Of the first worksheet: the layers', those that look the input up, the chosen row and the mark."""


@pytest.mark.parametrize("name", EACH_ENGINE)
def test_planted_caches_are_not_believed(seven: Path, tmp_path: Path, template: Template, name: str) -> None:
    """With 42 as every cached value the engine still computes the right numbers; that they are stale is a finding."""
    xml = tampering.plant_cached(tampering.sheet_xml(seven), "42")
    assert xml.count("<v>42</v>") == FORMULAS
    path = tampering.with_sheet(seven, xml, tmp_path / "planted.xlsx")
    report = verify(path, [engines.by_name(name)], random=1)
    assert [finding.rule for finding in report.findings] == ["stale"]
    assert f"{FORMULAS - 1:,}"[:3] in report.findings[0].message
    assert report.findings[0].got == "42.0"
    (result,) = report.engines
    assert all(layer.wrong == 0 and layer.largest_error is not None for layer in result.layers)
    assert max(layer.largest_error or 0 for layer in result.layers) < 1e-9


def test_absent_caches_are_a_note(seven: Path, tmp_path: Path) -> None:
    """A workbook without cached values agrees; that they are absent is said, not held against it."""
    xml = tampering.strip_cached(tampering.sheet_xml(seven))
    report = verify(tampering.with_sheet(seven, xml, tmp_path / "stripped.xlsx"), random=1)
    assert report.agrees
    assert report.notes == [f"{FORMULAS:,} formulas have no cached value"]


def test_engines_never_see_cached_values(seven: Path) -> None:
    """The package that engines get holds no value beside a formula."""
    import zipfile
    from io import BytesIO

    with zipfile.ZipFile(BytesIO(reader.read(seven).package)) as package:
        xml = package.read(tampering.SHEET).decode()
    assert xml.count("<f>") == FORMULAS
    assert "</f><v>" not in xml


@pytest.mark.parametrize(
    ("digit", "name"),
    [
        *((digit, "formualizer") for digit in range(10)),
        pytest.param(4, "ironcalc", marks=needs_ironcalc),
        pytest.param(5, "libreoffice", marks=[needs_libreoffice, pytest.mark.libreoffice]),
    ],
)
def test_each_digit_agrees_on_every_cell(template: Template, tmp_path: Path, digit: int, name: str) -> None:
    """For each digit, written and verified: all cells compared, largest error below 1e-9.

    The other engines see one such workbook, in which the check chooses the first and the last of the digits.
    """
    workbook.write(template.network, Chosen(digit), tmp_path / "x.xlsx", template.name, samples=template.samples)
    report = verify(tmp_path / "x.xlsx", [engines.by_name(name)], random=1)
    assert report.findings == []
    (result,) = report.engines
    counts = {layer.layer: (layer.cells, layer.compared) for layer in result.layers}
    assert report.inputs[1:3] == ["sample 0", "sample 9"]
    tried = len(report.inputs)
    sizes = {
        "input": 784,
        "conv1": 1352,
        "conv2": 1152,
        "maxpool": 288,
        "dense": 10,
        "softmax exp": 10,
        "softmax": 10,
        "prediction": 1,
        "Explore": 995,
    }
    assert counts == {layer: (cells, cells * tried) for layer, cells in sizes.items()}
    assert all(layer.largest_error is not None and layer.largest_error < 1e-9 for layer in result.layers)


@pytest.mark.parametrize("name", EACH_ENGINE)
def test_edits_change_what_is_computed(seven: Path, template: Template, name: str) -> None:
    """Inputs put in by an edit reach the softmax, each edit by itself."""
    book = reader.read(seven)
    where, softmax = book.named_range("input_0"), book.named_range("softmax")
    assert where is not None
    assert softmax is not None
    xs = [np.random.default_rng(seed).random((1, 28, 28)) for seed in range(2)]
    found = engines.by_name(name).evaluate(book.package, [[(where, x[0].tolist())] for x in xs], [softmax])
    for x, ((column,),) in zip(xs, [[v] for v in found], strict=True):
        expected = reference.forward(template.network, x)["softmax"]
        np.testing.assert_allclose([row[0] for row in column], expected, atol=1e-12)


def compared(seven: Path, tmp_path: Path, old: str, new: str) -> values.Outcome:
    """What formualizer makes of a workbook in which one formula is changed."""
    broken = tampering.sheet_xml(seven).replace(old, new, 1)
    book = reader.read(tampering.with_sheet(seven, broken, tmp_path / "broken.xlsx"))
    found = found_by(book)
    tried = inputs.choose(found, 1, 0).for_engines
    return values.compare(book, found, engines.by_name("formualizer"), tried, 1e-9)


def test_error_values_are_errors_not_text(seven: Path, tmp_path: Path) -> None:
    """A cell that shows #DIV/0! is found where the error arises; cells behind it are wrong, not at fault."""
    outcome = compared(seven, tmp_path, "SUMPRODUCT(", "1/0+SUMPRODUCT(")
    assert [(finding.layer, finding.got) for finding in outcome.findings] == [("conv1", "#DIV/0!")]
    assert outcome.findings[0].message.startswith("shows an error")
    layers = {each.layer: each for each in outcome.result.layers}
    assert (layers["conv1"].wrong, layers["conv1"].at_fault) == (1, 1)
    assert layers["conv2"].wrong > 0
    assert layers["conv2"].at_fault == 0


def test_what_an_engine_lacks_is_no_pass_and_no_fault(seven: Path, tmp_path: Path) -> None:
    """A cell with a function unknown to the engine is counted as not evaluated, with all behind it, and the reason."""
    outcome = compared(seven, tmp_path, "EXP(", "NOSUCH(")
    assert outcome.findings == []
    assert not outcome.result.complete
    layers = {each.layer: each for each in outcome.result.layers}
    assert {name: each.not_evaluated for name, each in layers.items() if each.not_evaluated} == {
        "softmax exp": 1,
        "softmax": 10,
        "prediction": 1,
    }
    assert layers["softmax exp"].compared == 9 * layers["softmax exp"].cells * layers["dense"].compared // 100
    assert layers["softmax"].compared == 0
    assert outcome.result.reasons == [
        "12 cells: formualizer: #NAME? (a function that it lacks, or an unknown name)",
    ]


def test_engines_by_name() -> None:
    """An engine that does not exist is an error that lists those that do."""
    with pytest.raises(EngineError, match="no engine 'excel'") as caught:
        engines.by_name("excel")
    assert "formualizer, ironcalc, libreoffice" in (caught.value.hint or "")


def test_ironcalc_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without IronCalc the error says what to install."""
    monkeypatch.setitem(sys.modules, "ironcalc", None)
    monkeypatch.delitem(sys.modules, "xlconv.engines.ironcalc", raising=False)
    with pytest.raises(EngineError, match="ironcalc is not installed") as caught:
        engines.by_name("ironcalc")
    assert caught.value.hint == "pip install 'xlconv[crosscheck]'"


SHOWN: dict[str, tuple[str | None, dict[str, Value]]] = {
    "number": ("=1/3", {"": 1 / 3}),
    "text": ('="no number"', {"": "no number"}),
    "text that reads like an error": ('="#DIV/0!"', {"": "#DIV/0!"}),
    "truth": ("=TRUE", {"": True}),
    "blank": (None, {"": None}),
    "own error": ("=1/0", {"": ErrorValue("#DIV/0!")}),
    "not available": ("=NA()", {"": ErrorValue("#N/A")}),
    "circle": ("=A1", {"": ErrorValue("#CIRC!")}),
    "function unknown to all": (
        "=NOSUCH(1)",
        {"": NotEvaluated("#NAME? (a function that it lacks, or an unknown name)")},
    ),
    "function unknown to one": (
        "=SUM(MMULT({1,2},{3;4}))",
        {"": 11.0, "formualizer": NotEvaluated("#NAME? (a function that it lacks, or an unknown name)")},
    ),
    "unreadable": ("=SUM(", {"": NotEvaluated("#ERROR! (a formula that it cannot read)")}),
    "union": (
        "=SUM((C1:C2,D1:D2))",
        {
            "formualizer": NotEvaluated("#N/IMPL! (not implemented)"),
            "ironcalc": NotEvaluated("#ERROR! (a formula that it cannot read)"),
        },
    ),
    "date": ("=DATE(2020,1,1)", {"": 43831.0}),
}
"""Formulas in A1, and what A1 shows: in one engine, or in all."""


@pytest.mark.parametrize("name", ["formualizer", pytest.param("ironcalc", marks=needs_ironcalc)])
@pytest.mark.parametrize(("formula", "values"), SHOWN.values(), ids=SHOWN)
def test_what_cells_show(name: str, formula: str | None, values: dict[str, Value]) -> None:
    """A workbook's own errors are told from what the engine could not evaluate, and both from text."""
    expected = values.get(name, values.get(""))
    if isinstance(expected, NotEvaluated):
        expected = NotEvaluated(f"{name}: {expected}")
    package = one_cell(formula)
    assert engines.by_name(name).evaluate(package, [[]], [Range("Sheet", 1, 1)]) == [[[[expected]]]]


@needs_ironcalc
def test_ironcalc_agrees_with_formualizer(seven: Path) -> None:
    """For the workbook's own input and random ones, every activation is the same number in both."""
    book = reader.read(seven)
    net = declared_by(book)
    where = net.inputs[0].range
    edits = [[(where, np.random.default_rng(seed).random((28, 28)).tolist())] for seed in range(4)]
    ranges = [block.range for stage in net.stages for block in stage.outputs]
    ours, theirs = (
        np.array([[cell for found in group for row in found for cell in row] for group in computed])
        for computed in (engines.by_name(name).evaluate(book.package, edits, ranges) for name in engines.NAMES[:2])
    )
    assert ours.shape == (4, 2812)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@needs_ironcalc
def test_ironcalc_without_styles(seven: Path) -> None:
    """A package without the part that IronCalc insists on is evaluated all the same."""
    package = one_cell("=1+2", without="xl/styles.xml")
    assert engines.by_name("ironcalc").evaluate(package, [[]], [Range("Sheet", 1, 1)]) == [[[[3.0]]]]


def test_libreoffice_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without soffice the error says what to install."""
    monkeypatch.setattr(libreoffice, "find_program", lambda: None)
    with pytest.raises(EngineError, match="not installed") as caught:
        engines.by_name("libreoffice")
    assert "apt-get install" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("script", "limit", "words"),
    [
        ("sleep 60", 1, "did not finish within"),
        ("echo no display here; exit 1", 30, "did not convert 1 of 1 workbooks: no display here"),
        ("echo it has `ulimit -v` KiB, `ulimit -t` s", 30, "it has 4194304 KiB, 120 s"),
    ],
)
def test_libreoffice_failing(
    seven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, limit: int, words: str
) -> None:
    """A program that hangs is ended at the time limit; one that fails is quoted."""
    program = tmp_path / "soffice"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(libreoffice, "_SECONDS_A_FILE", 0)
    engine = libreoffice.LibreOffice(str(program), Limits(seconds=limit))
    with pytest.raises(EngineError, match=words):
        engine.evaluate(reader.read(seven).package, [[]], [])
