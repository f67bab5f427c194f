"""Attacks on the names of a workbook and on the table that says which network it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from tests.attacks.attack import Attack, Change
from tests.editing import WORKBOOK, Package, Place, delete

NET: Final = "'conv-example'!"
DELETED: Final = ("network", "choice", "mark", "classes", "drawn_prediction", "prediction")
"""Names that a workbook in which samples can be chosen must have."""

ELSEWHERE: Final = {
    "network": "Network!$A$4:$F$12",
    "choice": f"{NET}$L$43",
    "sample": f"{NET}$L$39",
    "sample_row": f"{NET}$L$43",
    "mark": f"{NET}$FT$31",
    "prediction": f"{NET}$FT$22",
    "classes": f"{NET}$FT$10:$FT$19",
    "drawn_prediction": "Draw!$AE$7",
    "input_0": f"{NET}$B$9:$AC$36",
    "conv1_0": f"{NET}$AJ$10:$BI$35",
    "conv2_weight_0_1": f"{NET}$BL$22:$BN$24",
    "maxpool_1": f"{NET}$CQ$22:$DB$33",
    "softmax": f"{NET}$FX$9:$FX$18",
    "dense": f"{NET}$FU$9:$FU$17",
    "draw_0": "Draw!$B$6:$AC$33",
    "samples": "Samples!$E$6:$ADH$35",
    "sample_labels": "Samples!$B$5:$B$34",
    "sample_scale": "Samples!$B$3",
    "explore_layer": "Explore!$B$54",
    "explore_result": "Explore!$S$4",
    "explore_words": "Explore!$G$6",
}

EXCHANGED: Final = (
    ("conv1_0", "conv1_1"),
    ("conv1_weight_0_0", "conv1_weight_1_0"),
    ("conv2_weight_0_0", "conv2_weight_0_1"),
    ("conv2_weight_0_1", "conv2_weight_1_1"),
    ("dense_weight_3_0", "dense_weight_4_0"),
    ("maxpool_0", "maxpool_1"),
    ("softmax", "softmax_exp"),
    ("choice", "sample"),
    ("prediction", "mark"),
    ("explore_row", "explore_column"),
    ("explore_product_0", "explore_product_1"),
)

SETTINGS: Final = {
    "a kernel of 5x5": ("D6", "kernel_size=3x3", "kernel_size=5x5"),
    "a stride of 2": ("D8", "stride=1x1", "stride=2x2"),
    "a padding of 1": ("D6", "padding=0x0", "padding=1x1"),
    "three output channels": ("D6", "out_channels=2", "out_channels=3"),
    "a bias": ("D6", "bias=no", "bias=yes"),
    "pooling with a stride of 1": ("D10", "stride=2x2", "stride=1x1"),
    "no ReLU inline": ("E7", "yes", "no"),
    "another type": ("B10", "MaxPool2d", "AvgPool2d"),
    "another shape": ("F8", "2x24x24", "2x22x22"),
    "another layer read": ("C8", "relu1", "conv1"),
    "another name": ("A6", "conv1", "conv3"),
}


def deleted(name: str) -> Change:
    def change(package: Package) -> None:
        package.delete_name(name)

    return change


def redirected(name: str) -> Change:
    def change(package: Package) -> None:
        package.set_name(name, ELSEWHERE[name])

    return change


def exchanged(one: str, two: str) -> Change:
    def change(package: Package) -> None:
        package.exchange_names(one, two)

    return change


def local(name: str, title: str) -> Change:
    """A name of the workbook made one of a worksheet."""

    def change(package: Package) -> None:
        package.make_local(name, title)

    return change


def setting(address: str, old: str, new: str) -> Change:
    """A text of the table that says which network it is."""

    def change(package: Package) -> None:
        place = Place(package.at("network").sheet, address)
        xml = package.xml(place)
        assert old in xml, xml
        package.set_xml(place, xml.replace(old, new))

    return change


def deleted_and_wrong(name: str, wrong: str) -> Change:
    """A name deleted, so that nothing says what its cell should be, and another formula there."""

    def change(package: Package) -> None:
        package.wrap(package.at(name), wrong)
        package.delete_name(name)

    return change


def false_front(name: str, shown: str) -> Change:
    """The name moved to a copy out of sight, which is right; where a person looks is another: either may be named."""

    def change(package: Package) -> None:
        seen = package.at(name)
        hidden = seen.moved(0, 30)
        package.set_formula(hidden, package.formula(seen))
        package.set_formula(seen, shown)
        package.set_name(name, hidden.fixed)

    return change


def choice_out_of_sight(package: Package) -> None:
    """All formulas read another cell than the one with the drop-down."""
    seen = package.at("choice")
    hidden = seen.moved(0, 30)
    package.set_number(hidden, package.number(seen))
    package.set_name("choice", hidden.fixed)
    here, there = (place.fixed.rpartition("!")[2] for place in (seen, hidden))
    for address, formula in package.formulas(seen.sheet).items():
        if here in formula:
            package.set_formula(Place(seen.sheet, address), formula.replace(here, there))


def named_kernel(reference: str) -> Change:
    """A cell of a layer that reads its kernel by a name, which is a formula."""

    def change(package: Package) -> Place:
        package.set_name("kernel", reference)
        place = package.at("conv1_0", 11, 13)
        package.edit(place, "$AE$15:$AG$17", "kernel")
        return place

    return change


def twice(package: Package) -> None:
    """One name twice, for two cells."""
    package.replace(
        WORKBOOK, "</definedNames>", '<definedName name="prediction">Draw!$A$1</definedName></definedNames>'
    )


def deleted_sheet(title: str) -> Change:
    """A worksheet deleted that the network, or what a person chooses for it, needs."""

    def change(package: Package) -> None:
        delete(package, title)

    return change


def hidden_copy(wrong: Callable[[Package, str], None]) -> Change:
    """A veryHidden copy of the net's worksheet that all names mean, and something wrong on the one that is seen."""

    def change(package: Package) -> None:
        (title, *_) = package.titles()
        xml = package.text(package.part(title)).partition("<drawing")
        package.add_sheet("copy", f"{xml[0]}</worksheet>", "veryHidden")
        for name, reference in package.names().items():
            package.set_name(name, reference.replace(f"'{title}'!", "copy!"))
        wrong(package, title)

    return change


