"""What formulas mean, in whichever words; and formulas that mean nothing that a network computes."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from xlconv.cells import Range
from xlconv.formula.references import References
from xlconv.layers import ReLU
from xlconv.recover.meaning import Reader
from xlconv.recover.nouns import Applied, Argmax, Exp, Max, Meaning, OperandRef, Share, Sum, SumExp, Term

SHEETS = ("Net", "other one")
NAMES = {
    "filter": "Net!$K$1:$L$2",
    "pixels": "Net!$A$1:$B$2",
    "number": "0.5",
    "gone": "#REF!",
    "far": "Lost!$A$1",
    "corner": "Net!$A$1",
}
BOOK: Any = SimpleNamespace(
    defined=[SimpleNamespace(name=name, sheet=None, text=text) for name, text in NAMES.items()],
    sheets={title: SimpleNamespace(tables=[], cells={}) for title in SHEETS},
)
READER = Reader(References(BOOK).of)
HERE = Range("Net", 50, 50)


def ref(text: str, sheet: str = "Net", turned: bool = False) -> OperandRef:
    """A reference as it is spelled: `$` before a row or column keeps it in its place."""
    where = Range.parse(f"'{sheet}'!{text}")
    assert where is not None
    first = text.partition(":")[0]
    return OperandRef(where, "$" not in first[1:], not first.startswith("$"), turned)


def plain(*texts: str, constant: float = 0.0) -> Sum:
    """A sum of cells and ranges."""
    return Sum(tuple(Term(1.0, (ref(text),)) for text in texts), constant)


def dot(*pairs: tuple[str, str]) -> Sum:
    """A sum of products."""
    return Sum(tuple(Term(1.0, (ref(a), ref(b))) for a, b in pairs))


WINDOW = dot(("A1:B2", "$K$1:$L$2"))
TWO = dot(("A1:B2", "$K$1:$L$2"), ("A11:B12", "$K$4:$L$5"))
BIASED = Sum((*WINDOW.terms, Term(1.0, (ref("$N$1"),))))
EXPS = "$C$1:$C$3"

SAME: list[tuple[Meaning, list[str]]] = [
    (
        WINDOW,
        [
            "SUMPRODUCT(A1:B2,$K$1:$L$2)",
            "sumproduct( A1:B2 ,\n $K$1:$L$2 )",
            "SUMPRODUCT(A1:B2*$K$1:$L$2)",
            "SUMPRODUCT((A1:B2)*($K$1:$L$2))",
            "SUM(A1:B2*$K$1:$L$2)",
            "SUM(SUMPRODUCT(A1:B2,$K$1:$L$2))",
            "SUMPRODUCT(A1:B2,filter)",
            "SUMPRODUCT(A1:B2,Filter)",
            "SUMPRODUCT(Net!A1:B2,NET!$K$1:$L$2)",
            "SUMPRODUCT(B2:A1,$L$2:$K$1)",
            "+SUMPRODUCT(A1:B2,$K$1:$L$2)",
            "-(-SUMPRODUCT(A1:B2,$K$1:$L$2))",
            "SUMPRODUCT(A1:B2,$K$1:$L$2)+0",
            "0+SUMPRODUCT(A1:B2,$K$1:$L$2)*1",
            "SUMPRODUCT(A1:B2,$K$1:$L$2)/1",
            "(SUMPRODUCT(A1:B2,$K$1:$L$2))",
        ],
    ),
    (
        TWO,
        [
            "SUMPRODUCT(A1:B2,$K$1:$L$2)+SUMPRODUCT(A11:B12,$K$4:$L$5)",
            "SUM(SUMPRODUCT(A1:B2,$K$1:$L$2),SUMPRODUCT(A11:B12,$K$4:$L$5))",
            "SUM(A1:B2*$K$1:$L$2,A11:B12*$K$4:$L$5)",
            "SUM(A1:B2*$K$1:$L$2)+SUM(A11:B12*$K$4:$L$5)",
        ],
    ),
    (BIASED, ["SUMPRODUCT(A1:B2,$K$1:$L$2)+$N$1", "SUM(SUMPRODUCT(A1:B2,$K$1:$L$2),$N$1)", "SUM(A1:B2*filter)+$N$1"]),
    (Sum((*plain("$N$1").terms, *WINDOW.terms)), ["$N$1+SUMPRODUCT(A1:B2,$K$1:$L$2)"]),
    (dot(("A1", "$K$1"), ("B1", "$L$1")), ["A1*$K$1+B1*$L$1", "SUM(A1*$K$1,B1*$L$1)", "(A1*$K$1)+(B1*$L$1)"]),
    (dot(("A1:C1", "K1:K3")), ["MMULT(A1:C1,K1:K3)", "SUM(MMULT(A1:C1,K1:K3))"]),
    (
        Sum((Term(1.0, (ref("A1:A3", turned=True), ref("K1:K3"))),)),
        ["MMULT(TRANSPOSE(A1:A3),K1:K3)"],
    ),
    (Applied(WINDOW, ReLU()), ["MAX(0,SUMPRODUCT(A1:B2,filter))", "MAX(SUMPRODUCT(A1:B2,filter),0)"]),
    (
        Applied(plain("A1"), ReLU()),
        [
            "MAX(0,A1)",
            "MAX(A1,0)",
            "IF(A1>0,A1,0)",
            "IF(A1>=0,A1,0)",
            "IF(A1<0,0,A1)",
            "IF(A1<=0,0,A1)",
            "IF(0<A1,A1,0)",
            "IF(0>=A1,0,A1)",
            "if( a1 > 0 , a1 , 0 )",
        ],
    ),
    (Max((ref("A1:B2"),)), ["MAX(A1:B2)", "max(a1:b2)", "MAX(MAX(A1:B2))"]),
    (Max(tuple(map(ref, ("A1", "B1", "A2", "B2")))), ["MAX(A1,B1,A2,B2)", "MAX(MAX(A1,B1),MAX(A2,B2))"]),
    (Applied(Max((ref("A1:B2"),)), ReLU()), ["MAX(0,A1:B2)", "MAX(A1:B2,0)", "MAX(0,MAX(A1:B2))"]),
    (plain("A1"), ["A1", "+A1", "A1+0", "A1*1", "SUM(A1)", "Net!A1", "@A1", "@Net!A1", "@@A1", "_xlfn.SINGLE(A1)"]),
    (plain("A1", "B1"), ["A1+B1", "SUM(A1,B1)", "SUM(A1)+B1"]),
    (plain("$A$1"), ["corner", "@corner", "@$A$1"]),
    (plain("A1:B2"), ["SUM(A1:B2)", "SUMPRODUCT(A1:B2)"]),
    (plain("$A$1:$B$2"), ["SUM(pixels)", "SUM(PIXELS)"]),
    (Exp(plain("A1")), ["EXP(A1)", "exp(+a1)"]),
    (Exp(plain("A1"), (ref("$C$1:$C$3"),)), [f"EXP(A1-MAX({EXPS}))"]),
    (Exp(Sum((Term(1.0, (ref("A1"),)), Term(-1.0, (ref("$D$9"),))))), ["EXP(A1-$D$9)"]),
    (Share(plain("C1"), plain(EXPS)), [f"C1/SUM({EXPS})", f"C1/(SUM({EXPS}))", f"C1/SUMPRODUCT({EXPS})"]),
    (Share(plain("C1"), plain("$D$1")), ["C1/$D$1"]),
    (
        Share(Exp(plain("A1")), SumExp((Exp(plain("$A$1")), Exp(plain("$A$2"))))),
        ["EXP(A1)/(EXP($A$1)+EXP($A$2))"],
    ),
    (Argmax(ref(EXPS)), [f"MATCH(MAX({EXPS}),{EXPS},0)"]),
    (Argmax(ref(EXPS), base=0.0), [f"MATCH(MAX({EXPS}),{EXPS},0)-1"]),
    (Argmax(ref(EXPS), (ref("$B$1:$B$3"),)), [f"INDEX($B$1:$B$3,MATCH(MAX({EXPS}),{EXPS},0))"]),
    (Sum((), 0.0), ["0", "-0", "+0"]),
    (Sum((Term(0.0, (ref("A1"),)),)), ["0*A1", "A1*0"]),
    (Sum((*WINDOW.terms, Term(0.0, (ref("A1"),)))), ["SUMPRODUCT(A1:B2,filter)+0*A1"]),
    (Sum((), 2.5), ["2.5", "2+0.5", "5/2", "250%"]),
]


@pytest.mark.parametrize(("meaning", "formula"), [(meaning, text) for meaning, texts in SAME for text in texts])
def test_spellings(meaning: Meaning, formula: str) -> None:
    """Each spelling has the meaning of its group."""
    assert READER.meaning(formula, HERE) == meaning


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "SUM(",
        "A1:",
        ")",
        '"text"',
        "TRUE",
        "#N/A",
        "{1,2}",
        "{1,2;3,4}*A1:B2",
        "A1&B1",
        "A1=B1",
        "A1^2",
        "A1*B1*C1",
        "A1*(B1+C1)",
        "SUMPRODUCT(A1:B2,A1:B2,A1:B2)",
        "SUMPRODUCT(A1:B2,$K$1:$L$3)",
        "SUM(A1:B2*$K$1)",
        "A1:B2*$K$1:$L$2",
        "A1:B2",
        "MIN(A1:B2)",
        "AVEDEV(A1:B2)",
        "MAX(1,A1)+A1",
        "MAX(1,A1)",
        "MAX(-A1,0)+MAX(A1,0)",
        "MAX(0,A1)+A1",
        "IF(A1>1,A1,0)",
        "IF(A1>0,B1,0)",
        "IF(A1>0,A1,1)",
        "IF(A1<>0,A1,0)",
        "IF(A1<0,A1,0)",
        "IF(A1>0,A1)",
        "IF(A1,A1,0)",
        "IF($A$5=1,SUMPRODUCT(A1:B2,$K$1:$L$2),0)",
        "RAND()",
        "TODAY()",
        "OFFSET(A1,1,1)",
        'INDIRECT("A1")',
        "NOSUCH(A1)",
        "SUM(number)",
        "SUM(gone)",
        "SUM(far)",
        "SUM(unknown)",
        "SUM(Lost!A1)",
        "SUM([1]Net!A1)",
        "SUM(Net:other!A1)",
        "SUM(A1:B2 B1:C2)",
        "SUM(A:A)",
        "SUM(1:1)",
        "SUM(XFE1)",
        "SUM(A1048577)",
        "EXP(A1:B2)",
        "EXP(A1)*2",
        "A1/B1/C1",
        "MATCH(MAX(A1:A3),A1:A3,1)",
        "MATCH(MAX(A1:A3),A1:A3)",
        "MATCH(MAX(A1:A3),B1:B3,0)",
        "MATCH(2,A1:A3,0)",
        "INDEX(B1:B3,2)",
        "INDEX(B1:B3,MATCH(MAX(A1:A3),A1:A3,0)-1)",
        "MMULT(A1:C1,K1:K2)",
        "MMULT(A1:B2,K1:L2)",
        "TRANSPOSE(A1:B2)",
        "A1#",
        "A1##",
        "A1:A2#",
        "pixels#",
        "@A1:B2",
        "@pixels",
        "SUM(@A1:B2)",
        "@SUM(A1:B2)",
        "@gone",
        "_xlfn.SINGLE(A1:B2)",
        "_xlfn.SINGLE(A1,B1)",
        "_xlfn.SUM(A1:B2)",
        "SINGLE(A1)",
        "_xlfn.ANCHORARRAY(A1)",
        "(A1,B1)",
        "A1:B1:C1",
        "A1:INDEX(A1:A3,2)",
        "IF(A1>0,,0)",
        "IF(,,)",
        "SUM()",
        "SUM(,A1)",
        "IF(-A1,A1,0)",
        "LET(x,A1,x)",
        "LAMBDA(x,x+1)(A1)",
        "A1(2)",
        "{A1}",
        "T[a]",
        "T[[#This Row],[a]]",
        "@T[a]",
        "Net:Other!A1",
        "'[1]Net'!A1",
        "#GETTING_DATA",
        "+".join(["A1"] * 5000),
        "*".join(["1"] * 4000),
        "(" * 500 + "A1" + ")" * 500,
        "-" * 8000 + "A1",
        "@" * 8000 + "A1",
        "A1" + "%" * 8000,
        "A1" + "#" * 8000,
        "A1" + "(1)" * 2600,
        "SUM(" * 1600 + "A1" + ")" * 1600,
    ],
)
def test_no_meaning(formula: str) -> None:
    """What no layer computes in one cell has none; nothing is raised, however odd it is."""
    assert READER.meaning(formula, HERE) is None


@pytest.mark.parametrize(
    ("formula", "down", "right"),
    [("A1", True, True), ("$A1", True, False), ("A$1", False, True), ("$A$1", False, False)],
)
def test_what_moves(formula: str, down: bool, right: bool) -> None:
    """A reference moves with its cell but for what `$` holds."""
    found = READER.meaning(formula, HERE)
    assert isinstance(found, Sum)
    assert found.terms[0].refs == (OperandRef(Range("Net", 1, 1), down, right),)


def test_worksheets() -> None:
    """A reference without a worksheet means the formula's own; case does not count."""
    here, there = READER.meaning("A1", Range("other one", 50, 50)), READER.meaning("'OTHER ONE'!A1", HERE)
    assert here == there == Sum((Term(1.0, (ref("A1", "other one"),)),))


