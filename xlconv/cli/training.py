"""`train`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from xlconv.cli.console import DONE, INTERRUPTED, PATH, say, tell
from xlconv.errors import XlconvError
from xlconv.processes.ends import interrupts_raise


@click.command()
@click.option("--data", type=PATH, required=True, metavar="DIR", help="MNIST's training files, IDX, gzipped or not.")
@click.option("--output", type=PATH, required=True, metavar="DIR", help="The template folder to write.")
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
    from xlconv.files import check_free_folder

    check_free_folder(output, force)
    loaded = templates.load(template, untrained=True)
    images, labels = digits.load_mnist(data)
    run = training.Training(loaded.network, images, labels, validation, training.Recipe(**settings))
    try:
        with interrupts_raise(), training.progress_bar(run):
            run.run()
    except KeyboardInterrupt:
        if run.best is None:
            raise
        say("xlconv: interrupted; these are the best weights so far")
        training.save(run, loaded, output, force)
        tell(output)
        return INTERRUPTED
    training.save(run, loaded, output, force)
    tell(output)
    return DONE
