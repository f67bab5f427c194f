"""Formulas proved to be what their layers say: all of a right workbook, and never one that differs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import handmade
from tests.strategies import inputs, networks
from xlconv import reader, workbook
from xlconv.cells import Range
from xlconv.formula.field import Residues
from xlconv.layers import Conv2d, Flatten, Layer, Linear, MaxPool2d, ReLU, Softmax, ZeroPad2d
from xlconv.network import Network, Node
from xlconv.places import Places
from xlconv.reader import Cell, Workbook
from xlconv.recover import recover
from xlconv.recover.declared import found_by
from xlconv.recover.proof import DIFFERENT, OPEN, PROVED, Proof
from xlconv.recover.reading import read

CONV, POOL, DENSE, EXP, SHARE, WINS = "V9", "AG9", "BI9", "BL9", "BM9", "BG14"
FORMULAS = {
    CONV: "MAX(0,SUMPRODUCT(A9:C11,$Q$9:$S$11)+$Q$14)",
    POOL: "MAX(V9:W10)",
    DENSE: "SUMPRODUCT($AG$9:$AH$10,$AW$9:$AX$10)+SUMPRODUCT($AG$13:$AH$14,$AW$13:$AX$14)+$BG$9",
    EXP: "EXP(BI9-MAX($BI$9:$BI$11))",
    SHARE: "BL9/SUM($BL$9:$BL$11)",
    WINS: "INDEX($BH$9:$BH$11,MATCH(MAX($BM$9:$BM$11),$BM$9:$BM$11,0))",
}
"""The first cell of each block of `written`."""
BLANK = "Z60"


def network(*nodes: tuple[str, Layer, bool], shape: tuple[int, ...] = (1, 6, 6), classes: int = 0) -> Network:
    rng = np.random.default_rng(1)
    sizes = {f"{name}.{key}": size for name, layer, _ in nodes for key, size in layer.weight_shapes.items()}
    weights = {key: rng.standard_normal(size) for key, size in sizes.items()}
    members = [Node(name, layer, inline=inline) for name, layer, inline in nodes]
    return Network(shape, members, weights, [f"class {n}" for n in range(classes)])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network whose cells are those of `FORMULAS`."""
    path = tmp_path_factory.mktemp("proof") / "x.xlsx"
    made = network(
        ("conv", Conv2d(1, 2, 3), False),
        ("relu", ReLU(), True),
        ("pool", MaxPool2d(2), False),
        ("flatten", Flatten(), False),
        ("dense", Linear(8, 3), False),
        ("softmax", Softmax(), False),
        classes=3,
    )
    workbook.write(made, inputs(made, 2), path)
    return path


def with_formulas(path: Path, formulas: dict[str, str | None]) -> Workbook:
    """The workbook with other formulas in some cells of its worksheet; None for a typed number."""
    book = reader.read(path)
    for address, formula in formulas.items():
        where = Range.parse(f"xlconv!{address}")
        assert where is not None
        assert (where.row, where.column) in book.sheets["xlconv"].cells or address == BLANK
        book.sheets["xlconv"].cells[where.row, where.column] = Cell(formula, 0.25)
    return book


def proved(book: Workbook) -> Proof:
    return Proof(found_by(book), read(book))


def place_of(proof: Proof, address: str) -> int:
    where = Range.parse(f"xlconv!{address}")
    assert where is not None
    return proof.found.atlas.place(*where[:3])


def verdicts(proof: Proof) -> dict[str, int]:
    """Of the cells that are not proved."""
    pairs = zip(proof.cells.tolist(), proof.verdicts.tolist(), strict=True)
    return {proof.found.atlas.cell(place).address: verdict for place, verdict in pairs if verdict != PROVED}


def test_the_cells_are_those_that_are_meant(written: Path) -> None:
    """The addresses and formulas of this file are the workbook's, and all of it is proved."""
    book = reader.read(written)
    ranges = {address: Range.parse(f"xlconv!{address}") for address in FORMULAS}
    assert {at: book.cell(*where[:3]).formula for at, where in ranges.items() if where} == FORMULAS
    proof = proved(book)
    assert proof.cells.size == 2 * 16 + 2 * 4 + 3 + 3 + 3 + 1
    assert verdicts(proof) == {}
    assert proof.count(proof.cells) == 50
    assert proof.share(proof.cells[:7]) == 1.0


