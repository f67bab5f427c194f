"""Reports of all kinds, and texts that somebody might put into a workbook to do harm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xlconv.report import EngineResult, Failure, Finding, Grade, LayerResult, Report, Unrecognised

HOSTILE = [
    "::error file=a::owned",
    "  ::stop-commands::x",
    "a ##[add-mask]b",
    "##vso[task.setvariable variable=x]y",
    "one\ntwo",
    "one\r\n::warning::two",
    "\x1b[2J\x1b]0;title\x07",
    "nul\x00 bell\x07 del\x7f",
    "right \u202e left",
    "line\u2028separator",
    "\ud800 alone, \ufffe and \uffff",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</code></details>]]>",
    "&lt;b&gt; &amp;",
    "`code` ``` ~~~",
    "[text](javascript:alert(1)) ![](http://example.org/x.png)",
    "| a | b |\\| c",
    "# heading",
    "* _one_ **two** ~~three~~",
    "@octocat #1 www.example.org a@example.org",
    "$x$ $$y$$",
    "[bold red]markup[/]",
    "{0} {{1}} {",
    "%s %d %(x)s",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\uff1d1",
    '=HYPERLINK("http://example.org","x")',
    "\"quoted\", 'and'",
    "\\",
]


def layer(name: str = "conv1", **changes: Any) -> LayerResult:
    """A layer in which all is well, but for what is said."""
    facts = {
        "type": "Conv2d + ReLU",
        "cells": 676,
        "compared": 12844,
        "largest_error": 2e-15,
        "wrong": 0,
        "at_fault": 0,
    }
    return LayerResult(layer=name, **{**facts, **changes})


def report(*findings: Finding, layers: Sequence[LayerResult] = (), **changes: Any) -> Report:
    """A report in which all is well, but for what is said."""
    engines = [EngineResult("formualizer 0.13.0", list(layers) or [layer()], changes.pop("reasons", []))]
    facts = {"inputs": ["the one in the workbook", "random 1", "random 2"], "tolerance": 1e-9, "engines": engines}
    known = {"networks": ["net: input 1x28x28"]}
    return Report("book.xlsx", findings=list(findings), **{**facts, **known, **changes})


WRONG = Finding("value", "net!B2", "conv1", "computes another value", "1.0", "2.0", "A1+1", "formualizer 0.13.0")
WARNING = Finding("volatile", "net!Z9", "", "RAND gives another number each time", formula="RAND()")
ERROR = Finding("external-link", "net!Z8", "", "reads another workbook", formula="[1]a!B2")
GROUP = Finding("formula", "net!B2", "conv1", "reads another window", count=12, cells=("net!B2", "net!B3", "net!B4"))

GRADES = [
    Grade("conv1", "Conv2d + ReLU", "wrong", "net!B2", "a constant where a formula is due"),
    Grade("conv2", "Conv2d + ReLU", "right"),
    Grade("maxpool", "MaxPool2d", "missing", "", "no such layer was found"),
]


def skipped(file: str) -> Report:
    """Of a workbook without a network, in which errors and warnings were found that do not count."""
    rest = [Unrecognised("a b", "C3:L8", 34, "EXP(A1)")]
    return Report(file, findings=[ERROR, WARNING], formulas=34, not_recognised=rest, strict=True, if_network=True)


def hostile(text: str) -> list[Report | Failure]:
    """Reports with a text wherever a text can stand."""
    finding = Finding("formula", text, text, text, text, text, text, text, text, 3, (text, text))
    layers = [layer(text, type=text, wrong=1, first=text, largest_error=4.0), layer("b", not_evaluated=3)]
    return [
        Report(
            file=text,
            inputs=[text],
            engines=[EngineResult(text, layers, [text])],
            findings=[finding, WARNING, Finding("value", "", "", text)],
            notes=[text],
            networks=[text, text],
            formulas=7,
            checked=5,
            not_recognised=[Unrecognised(text, text, 2, text)],
            grades=[Grade(text, text, "wrong", text, text)],
        ),
        Failure(text, text),
        skipped(text),
    ]


def kinds() -> dict[str, Callable[[], list[Report | Failure]]]:
    """Some reports, by what is special about them."""
    partly = layer(not_evaluated=4)
    return {
        "agrees": lambda: [report()],
        "differs": lambda: [
            report(WRONG, GROUP, layers=[layer(wrong=12, at_fault=1, largest_error=4.0, first="net!B2")])
        ],
        "warning": lambda: [report(WARNING)],
        "strict": lambda: [report(WARNING, strict=True)],
        "not evaluated": lambda: [report(layers=[partly], reasons=["4 cells: FOO is not known"])],
        "nothing": lambda: [Report("empty.xlsx", not_recognised=[Unrecognised("a b", "C3:L8", 34, "EXP(A1)")])],
        "skipped": lambda: [skipped("budget.xlsx")],
        "graded": lambda: [report(WRONG, grades=GRADES)],
        "failed": lambda: [Failure("text.xlsx", "text.xlsx: no workbook")],
        "infinite": lambda: [report(layers=[layer(largest_error=float("inf"))], tolerance=float("nan"))],
        "several": lambda: [report(), report(WRONG), skipped("a.xlsx"), Failure("text.xlsx", "text.xlsx: no workbook")],
        "none": list,
    }
