"""Formulas by a grammar: valid ones and others, known functions and unknown ones, everything that people type."""

from __future__ import annotations

from random import Random
from typing import Final

OPERATORS: Final = ("+", "-", "*", "/", "^", "&", "=", "<>", "<", ">", "<=", ">=", ":", ",", " ", "==", "=>", "!", "|")
PREFIXES: Final = ("-", "+", "@", "--", "@@", "-@")
SUFFIXES: Final = ("%", "#", "%%", "##")
FUNCTIONS: Final = (
    *("SUM", "SUMPRODUCT", "MAX", "MIN", "IF", "EXP", "INDEX", "MATCH", "MMULT", "TRANSPOSE", "CHOOSE", "COUNTIF"),
    *("OFFSET", "INDIRECT", "VLOOKUP", "LET", "LAMBDA", "_xlfn.SINGLE", "_xlfn.LET", "_xlfn._xlws.SORT", "FILTER"),
    *("SEQUENCE", "MAP", "REDUCE", "TODAY", "RAND", "ROW", "IFERROR", "TEXT", "LOG10", "ABS", "AND", "N", "T", "RTD"),
    *("NOSUCH", "foo.bar", "_xludf.mine", "SUMME", "ÄRGER", "a1", "R", "C1", "TRUE", "_xlfn.ANCHORARRAY", "sum"),
)
ERRORS: Final = ("#N/A", "#REF!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#VALUE!", "#SPILL!", "#GETTING_DATA", "#X!")
NUMBERS: Final = (
    *("0", "1", "2", "0.5", ".5", "1.", "1e5", "1E+300", "1e400", "1e-400", "-0", "00", "1.5.5", "1e", "007", "0x10"),
    *("99999999999999999999", "1" * 400, "0." + "0" * 350 + "1", "1_000", "1,5", "٣", "²"),
)
TEXTS: Final = (
    '""',
    '"a"',
    '"""' + '"',
    '"A1"',
    '"\n"',
    '"🙂"',
    '"' + "x" * 300 + '"',
    '"<&>"',
    '"unended',
    "'",
    '"\ufeff"',
)
NAMES: Final = (
    *("x", "conv1_0", "input_0", "network", "_A1", "R1C1", "RC", "R[1]C[-1]", "TRUE", "true", "Ünï", "a\\b", "a?", "T"),
    *(
        "A1B",
        "XFE1",
        "A1048577",
        "A0",
        "AAAA1",
        "$A",
        "A$",
        "$$A1",
        "A1.",
        "..",
        "\\",
        "名前",
        "é",
        "A\u0661",
        "\u00a0",
    ),
)
REFERENCES: Final = (
    *(
        "A1",
        "$A$1",
        "A$1",
        "$A1",
        "a1",
        "B2:C3",
        "$B$2:$C$3",
        "C3:B2",
        "A:A",
        "$A:C",
        "1:1",
        "A1:A",
        "A1:1",
        "XFD1048576",
    ),
    *(
        "A1:XFD1048576",
        "Net!A1",
        "'Net'!A1",
        "'no such'!A1",
        "'a''b'!A1:B2",
        "Net:Other!A1",
        "'A:B'!A1",
        "!A1",
        "#REF!A1",
    ),
    *("Net!#REF!", "[1]Net!A1", "'[b.xlsx]S'!A1", "[1]!name", "Net!name", "A1:B2:C3", "A1.:.B3", "Net!A1:Other!B2"),
    *(
        "T[a]",
        "T[@a]",
        "T[[#This Row],[a]]",
        "T[[a]:[b]]",
        "T[#All]",
        "T[]",
        "[@a]",
        "T['[a]",
        "T[a",
        "prog|topic!item",
    ),
)
ARRAYS: Final = (
    "{1,2;3,4}",
    "{1,2;3}",
    "{}",
    "{1}",
    '{"a",TRUE,#N/A}',
    "{A1}",
    "{-1,+2}",
    "{1,{2}}",
    "{1;2;3}",
    "{1 2}",
)
SPACES: Final = (" ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u2003")
CHARACTERS: Final = "(){}[]'\"#@%!:;,.$&<>=+-*/^\\|?~`_ \n\t\0AaZ019é🙂\u202e\ufeff\u0661"
LONGEST: Final = 8192


def formula(rng: Random) -> str:
    """A formula without its `=`, perhaps none; as long and as deep as a workbook may have them, seldom."""
    kind = rng.random()
    if kind < 0.06:
        return deep(rng)[:LONGEST]
    if kind < 0.10:
        return "".join(rng.choices(CHARACTERS, k=rng.randint(0, 40)))
    text = expression(rng, rng.randint(1, 5))
    return (_damaged(text, rng) if kind < 0.25 else text)[:LONGEST]


