"""`verify` and `explain`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlconv.cli.bounding import bounded
from xlconv.cli.console import DIFFERS, DONE, FAILED, PATH, fail, put, say, tell, worst
from xlconv.engines import DEFAULT, NAMES
from xlconv.errors import XlconvError
from xlconv.processes.bounds import Bounds

if TYPE_CHECKING:
    from xlconv.engines import Engine
    from xlconv.report import Failure, Report
    from xlconv.report.rules import Rule

_CODES = {"agrees": DONE, "differs": DIFFERS, "not checked": FAILED, "failed": FAILED, "skipped": DONE}
"""Exit codes by verdict."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option(
    "--engine",
    "names",
    multiple=True,
    type=click.Choice([*NAMES, "all"]),
    help=f"What recalculates the workbook; may be repeated.  [default: {DEFAULT}]",
)
@click.option(
    "--against",
    metavar="TEMPLATE|WORKBOOK",
    help="Grade each layer of this template (name or folder) or workbook: right, wrong or missing.",
)
@click.option("--any-weights", is_flag=True, help="With --against: the weights may be others.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--if-network", is_flag=True, help="Skip workbooks without a network, unless --against asks for one.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-9,
    show_default=True,
    help="Largest error allowed.",
)
@click.option(
    "--random",
    type=click.IntRange(0, 100),
    default=0,
    show_default=True,
    help="Random inputs for the engines, beside their eight inputs.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random inputs.")
@click.option("--jobs", type=click.IntRange(min=0), help="Workbooks at a time; 0: as many as processors.  [default: 1]")
@bounded
@click.option("--self-test", is_flag=True, help="Plant faults into copies instead, and tell which the check finds.")
@click.option("--faults", type=click.IntRange(1, 10_000), default=240, show_default=True, help="With --self-test.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.option("--junit", type=PATH, metavar="FILE", help="Write JUnit XML, for CI servers.")
@click.option("--sarif", type=PATH, metavar="FILE", help="Write SARIF 2.1.0, for code scanning.")
@click.option("--markdown", type=PATH, metavar="FILE", help="Write Markdown, for a pull request's summary.")
@click.option("--csv", type=PATH, metavar="FILE", help="Write a table with a row for each layer of each workbook.")
def verify(
    files: tuple[Path, ...],
    names: tuple[str, ...],
    strict: bool,
    if_network: bool,
    jobs: int | None,
    self_test: bool,
    faults: int,
    as_json: bool,
    junit: Path | None,
    sarif: Path | None,
    markdown: Path | None,
    csv: Path | None,
    seconds: float,
    memory: int,
    cells: int,
    **settings: Any,
) -> int:
    """Compare every activation with the NumPy reference.

    Each workbook is recalculated by a spreadsheet engine for eight inputs: its own, two samples, two random ones,
    a large one, and two with other weights.
    Exit code 1: something differs, in whichever of the files; 2: nothing does, but a file, or a part of one, could not
    be checked; 0: all agree, or were skipped. Where FILE of a report is -, it goes to stdout.

    With --if-network a workbook is skipped in which no network is recognised, whatever else is found in it; but not one
    of xlconv's whose network is damaged, nor one that cannot be read.

    With --against a layer is right where its own formulas and weights are, even if its numbers are wrong because of a
    mistake before it.

    \b
    Examples:
      xlconv verify output/conv-example-7.xlsx
      xlconv verify *.xlsx --engine all --json > report.json
      xlconv verify hand-in/*.xlsx --against conv-example --jobs 0 --csv grades.csv
      xlconv verify *.xlsx --strict --junit junit.xml --sarif xlconv.sarif
    """
    if not isfinite(settings["tolerance"]):
        raise click.UsageError(f"--tolerance must be a finite number, not {settings['tolerance']}")
    asked = {"junit": junit, "sarif": sarif, "markdown": markdown, "csv": csv}
    output = Output(strict, if_network, as_json, {name: path for name, path in asked.items() if path is not None})
    if settings["any_weights"] and settings["against"] is None:
        raise click.UsageError("--any-weights goes with --against")
    if self_test:
        if output.printed or output.saved or if_network or settings["against"] is not None:
            raise click.UsageError("--self-test goes with no report, not with --against, and not with --if-network")
        return self_test_all(files, names, faults, settings["seed"], jobs or 0)
    settings["bounds"] = Bounds(seconds, memory, cells)
    output.check(files)
    engines, skipped = engines_named(list(names) or [DEFAULT])
    for reason in skipped:
        say(f"skipped: {reason}")
    return verify_all(files, engines, settings, output, skipped, 1 if jobs is None else jobs)


@dataclass(frozen=True)
class Output:
    """What becomes of the reports.

    Args:
        strict: Whether warnings count as errors.
        if_network: Whether workbooks without a network are skipped.
        as_json: Whether to print JSON.
        places: The file for each format that is asked for; `-` is stdout.
    """

    strict: bool = False
    if_network: bool = False
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
        from xlconv.report.formats import check_place

        if len(self.printed) > 1:
            raise click.UsageError(f"only one report can go to stdout, not --{' and --'.join(self.printed)}")
        if len({path.resolve() for path in self.saved.values()}) < len(self.saved):
            raise click.UsageError("each report needs a file of its own")
        for path in self.saved.values():
            check_place(path, workbooks)

    def write(self, reports: Sequence[Report | Failure]) -> None:
        """Write and print what is to be written and printed when all is done."""
        from xlconv.report import to_json
        from xlconv.report.formats import FORMATS, save

        for name, path in self.saved.items():
            save(name, reports, path)
        for name in self.printed:
            text = to_json(reports) + "\n" if name == "json" else FORMATS[name].text(reports)
            click.echo(text.encode(), nl=False)  # in the encoding that it says it has, and with its own line ends


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
    engines: Sequence[Engine],
    settings: Mapping[str, Any],
    output: Output,
    skipped: Sequence[str] = (),
    jobs: int = 1,
) -> int:
    """Check each workbook and report it; returns the exit code."""
    from xlconv.check.many import verify_many
    from xlconv.processes import processors
    from xlconv.report import Failure
    from xlconv.report.text import summary, to_text

    if settings.get("against") is not None:
        from xlconv.check.grading import expectation

        settings = {**settings, "against": expectation(settings["against"])}
    reports = []
    checks = verify_many(files, [engine.name for engine in engines], jobs or processors(), **settings)
    with _progress(len(files)) as bar, closing(checks) as found:
        for report in found:
            reports.append(report)
            bar.advance()
            with bar.hidden():
                if isinstance(report, Failure):
                    fail(report.error, report.hint)
                    continue
                report.strict, report.if_network = output.strict, output.if_network
                report.notes += [f"skipped {reason}" for reason in skipped]
                if not output.printed:
                    put(to_text(report))
                if report.verdict == "not checked":
                    say(f"xlconv: {report.file}: not checked: {report.unchecked}")
    if not output.printed and (text := summary(reports)):
        put(f"\n{text}")
    output.write(reports)
    return worst(_CODES[report.verdict] for report in reports)


