"""`generate` and what else there is to do with templates and workbooks but check them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlconv.cli.checking import Output, engines_named, verify_all
from xlconv.cli.console import DONE, PATH, put, tell
from xlconv.engines import DEFAULT

if TYPE_CHECKING:
    from xlconv.network import FloatArray
    from xlconv.pages.choices import Chosen
    from xlconv.templates import Template


@click.command()
@click.option("--digit", type=int, metavar="0-9", help="The digit to show, one of the template's samples.")
@click.option("--sample", type=int, default=0, show_default=True, metavar="N", help="Which sample of that digit.")
@click.option("--image", type=PATH, metavar="FILE", help="A picture of your own instead: PNG or JPEG, any size.")
@click.option("--blank", is_flag=True, help="Nothing instead, to draw on the worksheet Draw.")
@click.option("--template", default="conv-example", show_default=True, metavar="NAME|DIR", help="The network.")
@click.option("--output", type=PATH, metavar="FILE", help="Where to write; by default output/<template>-<digit>.xlsx.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@click.option("--verify", "check", is_flag=True, help="Check the written workbook, as xlconv verify does.")
@click.option("--open", "show", is_flag=True, help="Open the workbook when it is written.")
def generate(
    digit: int | None,
    sample: int,
    image: Path | None,
    blank: bool,
    template: str,
    output: Path | None,
    force: bool,
    check: bool,
    show: bool,
) -> int:
    """Write a workbook in which every activation is a live formula.

    Which digit it shows can be changed in the workbook, too; a picture stands on its worksheet Draw.

    \b
    Examples:
      xlconv generate --digit 7 --verify
      xlconv generate --digit 3 --sample 2 --output three.xlsx
      xlconv generate --image my-digit.png --open
      xlconv generate --blank
    """
    from xlconv import templates
    from xlconv.files import check_free
    from xlconv.processes.held import temporary_files

    if (digit is not None) + (image is not None) + blank != 1:
        raise click.UsageError("give --digit, --image or --blank, one of them")
    loaded = templates.load(template)
    name = "blank" if blank else image.stem if image is not None else f"{digit}-{sample}" if sample else str(digit)
    path = output or Path("output") / f"{loaded.name}-{name}.xlsx"
    if path.suffix.lower() != ".xlsx":
        raise click.UsageError(f"--output must end in .xlsx, not {path.name!r}")
    check_free(path, force)
    x = _input(loaded, digit, sample, image)
    from xlconv import workbook

    with temporary_files():  # openpyxl writes some
        workbook.write(loaded.network, x, path, loaded.name, force, loaded.samples, loaded.about)
    tell(path)
    code = verify_all([path], engines_named([DEFAULT])[0], {}, Output()) if check else DONE
    if show:
        from xlconv import launch

        launch.open_file(path)
    return code


def _input(template: Template, digit: int | None, sample: int, image: Path | None) -> FloatArray | Chosen:
    import numpy as np

    from xlconv import digits
    from xlconv.pages.choices import Chosen

    shape = template.network.input_shape
    if image is not None:
        return digits.load_image(image, shape)
    if digit is None:
        return np.zeros(shape)
    digits.sample(template.samples.images, template.samples.labels, digit, sample, shape)  # refuses what is not there
    return Chosen(digit, sample)


@click.command("open")
@click.argument("file", type=PATH)
def open_(file: Path) -> None:
    """Open a workbook in Excel or LibreOffice.

    It takes what the system opens .xlsx files with, and does not wait.

    \b
    Example:
      xlconv open output/conv-example-7.xlsx
    """
    from xlconv import launch

    launch.open_file(file)


@click.command()
@click.argument("file", type=PATH)
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
    put(inspected.to_json(found) if as_json else inspected.to_text(found))


@click.command()
def templates() -> None:
    """List the templates that come with xlconv.

    Below each stands its folder: copy it to make a template of your own.

    \b
    Example:
      xlconv templates
    """
    from xlconv import templates as home

    for name in home.names():
        tell(f"{name}  {home.load(name).title}")
        tell(f"  {home.locate(name)}")