CHANGES = [
    (CONV, "MAX(0,SUMPRODUCT(B9:D11,$Q$9:$S$11)+$Q$14)", DIFFERENT),  # another window
    (CONV, "MAX(0,SUMPRODUCT(A9:B10,$Q$9:$R$10)+$Q$14)", DIFFERENT),  # a part of it
    (CONV, "MAX(0,SUMPRODUCT(A9:C11,TRANSPOSE($Q$9:$S$11))+$Q$14)", DIFFERENT),
    (CONV, "MAX(0,SUMPRODUCT(A9:C11,$Q$9:$S$11))", DIFFERENT),
    (CONV, "MAX(0,SUMPRODUCT(A9:C11,$Q$9:$S$11)-$Q$14)", DIFFERENT),
    (CONV, "SUMPRODUCT(A9:C11,$Q$9:$S$11)+$Q$14", DIFFERENT),
    (CONV, "MIN(0,SUMPRODUCT(A9:C11,$Q$9:$S$11)+$Q$14)", DIFFERENT),
    (CONV, "MAX(0,SUMPRODUCT(A9:C11,$Q$9:$S$11))+$Q$14", DIFFERENT),
    (CONV, "MAX(-1E-9,SUMPRODUCT(A9:C11,$Q$9:$S$11)+$Q$14)", DIFFERENT),
    (CONV, f"{FORMULAS[CONV]}+1E-9", DIFFERENT),
    (CONV, f"{FORMULAS[CONV]}+A9-A10", DIFFERENT),
    (CONV, f"IF(A9=0.125,1,{FORMULAS[CONV]})", DIFFERENT),
    (CONV, f"IF(A9>5000,1,{FORMULAS[CONV]})", DIFFERENT),
    (CONV, f"IF(A9>1E8,1,{FORMULAS[CONV]})", DIFFERENT),
    (CONV, f"{FORMULAS[CONV]}+0/(A9-1)", DIFFERENT),  # equal where it is defined
    (CONV, f"{FORMULAS[CONV]}+0/(A9-0.125)", DIFFERENT),
    (CONV, f"{FORMULAS[CONV]}+0*SQRT(A9)", DIFFERENT),
    (CONV, f"ROUND({FORMULAS[CONV]},6)", DIFFERENT),
    (CONV, f'{FORMULAS[CONV]}&""', DIFFERENT),
    (CONV, f"{FORMULAS[CONV]}>0", DIFFERENT),
    (CONV, f"{FORMULAS[CONV]}+1E-300", OPEN),
    (CONV, f"{FORMULAS[CONV]}+0*RAND()", OPEN),
    (CONV, f"{FORMULAS[CONV]}+0*NOSUCH(A9)", OPEN),
    (CONV, f"IFERROR({FORMULAS[CONV]},0)", OPEN),
    (CONV, "MAX(0,SUMPRODUCT(OFFSET(A9,0,0,3,3),$Q$9:$S$11)+$Q$14)", OPEN),
    (CONV, "V9", DIFFERENT),  # itself
    (CONV, None, OPEN),
    (CONV, "MAX(0,SUMPRODUCT(A9:C11,$Q$9:$S$11,$Q$9:$S$11^0)+$Q$14)", OPEN),  # of 0^0 programs differ
    (POOL, "MAX(V9:W9)", DIFFERENT),
    (POOL, "MAX(V9:W10,0)", OPEN),  # what ReLU gives is never below 0, which nobody sees
    (POOL, "MAX(V9:W10,1)", DIFFERENT),
    (POOL, 'MAX(V9:W10)&""', DIFFERENT),  # of few numbers it is known how they are spelled
    (POOL, "AVERAGE(V9:W10)", DIFFERENT),
    (POOL, "MAX(W9:X10)", DIFFERENT),
    (POOL, "LARGE(V9:W10,2)", OPEN),
    (POOL, "MAX(V9:W10)+0/(1+V9^2)", OPEN),  # never fails, which nobody sees
    (DENSE, f"2*({FORMULAS[DENSE]})", DIFFERENT),
    (DENSE, FORMULAS[DENSE].replace("$AW$13:$AX$14", "$AW$9:$AX$10"), DIFFERENT),
    (DENSE, FORMULAS[DENSE].replace("+$BG$9", "+$BG$10"), DIFFERENT),
    (EXP, "EXP(BI9)", DIFFERENT),
    (EXP, "EXP(BI9-MAX($BI$9:$BI$10))", DIFFERENT),
    (EXP, "1/EXP(MAX($BI$9:$BI$11)-BI9)", DIFFERENT),  # too large for some
    (EXP, "EXP(BI9)/EXP(MAX($BI$9:$BI$11))", DIFFERENT),
    (EXP, "2.718281828459045^(BI9-MAX($BI$9:$BI$11))", OPEN),
    (SHARE, "1/SUM($BL$9:$BL$11/BL9)", DIFFERENT),  # none for an exponential of 0
    (SHARE, "BL9/SUM($BL$9:$BL$10)", DIFFERENT),
    (SHARE, "BL9/(SUM($BL$9:$BL$11)+1E-9)", DIFFERENT),
    (SHARE, "BL10/SUM($BL$9:$BL$11)", DIFFERENT),
    (WINS, "INDEX($BH$9:$BH$11,MATCH(MIN($BM$9:$BM$11),$BM$9:$BM$11,0))", DIFFERENT),
    (WINS, "INDEX($BH$9:$BH$11,MATCH(MAX($BM$9:$BM$11),$BM$9:$BM$11,1))", OPEN),
    (WINS, "INDEX($BH$9:$BH$11,1)", DIFFERENT),
    (SHARE, "EXP(BI9-MAX($BI$9:$BI$11))/SUM($BL$9:$BL$11)", OPEN),  # equal, as the exponentials are those
]


