"""`show` and `render`."""

from __future__ import annotations

import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import click

from xlconv.cli.bounding import bounded, on
from xlconv.cli.console import PATH, tell
from xlconv.errors import XlconvError

_FORMATS = (".png", ".svg", ".pdf")

_network = click.option(
    "--network", type=click.IntRange(min=1), default=1, show_default=True, help="Which one, of several."
)


@click.command()
@click.argument("file", type=PATH)
@_network
@bounded
def show(file: Path, network: int, **bounds: Any) -> None:
    """Show a workbook's input and prediction in the terminal.

    The workbook is recalculated by the embedded engine; cached values are not looked at.

    \b
    Example:
      xlconv show output/conv-example-7.xlsx
    """
    from xlconv.picture import look
    from xlconv.show import to_console

    with on(file, **bounds):
        picture = look(file, network)
    if sys.stdout is not None:  # it is None where the caller has closed it
        to_console(picture, sys.stdout)


@click.command()
@click.argument("file", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, metavar="FILE", help="Where to: .png, .svg or .pdf.")
@_network
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@bounded
def render(file: Path, output: Path, network: int, force: bool, **bounds: Any) -> None:
    """Draw a workbook's layers as heat maps.

    Input, kernels, the channels of each layer, and the classes' probabilities, as the embedded engine computes them;
    cached values are not looked at. Matplotlib comes with the extra `plot`: pip install 'xlconv[plot]'.

    \b
    Example:
      xlconv render output/conv-example-7.xlsx --output seven.png
    """
    from xlconv.files import check_free

    if output.suffix.lower() not in _FORMATS:
        raise click.UsageError(f"--output must end in {', '.join(_FORMATS)}, not {output.name!r}")
    check_free(output, force)
    try:
        with chdir(Path(__file__).parent):  # a matplotlibrc of the current folder is none of its business
            from xlconv import render as rendering
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise XlconvError(
            "rendering needs matplotlib, which is not installed", hint="pip install 'xlconv[plot]'"
        ) from None
    from xlconv.picture import look

    with on(file, **bounds):
        picture = look(file, network)
    rendering.save(picture, output, force)
    tell(output)