def wrong_logit(package: Package, title: str) -> None:
    """A trap on the choice in a logit of this worksheet."""
    place = Place(title, package.at("dense", 3).address)
    package.wrap(place, "IF($L$39=4,99,{old})")


def other_case(package: Package) -> None:
    """Excel does not tell small letters from capitals."""
    package.replace(WORKBOOK, 'name="prediction"', 'name="PREDICTION"')
    package.replace(WORKBOOK, 'name="conv1_0"', 'name="Conv1_0"')


def local_beside(package: Package) -> None:
    """Names of another worksheet that are like those of the workbook, which keeps its own."""
    package.make_local("prediction", "Draw", "Draw!$A$40")
    package.make_local("network", "Draw", "Draw!$A$41:$F$42")
    package.make_local("conv1_0", "Samples", "Samples!$A$1")


def own_name(package: Package) -> None:
    """A name of the reader's own."""
    package.set_name("rate", f"{NET}$GJ$9")


OTHERS: Final[dict[str, Change]] = {
    "mark deleted and wrong": deleted_and_wrong("mark", '"✓ right"'),
    "drawn_prediction deleted and wrong": deleted_and_wrong("drawn_prediction", "7"),
    "prediction deleted and wrong": deleted_and_wrong("prediction", "IF($L$39=4,4,{old})"),
    "explore_result deleted and wrong": deleted_and_wrong("explore_result", "IF($E$6=5,0.5,{old})"),
    "explore_words deleted and wrong": deleted_and_wrong("explore_words", "IF($E$6=5,0.5,{old})"),
    "explore_cell deleted and wrong": deleted_and_wrong("explore_cell", "IF($E$6=5,0.5,{old})"),
    "prediction behind a false front": false_front("prediction", "3"),
    "mark behind a false front": false_front("mark", '"✓ right"'),
    "drawn text behind a false front": false_front("drawn_prediction", "3"),
    "choice out of sight": choice_out_of_sight,
    "a kernel that depends on the choice": named_kernel(
        f"IF({NET}$L$39=4,{NET}$AE$43:$AG$45,{NET}$AE$15:$AG$17)",
    ),
    "a kernel by OFFSET": named_kernel(f"OFFSET({NET}$AE$15,{NET}$L$43,0,3,3)"),
    "a name twice": twice,
    "a hidden copy that is right": hidden_copy(wrong_logit),
    "worksheet Network deleted": deleted_sheet("Network"),
    "worksheet Draw deleted": deleted_sheet("Draw"),
    "worksheet Samples deleted": deleted_sheet("Samples"),
}
INNOCENT: Final[dict[str, Change]] = {
    "capitals": other_case,
    "names of another worksheet beside": local_beside,
    "a name of one's own": own_name,
    "a kernel by a name of one's own": named_kernel(f"{NET}$AE$15:$AG$17"),
}


def attacks() -> Iterator[Attack]:
    """All of this class."""
    yield from (Attack("names", f"{name} deleted", deleted(name)) for name in DELETED)
    yield from (Attack("names", f"{name} redirected", redirected(name)) for name in ELSEWHERE)
    yield from (Attack("names", f"{one}, {two} exchanged", exchanged(one, two)) for one, two in EXCHANGED)
    yield from (Attack("names", f"{name} made local", local(name, "Draw")) for name in DELETED)
    yield from (Attack("network", name, setting(*each)) for name, each in SETTINGS.items())
    yield from (Attack("names", name, change) for name, change in OTHERS.items())
    yield from (Attack("names", name, change, "innocent") for name, change in INNOCENT.items())