@pytest.mark.parametrize(("address", "formula", "verdict"), CHANGES)
def test_changes(written: Path, address: str, formula: str | None, verdict: int) -> None:
    """A cell with another formula is not proved, it alone; it is open where numbers cannot tell the difference."""
    assert verdicts(proved(with_formulas(written, {address: formula}))) == {address: verdict}


SPELLINGS = [
    (CONV, "IF(SUM(A9:C11*$Q$9:$S$11)+$Q$14>0,SUM(A9:C11*$Q$9:$S$11)+$Q$14,0)"),
    (CONV, "SUMPRODUCT(A9:C11,$Q$9:$S$11)+$Q$14-MIN(0,$Q$14+SUMPRODUCT(A9:C11,$Q$9:$S$11))"),
    (CONV, f"{FORMULAS[CONV]}+{BLANK}"),
    (POOL, "MAX(MAX(V9:W9),MAX(V10:W10))"),
    (POOL, "-MIN(-V9,-W9,-V10,-W10)"),
    (DENSE, "$BG$9+SUM($AG$9:$AH$10*$AW$9:$AX$10,$AG$13:$AH$14*$AW$13:$AX$14)"),
    (EXP, "EXP(BI9-LARGE($BI$9:$BI$11,1))"),
    (WINS, "INDEX($BH$9:$BH$11,MATCH(MAX($BI$9:$BI$11),$BI$9:$BI$11,0))"),  # Softmax is largest where its input is
    (EXP, "EXP(BI9+MIN(-$BI$9,-$BI$10,-$BI$11))"),
    (SHARE, "BL9*SUM($BL$9:$BL$11)^-1"),
    (WINS, "INDEX($BH$9:$BH$11,MATCH(LARGE($BM$9:$BM$11,1),$BM$9:$BM$11,0),1)"),
]


@pytest.mark.parametrize(("address", "formula"), SPELLINGS)
def test_spellings(written: Path, address: str, formula: str) -> None:
    """Other formulas that are the same for all numbers are proved, too."""
    assert verdicts(proved(with_formulas(written, {address: formula}))) == {}


def test_between(written: Path) -> None:
    """A cell between, which is not the network's own, is computed; what is wrong in it is wrong in who reads it."""
    right = {BLANK: "SUMPRODUCT(A9:C11,$Q$9:$S$11)+$Q$14", CONV: f"MAX(0,{BLANK})"}
    assert verdicts(proved(with_formulas(written, right))) == {}
    wrong = right | {BLANK: "SUMPRODUCT(A9:C11,$Q$9:$S$11)*$Q$14"}
    assert verdicts(proved(with_formulas(written, wrong))) == {CONV: DIFFERENT}


def test_holds(written: Path) -> None:
    """Whether a formula would be right in a cell."""
    proof = proved(reader.read(written))
    place = place_of(proof, CONV)
    assert proof.holds(FORMULAS[CONV], place)
    assert proof.holds("MAX($Q$14+SUM(A9:C11*$Q$9:$S$11),0)", place)
    assert not proof.holds(FORMULAS[CONV].replace("A9:C11", "A10:C12"), place)
    assert not proof.holds("SUM(", place)
    assert not proof.holds(FORMULAS[CONV], place_of(proof, "W9"))


def alone(proof: Proof, address: str) -> Places:
    return np.array([place_of(proof, address)])


@pytest.mark.parametrize(
    ("formula", "needless"),
    [
        (f"{FORMULAS[CONV]}+F14-F14", "F14"),
        (f"{FORMULAS[CONV]}+0*F14", "F14"),
        (f"IF(TRUE,{FORMULAS[CONV]},F14)", "F14"),
        (FORMULAS[CONV], ""),
        (f"{FORMULAS[CONV]}+F14", ""),
    ],
)
def test_needless(written: Path, formula: str, needless: str) -> None:
    """What a formula reads to no effect is named, and nothing that has one."""
    proof = proved(with_formulas(written, {CONV: formula}))
    expected = [(place_of(proof, CONV), place_of(proof, needless))] if needless else []
    assert list(proof.needless(alone(proof, CONV))) == expected


