"""What people fill in: another choice, a drawing, other weights, other names of classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from tests.editing import Package
from tests.everyday.edit import Edit, without_caches

WEIGHT: Final = ("conv2_weight_0_1", 1, 1)


def digit(label: int, sample: int = 0) -> Callable[[Package], None]:
    """Another sample."""

    def change(package: Package) -> None:
        package.set_number(package.at("choice"), label)
        package.set_number(package.at("sample"), sample)

    return change


def draw(package: Package) -> None:
    """What is drawn, which is nothing."""
    package.set_text(package.at("choice"), "draw")


def drawn(package: Package) -> None:
    """A stroke of 20 pixels, and chosen."""
    stroke(package)
    draw(package)


def stroke(package: Package) -> None:
    """A stroke of 20 pixels, not chosen."""
    for row in range(20):
        package.set_number(package.at("draw_0", 4 + row, 14 - row // 4), 1)


def too_large(package: Package) -> None:
    """A sample that there is not: the last one is shown."""
    package.set_number(package.at("sample"), 7)


def sample_cleared(package: Package) -> None:
    """No sample number: the first one is shown."""
    package.clear(package.at("sample"))


def weight(content: str) -> Callable[[Package], None]:
    """Something else for a weight."""

    def change(package: Package) -> None:
        package.set_content(package.at(*WEIGHT), content)

    return change


def all_weights(package: Package) -> None:
    """Other weights everywhere, as after training."""
    rng = Random(0)
    for name in sorted(name for name in package.names() if "_weight_" in name):
        for place in package.block(name):
            package.set_number(place, rng.uniform(-1, 1))


def equal_weights(package: Package) -> None:
    """A filter of ones."""
    for place in package.block("conv1_weight_0_0"):
        package.set_number(place, 1)


def no_bias(package: Package) -> None:
    """A bias cleared."""
    package.clear(package.at(_bias(package)))


def bias_of_zero(package: Package) -> None:
    package.set_number(package.at(_bias(package)), 0)


def bias_computed(package: Package) -> None:
    package.set_formula(package.at(_bias(package)), "1/4")


def _bias(package: Package) -> str:
    return min(name for name in package.names() if "_bias" in name and not name.startswith("explore"))


def classes_named(package: Package) -> None:
    """Words for classes, labels, the list of choices, and the choice."""
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    samples = package.at("sample_labels")
    lists = [samples.moved(row, 3) for row in range(10)]
    for place in [*package.block("classes"), *package.block("sample_labels"), *lists, package.at("choice")]:
        package.set_text(place, words[int(package.number(place))])


def explored(layer: str, *numbers: float) -> Callable[[Package], None]:
    """Another number that is shown in detail."""

    def change(package: Package) -> None:
        package.set_text(package.at("explore_layer"), layer)
        for name, number in zip(("explore_channel", "explore_row", "explore_column"), numbers, strict=True):
            package.set_number(package.at(name), number)

    return change


def none_asked(package: Package) -> None:
    """Nothing filled in where a channel is asked for."""
    package.clear(package.at("explore_channel"))


CHANGES: Final = {
    "sample 1": digit(7, 1),
    "sample 2": digit(4, 2),
    "draw, blank": draw,
    "a drawing": drawn,
    "a drawing that is not chosen": stroke,
    "a sample number too large": too_large,
    "no sample number": sample_cleared,
    "a changed weight": weight("<v>0.5</v>"),
    "a weight of zero": weight("<v>0</v>"),
    "a large weight": weight("<v>250</v>"),
    "a cleared weight": weight(""),
    "a weight as a product": weight("<f>0.3*2</f>"),
    "a weight as a fraction": weight("<f>3/8</f>"),
    "a negative weight as a formula": weight("<f>-0.25</f>"),
    "all weights": all_weights,
    "a filter of ones": equal_weights,
    "classes in words": classes_named,
    "explore conv1": explored("conv1", 1, 0, 25),
    "explore maxpool": explored("maxpool", 0, 5, 6),
    "explore dense": explored("dense", 3, 0, 0),
    "explore softmax": explored("softmax", 9, 0, 0),
    "explore out of range": explored("conv2", 9, -3, 99),
    "explore between": explored("conv2", 0.4, 3.6, 2),
    "explore nothing": none_asked,
}


def edits() -> Iterator[Edit]:
    """All of this class."""
    yield from (Edit("inputs", f"the digit {label}", without_caches(digit(label))) for label in range(10))
    yield from (Edit("inputs", name, without_caches(change)) for name, change in CHANGES.items())
    for change in (no_bias, bias_of_zero, bias_computed):
        yield Edit("inputs", change.__name__.replace("_", " "), without_caches(change), "biased")