class _Bar:
    """Says nothing."""

    def advance(self) -> None:
        """One more is done."""

    def hidden(self) -> AbstractContextManager[None]:
        """While something else is printed."""
        return nullcontext()


@contextmanager
def _progress(count: int) -> Iterator[_Bar]:
    """A bar on stderr, if there is somebody to see it and several workbooks are to be checked."""
    if count < 2 or sys.stderr is None or not sys.stderr.isatty():
        yield _Bar()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), "workbooks", TimeRemainingColumn())
    live = Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    )
    task = live.add_task("", total=count)

    class Shown(_Bar):
        def advance(self) -> None:
            live.advance(task)

        @contextmanager
        def hidden(self) -> Iterator[None]:
            live.stop()
            try:
                yield
            finally:
                live.start()

    with live:
        yield Shown()


def self_test_all(files: Sequence[Path], names: Sequence[str], faults: int, seed: int, jobs: int) -> int:
    """Plant faults into copies of each workbook and print which were found; returns the exit code."""
    from xlconv.selftest import self_test

    if len(names) > 1 or "all" in names:
        raise click.UsageError("--self-test goes with one --engine")
    codes = []
    for path in files:
        try:
            result = self_test(path, names[0] if names else DEFAULT, faults, seed, jobs)
        except XlconvError as error:
            codes.append(fail(error.message, error.hint))
            continue
        put(result.to_text())
        codes.append(DONE if result.all_found else DIFFERS)
    return worst(codes)


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
    from xlconv.report.rules import RULES, named

    if not names:
        width = max(map(len, RULES))
        for rule in RULES.values():
            tell(f"{rule.id:<{width}}  {rule.severity:<7}  {rule.title}")
        return
    put("\n\n".join(_explanation(rule) for rule in map(named, names)))


def _explanation(rule: Rule) -> str:
    paragraphs = [f"{rule.id} ({rule.severity}): {rule.title}", rule.why, f"How to mend it: {rule.mend}"]
    return "\n\n".join(click.wrap_text(text, width=100) for text in paragraphs)