def test_reading_blank(written: Path) -> None:
    """A blank cell that would change what a formula shows is named, unless it lies in a block or has no effect."""
    proof = proved(with_formulas(written, {CONV: f"{FORMULAS[CONV]}+Z61"}))
    blank = place_of(proof, "Z61")
    found = proof.reading_blank(proof.cells, [])
    assert {place: cells.tolist() for place, cells in found.items()} == {place_of(proof, CONV): [blank]}
    assert proof.reading_blank(proof.cells, [Range("xlconv", 60, 20, 5, 10)]) == {}
    without_effect = proved(with_formulas(written, {CONV: f"{FORMULAS[CONV]}+Z61-Z61"}))
    assert without_effect.reading_blank(without_effect.cells, []) == {}
    beside = proved(with_formulas(written, {CONV: f"{FORMULAS[CONV]}+INDEX(F14:G14,1)"}))
    assert beside.reading_blank(beside.cells, []) == {}


PARTS = [
    network(("pad", ZeroPad2d((1, 0, 2, 1)), False), ("conv", Conv2d(1, 2, 3, 2, 1), False)),
    network(
        ("conv", Conv2d(2, 2, 2, padding=1), False),
        ("pool", MaxPool2d(3, 2, 1, ceil_mode=True), False),
        shape=(2, 5, 5),
    ),
    network(("pool", MaxPool2d(3, 2, 1), False), ("relu", ReLU(), True), ("relu2", ReLU(), False)),
    network(("dense", Linear(4, 3), False), ("softmax", Softmax(), False), ("relu", ReLU(), True), shape=(4,)),
    network(("flatten", Flatten(), False), ("softmax", Softmax(), False), shape=(2, 2, 2)),
]


@pytest.mark.parametrize("made", PARTS, ids=lambda made: "-".join(node.name for node in made.nodes))
def test_padding_inline_layers_and_parts(made: Network, tmp_path: Path) -> None:
    """Padding, windows that are cut off, inline layers and a softmax of several blocks are proved."""
    workbook.write(made, inputs(made, 3), tmp_path / "x.xlsx")
    proof = proved(reader.read(tmp_path / "x.xlsx"))
    assert verdicts(proof) == {}
    assert proof.cells.size > 3


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.integers(0, 1000))
def test_random_networks(network: Network, seed: int) -> None:
    """Any network that is written is found again, the same, and every cell of it is proved."""
    with TemporaryDirectory() as folder:
        workbook.write(network, inputs(network, seed), Path(folder) / "x.xlsx")
        recovered = recover(Path(folder) / "x.xlsx")
    (found,) = recovered.networks
    assert found.network == network
    assert verdicts(Proof(found, recovered.reading)) == {}


@pytest.mark.parametrize("style", [style for style in handmade.STYLES if style != "steps"])
def test_networks_of_others(style: str, tmp_path: Path) -> None:
    """What people write by hand is proved, cell by cell, copies of cells included."""
    handmade.STYLES[style](tmp_path / "x.xlsx")
    recovered = recover(tmp_path / "x.xlsx")
    (found,) = recovered.networks
    proof = Proof(found, recovered.reading)
    assert verdicts(proof) == {}
    assert proof.cells.size > 200


def test_copies(tmp_path: Path) -> None:
    """A copy of the wrong cell is not proved, and what reads the copies still is."""
    handmade.STYLES["mmult"](tmp_path / "x.xlsx")
    recovered = recover(tmp_path / "x.xlsx")
    (found,) = recovered.networks
    (copied,) = (stage for stage in found.stages if not stage.nodes)
    first, second = (found.atlas.cell(int(place)) for place in copied.cells.ravel()[:2])
    cells = recovered.book.sheets[first.sheet].cells
    cells[first.row, first.column] = cells[second.row, second.column]
    assert verdicts(Proof(found, read(recovered.book))) == {first.address: DIFFERENT}


# What nobody can know


def test_elements_do_not_depend_on_a_seed(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each proof draws elements of its own, whatever NumPy's generator is seeded with."""
    drawn: list[Residues] = []
    draw = Residues.drawn
    monkeypatch.setattr(Residues, "drawn", lambda shape: drawn.append(draw(shape)) or drawn[-1])
    for _ in range(2):
        np.random.seed(0)
        proved(reader.read(written))
    one, other = (each for each in drawn if each.shape == (50 + 36 + 20 + 27 + 3,))  # others are for other cells
    assert (one.data != other.data).mean() > 0.99


def test_hashes_differ_from_process_to_process() -> None:
    """What stands for a function of which nothing is known cannot be computed beforehand."""
    program = (
        "from xlconv.formula.field import Residues\n"
        "print(Residues.opaque('SQRT', [Residues.of([2.0])]).data.tolist())\n"
        "print(Residues.of([3.0]).data.tolist())"
    )
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, check=True) for _ in range(2)]
    (hashed, known), (again, known_again) = (run.stdout.splitlines() for run in runs)
    assert hashed != again
    assert known == known_again
