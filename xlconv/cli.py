"""The command line: parse, call, print, exit code. The only module that imports click.

Exit codes: 0 it agrees (or is done), 1 a check found a difference, 2 it could not run. Data goes to stdout, messages
to stderr. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import os
import sys
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlconv.errors import XlconvError, printable

if TYPE_CHECKING:
    from xlconv.engines import Engine
    from xlconv.network import FloatArray
    from xlconv.templates import Template

_DONE, _DIFFERS, _FAILED = 0, 1, 2
_PATH = click.Path(path_type=Path)


def run() -> int:
    """Run the command line; returns the exit code."""
    try:
        result = cli.main(prog_name="xlconv", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit:  # click ends the process by itself where the reader of a pipe has gone
        return _FAILED
    except click.UsageError as error:
        if not sys.argv[1:]:
            click.echo(error.format_message(), err=True)
            return _FAILED
        command = error.ctx.command_path if error.ctx else "xlconv"
        return _fail(error.format_message(), f"{command} --help")
    except click.ClickException as error:
        return _fail(error.format_message())
    except XlconvError as error:
        return _fail(error.message, error.hint)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted; nothing was written that was not whole")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except OSError as error:
        return _fail(f"{error.filename or 'output'}: {error.strerror or error}")
    except MemoryError:
        return _fail("not enough memory")
    return result if isinstance(result, int) else _DONE


def _fail(message: str, hint: str | None = None) -> int:
    _say(f"xlconv: {message}")
    if hint:
        _say(f"hint: {hint}")
    return _FAILED


def _say(text: str) -> None:
    click.echo(printable(text), err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="xlconv")
def cli() -> None:
    """Compile a convolutional network into a live spreadsheet, and prove that the spreadsheet computes it.

    \b
    Example:
      xlconv generate --digit 7 --verify
    """


@cli.command()
@click.option("--digit", type=int, metavar="0-9", help="The digit to show, one of the template's samples.")
@click.option("--sample", type=int, default=0, show_default=True, metavar="N", help="Which sample of that digit.")
@click.option("--image", type=_PATH, metavar="FILE", help="A picture of your own instead: PNG or JPEG, any size.")
@click.option("--template", default="conv-example", show_default=True, metavar="NAME|DIR", help="The network.")
@click.option("--output", type=_PATH, metavar="FILE", help="Where to write; by default output/<template>-<digit>.xlsx.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@click.option("--verify", "check", is_flag=True, help="Check the written workbook, as xlconv verify does.")
@click.option("--open", "show", is_flag=True, help="Open the workbook when it is written.")
def generate(
    digit: int | None,
    sample: int,
    image: Path | None,
    template: str,
    output: Path | None,
    force: bool,
    check: bool,
    show: bool,
) -> int:
    """Write a workbook in which every activation is a live formula.

    \b
    Examples:
      xlconv generate --digit 7 --verify
      xlconv generate --digit 3 --sample 2 --output three.xlsx
      xlconv generate --image my-digit.png --open
    """
    from xlconv import templates
    from xlconv.files import check_free

    if (digit is None) == (image is None):
        raise click.UsageError("give --digit or --image, one of them")
    loaded = templates.load(template)
    name = image.stem if image is not None else f"{digit}-{sample}" if sample else str(digit)
    path = output or Path("output") / f"{loaded.name}-{name}.xlsx"
    if path.suffix.lower() != ".xlsx":
        raise click.UsageError(f"--output must end in .xlsx, not {path.name!r}")
    check_free(path, force)
    x = _input(loaded, digit, sample, image)
    from xlconv import workbook

    workbook.write(loaded.network, x, path, title=loaded.name, force=force)
    click.echo(path)
    code = _verify_all([path], _engines(["formualizer"])[0], None, False, {}) if check else _DONE
    if show:
        from xlconv import launch

        launch.open_file(path)
    return code


def _input(template: Template, digit: int | None, sample: int, image: Path | None) -> FloatArray:
    from xlconv import digits

    shape = template.network.input_shape
    if image is not None:
        return digits.load_image(image, shape)
    assert digit is not None
    return digits.sample(template.samples.images, template.samples.labels, digit, sample, shape)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=_PATH, metavar="FILE...")
@click.option(
    "--engine",
    "names",
    multiple=True,
    type=click.Choice(["formualizer", "libreoffice", "all"]),
    help="What recalculates the workbook; may be repeated.  [default: formualizer]",
)
@click.option("--against", metavar="TEMPLATE", help="The layers and weights must be this template's, too.")
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
def verify(
    files: tuple[Path, ...],
    names: tuple[str, ...],
    against: str | None,
    tolerance: float,
    random: int,
    seed: int,
    as_json: bool,
) -> int:
    """Compare every activation with the NumPy reference.

    Each workbook is recalculated by a spreadsheet engine, with its own input, ten sample digits and random inputs.
    Exit code 0: all agree; 1: something differs; 2: a file could not be checked.

    \b
    Examples:
      xlconv verify output/conv-example-7.xlsx
      xlconv verify *.xlsx --engine all --json > report.json
    """
    if not isfinite(tolerance):
        raise click.UsageError(f"--tolerance must be a finite number, not {tolerance}")
    engines, skipped = _engines(list(names) or ["formualizer"])
    for reason in skipped:
        _say(f"skipped: {reason}")
    settings = {"against": against, "tolerance": tolerance, "random": random, "seed": seed}
    return _verify_all(list(files), engines, skipped, as_json, settings)


def _engines(names: list[str]) -> tuple[list[Engine], list[str]]:
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


def _verify_all(
    files: list[Path],
    engines: list[Engine],
    skipped: list[str] | None,
    as_json: bool,
    settings: dict[str, Any],
) -> int:
    from xlconv.check import verify as verify_file
    from xlconv.check.formats.text import to_text
    from xlconv.check.report import Failure, Report, to_json

    reports: list[Report | Failure] = []
    for path in files:
        try:
            report = verify_file(path, engines, **settings)
        except XlconvError as error:
            _fail(error.message, error.hint)
            reports.append(Failure(str(path), error.message))
            continue
        report.notes += [f"skipped {reason}" for reason in skipped or ()]
        reports.append(report)
        if not as_json:
            click.echo(to_text(report))
    if as_json:
        click.echo(to_json(reports))
    if any(isinstance(report, Failure) for report in reports):
        return _FAILED
    return _DONE if all(report.agrees for report in reports if isinstance(report, Report)) else _DIFFERS


@cli.command("open")
@click.argument("file", type=_PATH)
def open_(file: Path) -> None:
    """Open a workbook in Excel or LibreOffice.

    It takes what the system opens .xlsx files with, and does not wait.

    \b
    Example:
      xlconv open output/conv-example-7.xlsx
    """
    from xlconv import launch

    launch.open_file(file)


@cli.command()
@click.argument("file", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def inspect(file: Path, as_json: bool) -> None:
    """List a workbook's layers and where they stand.

    Every block of cells has a role (input, weight, bias, output), indices, and a range of a worksheet.

    \b
    Example:
      xlconv inspect output/conv-example-7.xlsx
    """
    from xlconv.check import inspect as inspected

    found = inspected.inspect(file)
    click.echo(inspected.to_json(found) if as_json else inspected.to_text(found))


@cli.command()
def templates() -> None:
    """List the templates that come with xlconv.

    Below each stands its folder: copy it to make a template of your own.

    \b
    Example:
      xlconv templates
    """
    from xlconv import templates as home

    for name in home.names():
        click.echo(f"{name}  {home.load(name).title}")
        click.echo(f"  {home.locate(name)}")


@cli.command()
@click.option("--data", type=_PATH, required=True, metavar="DIR", help="MNIST's training files, IDX, gzipped or not.")
@click.option("--output", type=_PATH, required=True, metavar="DIR", help="The template folder to write.")
@click.option("--template", default="conv-example", show_default=True, metavar="NAME|DIR", help="The network to train.")
@click.option("--epochs", type=click.IntRange(min=1), default=100, show_default=True, help="Of the last round.")
@click.option(
    "--restarts",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Random starts; the best go on.",
)
@click.option("--optimizer", type=click.Choice(["adamw", "sgd"]), default="adamw", show_default=True)
@click.option(
    "--max-lr",
    type=click.FloatRange(min=0, min_open=True),
    default=0.01,
    show_default=True,
    help="Peak of the one-cycle learning rate.",
)
@click.option(
    "--weight-decay",
    type=click.FloatRange(min=0),
    default=0.1,
    show_default=True,
    help="On dense weights only.",
)
@click.option("--batch-size", type=click.IntRange(min=1), default=128, show_default=True)
@click.option("--augment/--no-augment", default=True, show_default=True, help="Shift, turn, scale half of the images.")
@click.option("--prefer-edges", is_flag=True, help="Among starts, those first whose first filters detect edges.")
@click.option(
    "--validation",
    type=click.IntRange(min=1),
    default=10000,
    show_default=True,
    help="Last images, held out.",
)
@click.option(
    "--decimals",
    type=click.IntRange(0, 15),
    default=4,
    show_default=True,
    help="To which weights are rounded.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=lambda: os.cpu_count() or 1,
    help="Starts side by side.  [default: processors]",
)
@click.option("--force", is_flag=True, help="Replace the folder if it exists.")
def train(data: Path, output: Path, template: str, validation: int, force: bool, **settings: Any) -> int:
    """Learn a template's weights with PyTorch.

    PyTorch comes with the extra `train`: pip install 'xlconv[train]'.
    Ctrl-C writes the best weights so far, or nothing where there are none yet.

    \b
    Example:
      xlconv train --data mnist --restarts 100 --prefer-edges --output my-template
    """
    try:
        from xlconv import train as training
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise XlconvError(
            "training needs PyTorch, which is not installed", hint="pip install 'xlconv[train]'"
        ) from None
    from xlconv import digits, templates
    from xlconv.files import check_free

    check_free(output, force)
    loaded = templates.load(template, untrained=True)
    images, labels = digits.load_mnist(data)
    run = training.Training(loaded.network, images, labels, validation, training.Recipe(**settings))
    try:
        with training.progress_bar(run):
            run.run()
    except KeyboardInterrupt:
        if run.best is None:
            raise
        _say("xlconv: interrupted; these are the best weights so far")
        training.save(run, loaded, output, force)
        click.echo(output)
        return _FAILED
    training.save(run, loaded, output, force)
    click.echo(output)
    return _DONE