def test_elements_of_array_formulas() -> None:
    """Each cell of an array formula has its own meaning: a row with a column, an element with an element."""
    found = {
        (i, j): meaning for i, j, meaning in READER.elements("MMULT(A1:B2,K1:K2)+N1:N2", Range("Net", 50, 50, 2, 1))
    }
    assert set(found) == {(0, 0), (1, 0)}
    second = found[1, 0]
    assert isinstance(second, Sum)
    assert [[each.range.address for each in term.refs] for term in second.terms] == [["A2:B2", "K1:K2"], ["N2"]]
    relu = [meaning for *_, meaning in READER.elements("IF(A1:B1>0,A1:B1,0)", Range("Net", 50, 50, 1, 2))]
    assert [each.of.terms[0].refs[0].range.address for each in relu] == ["A1", "B1"]  # type: ignore[union-attr]
    turned = [meaning for *_, meaning in READER.elements("TRANSPOSE(A1:A3)", Range("Net", 50, 50, 1, 3))]
    assert [each.terms[0].refs[0].range.address for each in turned] == ["A1", "A2", "A3"]  # type: ignore[union-attr]
    assert list(READER.elements("MMULT(A1:B2,K1:K2)", Range("Net", 50, 50, 3, 1))) == []


def test_deep_formulas_are_read_soon() -> None:
    """As deep as a tree may be, a formula is understood; what is deeper is not, and neither takes long."""
    start = time.process_time()
    chain = READER.meaning("+".join(["A1"] * 256), HERE)
    assert isinstance(chain, Sum)
    assert len(chain.terms) == 256
    assert READER.meaning("+".join(["A1"] * 257), HERE) is None
    assert isinstance(READER.meaning("A1" + "%" * 255, HERE), Sum)
    assert READER.meaning("SUM(" * 64 + "A1" + ")" * 64, HERE) == plain("A1")
    assert READER.meaning("SUM(" + ",".join(["A1"] * 2700) + ")", HERE) == plain(*["A1"] * 2700)
    assert time.process_time() - start < 1
