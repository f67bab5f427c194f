"""`verify` and `explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlconv.cli.console import DIFFERS, DONE, FAILED, PATH, fail, say
from xlconv.engines import DEFAULT, NAMES
from xlconv.errors import XlconvError

if TYPE_CHECKING:
    from xlconv.check.report import Failure, Report
    from xlconv.check.rules import Rule
    from xlconv.engines import Engine

_CODES = {"agrees": DONE, "differs": DIFFERS, "not checked": FAILED, "failed": FAILED}
"""Exit codes by verdict; of several the largest counts."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option(
    "--engine",
    "names",
    multiple=True,
    type=click.Choice([*NAMES, "all"]),
    help=f"What recalculates the workbook; may be repeated.  [default: {DEFAULT}]",
)
@click.option("--against", metavar="TEMPLATE", help="The layers and weights must be this template's, too.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-9,
    show_default=True,
    help="Largest error allowed.",
)
@click.option("--random", type=click.IntRange(0, 30), default=8, show_default=True, help="Random inputs to try.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random inputs.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.option("--junit", type=PATH, metavar="FILE", help="Write JUnit XML, for CI servers.")
@click.option("--sarif", type=PATH, metavar="FILE", help="Write SARIF 2.1.0, for code scanning.")
@click.option("--markdown", type=PATH, metavar="FILE", help="Write Markdown, for a pull request's summary.")
@click.option("--csv", type=PATH, metavar="FILE", help="Write a table with a row for each layer of each workbook.")
def verify(
    files: tuple[Path, ...],
    names: tuple[str, ...],
    strict: bool,
    as_json: bool,
    junit: Path | None,
    sarif: Path | None,
    markdown: Path | None,
    csv: Path | None,
    **settings: Any,
) -> int:
    """Compare every activation with the NumPy reference.

    Each workbook is recalculated by a spreadsheet engine, with its own input, ten sample digits and random inputs.
    Exit code 0: all agree; 1: something differs; 2: a file, or a part of one, could not be checked. Where FILE of a
    report is -, it goes to stdout.

    \b
    Examples:
      xlconv verify output/conv-example-7.xlsx
      xlconv verify *.xlsx --engine all --json > report.json
      xlconv verify *.xlsx --strict --junit junit.xml --sarif xlconv.sarif
    """
    if not isfinite(settings["tolerance"]):
        raise click.UsageError(f"--tolerance must be a finite number, not {settings['tolerance']}")
    asked = {"junit": junit, "sarif": sarif, "markdown": markdown, "csv": csv}
    output = Output(strict, as_json, {name: path for name, path in asked.items() if path is not None})
    output.check(files)
    engines, skipped = engines_named(list(names) or [DEFAULT])
    for reason in skipped:
        say(f"skipped: {reason}")
    return verify_all(files, engines, settings, output, skipped)


@dataclass(frozen=True)
class Output:
    """What becomes of the reports.

    Args:
        strict: Whether warnings count as errors.
        as_json: Whether to print JSON.
        places: The file for each format that is asked for; `-` is stdout.
    """

    strict: bool = False
    as_json: bool = False
    places: Mapping[str, Path] = field(default_factory=dict)

    @property
    def printed(self) -> list[str]:
        """The formats that go to stdout; where there are none, people read it."""
        return ["json"] * self.as_json + [name for name, path in self.places.items() if str(path) == "-"]

    @property
    def saved(self) -> dict[str, Path]:
        """The formats that go to files."""
        return {name: path for name, path in self.places.items() if str(path) != "-"}

    def check(self, workbooks: Sequence[Path]) -> None:
        """Refuse what could not be written in the end, before any work is done."""
        from xlconv.check.formats import check_place

        if len(self.printed) > 1:
            raise click.UsageError(f"only one report can go to stdout, not --{' and --'.join(self.printed)}")
        if len({path.resolve() for path in self.saved.values()}) < len(self.saved):
            raise click.UsageError("each report needs a file of its own")
        for path in self.saved.values():
            check_place(path, workbooks)

    def write(self, reports: Sequence[Report | Failure]) -> None:
        """Write and print what is to be written and printed when all is done."""
        from xlconv.check.formats import FORMATS, save
        from xlconv.check.report import to_json

        for name, path in self.saved.items():
            save(name, reports, path)
        for name in self.printed:
            text = to_json(reports) + "\n" if name == "json" else FORMATS[name].text(reports)
            click.echo(text.encode() if name == "csv" else text, nl=False)


def engines_named(names: list[str]) -> tuple[list[Engine], list[str]]:
    """The engines asked for, and why some of `all` are left out."""
    from xlconv import engines
    from xlconv.errors import EngineError

    if "all" not in names:
        return [engines.by_name(name) for name in dict.fromkeys(names)], []
    found, skipped = [], []
    for name in engines.NAMES:
        try:
            found.append(engines.by_name(name))
        except EngineError as error:
            skipped.append(f"engine {name}: {error.message}")
    return found, skipped


def verify_all(
    files: Sequence[Path],
    engines: list[Engine],
    settings: Mapping[str, Any],
    output: Output,
    skipped: Sequence[str] = (),
) -> int:
    """Check each workbook and report it; returns the exit code."""
    from xlconv.check.formats.text import to_text
    from xlconv.check.report import Report

    reports = []
    for path in files:
        report = _verify(path, engines, settings)
        if isinstance(report, Report):
            report.strict = output.strict
            report.notes += [f"skipped {reason}" for reason in skipped]
            if not output.printed:
                click.echo(to_text(report))
        reports.append(report)
    output.write(reports)
    return max(_CODES[report.verdict] for report in reports)


def _verify(path: Path, engines: list[Engine], settings: Mapping[str, Any]) -> Report | Failure:
    from xlconv.check import verify as verify_file
    from xlconv.check.report import Failure

    try:
        return verify_file(path, engines, **settings)
    except XlconvError as error:
        fail(error.message, error.hint)
        return Failure(str(path), error.message)


@click.command()
@click.argument("names", nargs=-1, metavar="[RULE]...")
def explain(names: tuple[str, ...]) -> None:
    """Tell what a rule of verify's means, why it matters and how to mend it.

    Without RULE all rules are listed.

    \b
    Examples:
      xlconv explain
      xlconv explain constant
    """
    from xlconv.check.rules import RULES, named

    if not names:
        width = max(map(len, RULES))
        for rule in RULES.values():
            click.echo(f"{rule.id:<{width}}  {rule.severity:<7}  {rule.title}")
        return
    click.echo("\n\n".join(_explanation(rule) for rule in map(named, names)))


def _explanation(rule: Rule) -> str:
    paragraphs = [f"{rule.id} ({rule.severity}): {rule.title}", rule.why, f"How to mend it: {rule.mend}"]
    return "\n\n".join(click.wrap_text(text, width=100) for text in paragraphs)
