"""`recover`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xlconv.cli.bounding import bounded, on
from xlconv.cli.console import DIFFERS, DONE, PATH, put


@click.command()
@click.argument("file", type=PATH)
@click.option("--output", type=PATH, metavar="DIR", help="Save the network as a template folder.")
@click.option("--network", type=click.IntRange(min=1), default=1, show_default=True, help="Which one, of several.")
@click.option("--force", is_flag=True, help="Replace the folder if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, weights included.")
@bounded
def recover(file: Path, output: Path | None, network: int, force: bool, as_json: bool, **bounds: Any) -> int:
    """Find the networks in a workbook's formulas.

    Reads any .xlsx or .xlsm, whoever made it, and lists its layers with shapes, weights, where each stands, and the
    formulas that speak for it. Exit code 1: no network was recognised.

    \b
    Examples:
      xlconv recover somebody-elses.xlsx
      xlconv recover somebody-elses.xlsx --output my-template
    """
    from xlconv.files import check_free_folder
    from xlconv.recover import describe
    from xlconv.recover import recover as recover_file

    if output is not None:
        check_free_folder(output, force)
    with on(file, **bounds):
        recovered = recover_file(file)
        text = describe.to_json(recovered) if as_json else describe.to_text(recovered)
    if output is not None:
        describe.save(recovered, network - 1, output, force)
    put(text)
    return DONE if recovered.networks else DIFFERS