def expression(rng: Random, depth: int) -> str:
    """An expression of so many levels at most."""
    if depth <= 0:
        return operand(rng)
    match rng.choice(
        ("operand", "binary", "binary", "binary", "call", "call", "prefix", "suffix", "brackets", "again")
    ):
        case "operand":
            return operand(rng)
        case "binary":
            sign = rng.choice(OPERATORS[:6]) if rng.random() < 0.8 else rng.choice(OPERATORS)
            return f"{expression(rng, depth - 1)}{space(rng)}{sign}{space(rng)}{expression(rng, depth - 1)}"
        case "call":
            return call(rng, depth)
        case "prefix":
            return f"{rng.choice(PREFIXES)}{expression(rng, depth - 1)}"
        case "suffix":
            return f"{expression(rng, depth - 1)}{rng.choice(SUFFIXES)}"
        case "brackets":
            return f"({space(rng)}{expression(rng, depth - 1)}{space(rng)})"
    return f"{call(rng, depth)}({expression(rng, depth - 1)})"


def call(rng: Random, depth: int) -> str:
    """A function with its arguments, some of which may be left out."""
    arguments = [
        expression(rng, depth - 1) if rng.random() < 0.9 else "" for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 5)))
    ]
    mark = ";" if rng.random() < 0.02 else ","
    return f"{rng.choice(FUNCTIONS)}({space(rng)}{mark.join(arguments)})"


def operand(rng: Random) -> str:
    """What stands at the end of a branch."""
    kinds = (REFERENCES, REFERENCES, REFERENCES, NUMBERS, NUMBERS, NAMES, TEXTS, ERRORS, ARRAYS, ("TRUE", "FALSE"))
    if rng.random() < 0.4:
        return f"{rng.choice('ABCDEFGH')}{rng.randint(1, 40)}"
    return rng.choice(rng.choice(kinds))


def space(rng: Random) -> str:
    """Mostly nothing."""
    return rng.choice(SPACES) if rng.random() < 0.08 else ""


def deep(rng: Random) -> str:
    """A formula near the limits of length and of depth, or beyond."""
    count = rng.choice((20, 63, 64, 65, 72, 200, 255, 256, 257, 1000, 2600, 4000, 8190))
    kinds = (
        "+".join(["A1"] * count),
        rng.choice("*/^&<=").join(["1"] * count),
        " ".join(["A1"] * count),
        ":".join(["A1"] * count),
        "SUM(" + ",".join(["A1"] * count) + ")",
        rng.choice("-+@") * count + "A1",
        "A1" + rng.choice("%#") * count,
        "A1" + "(1)" * count,
        "(" * count + "A1" + ")" * count,
        "SUM(" * count + "A1" + ")" * count,
        "IF(A1>0," * count + "A1" + ",0)" * count,
        "MAX(0," * count + "A1" + ")" * count,
        "{" * count + "1" + "}" * count,
        "{" + ",".join(["1"] * count) + "}",
        "T" + "[" * count + "a" + "]" * count,
        "LET(" + "x,A1," * count + "x)",
        '"' * count,
        "'" * count,
        "(" * count,
        "A" * count,
        "1" * count,
    )
    return rng.choice(kinds)


def _damaged(text: str, rng: Random) -> str:
    """With a few characters put in, taken out or doubled."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(text))
        piece = rng.choice((rng.choice(CHARACTERS), text[at : at + 3] * 2, ""))
        text = text[:at] + piece + text[at + rng.choice((0, 0, 1, 2)) :]
    return text


def respelled(text: str, rng: Random) -> str:
    """A formula that was right, written in another way, or a little wrong."""
    ways = (
        lambda: text.lower(),
        lambda: text.replace(",", ", "),
        lambda: text.replace("(", "(\n"),
        lambda: f"({text})",
        lambda: f"+{text}",
        lambda: f"{text}+0",
        lambda: f"{text}*1",
        lambda: f"@{text}",
        lambda: f"{text}#",
        lambda: f"{text}%",
        lambda: text.replace("SUM", "_xlfn.SUM", 1),
        lambda: text.replace("(", "(@", 1),
        lambda: text.replace("$", ""),
        lambda: text.replace(":", "#:", 1),
        lambda: text.replace(")", "#)", 1),
        lambda: f"IF(TRUE,{text})",
        lambda: f"LET(x,{text},x)",
        lambda: f"{text}+{expression(rng, 2)}",
        lambda: f"IFERROR({text},0)",
        lambda: _damaged(text, rng),
    )
    return rng.choice(ways)()[:LONGEST]
