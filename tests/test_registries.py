"""Every registry that a layer type has to be in: functions that dispatch on it, and plain dicts."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

import pytest

import xlconv
from tests.conftest import needs_torch
from tests.test_mean import ONE_OF_EACH
from xlconv.layers import LAYER_TYPES, Layer

TYPES = list(LAYER_TYPES.values())
Needs = Callable[[type[Layer]], bool]

OTHER: Needs = lambda each: not (each.elementwise or each.view)  # noqa: E731
"""Neither elementwise nor a view, so it needs a telling of its own."""
IN_PARTS: Needs = lambda each: bool(each.parts)  # noqa: E731
NOT_AT_ALL: Needs = lambda _: False  # noqa: E731

REGISTRIES: dict[str, Needs] = {
    "reference.apply": lambda _: True,
    "reference.part": IN_PARTS,
    "reference.from_parts": IN_PARTS,
    "mean.mean": lambda each: not each.elementwise,
    "mean.element": lambda each: each.elementwise,
    "mean.part": IN_PARTS,
    "emit.formula": OTHER,
    "emit.wrap": lambda each: each.elementwise,
    "emit.part_formula": IN_PARTS,
    "check.telling.tell": OTHER,
    "pages.explore.layers.reading": OTHER,
    "recover.assembly._NAMES": NOT_AT_ALL,
    "pages.sentences.sentences": lambda each: not (each.words or each.view),
}
"""Where a layer type has to be, and which types; all others need not be there."""


def modules() -> Iterator[ModuleType]:
    """All of the package that can be imported without PyTorch."""
    for found in pkgutil.walk_packages(xlconv.__path__, "xlconv."):
        if found.name not in ("xlconv.__main__", "xlconv.pytorch", "xlconv.train"):
            yield importlib.import_module(found.name)


@cache
def registries() -> dict[str, set[Any]]:
    """What dispatches on layer types, or is a dict with such keys, by its name; and the types in it."""
    found: dict[str, set[Any]] = {}
    for module in modules():
        home = module.__name__.removeprefix("xlconv.")
        for name, value in vars(module).items():
            keys = getattr(value, "registry", value if isinstance(value, dict) else {})
            mine = {key for key in keys if isinstance(key, type) and issubclass(key, Layer) and key is not Layer}
            is_here = getattr(value, "__module__", module.__name__) == module.__name__
            if mine and is_here:
                found[f"{home}.{name}"] = mine
    return found


def test_all_registries_are_listed() -> None:
    """Whatever dispatches on layer types is in the list above, and nothing else is."""
    assert registries().keys() == REGISTRIES.keys()


@pytest.mark.parametrize("name", REGISTRIES)
@pytest.mark.parametrize("layer_type", TYPES, ids=LAYER_TYPES)
def test_every_layer_type_is_in(layer_type: type[Layer], name: str) -> None:
    """Each type is in each registry that needs it."""
    assert layer_type in registries()[name] or not REGISTRIES[name](layer_type)


def test_every_layer_class_has_a_name() -> None:
    """No class in a file of `layers/` is left out of the list of types, or of the package's names."""
    classes = {each for each in subclasses(Layer) if each.__module__.startswith("xlconv.") and each.__name__[0] != "_"}
    assert classes == set(TYPES)
    assert all(
        getattr(xlconv.layers, name) is kind and name in xlconv.layers.__all__ for name, kind in LAYER_TYPES.items()
    )


def subclasses(of: type[Layer]) -> Iterator[type[Layer]]:
    for each in of.__subclasses__():
        yield each
        yield from subclasses(each)


@pytest.mark.parametrize("layer", [layer for layer, _ in ONE_OF_EACH], ids=str)
def test_settings_make_the_layer_again(layer: Layer) -> None:
    """What a layer says of itself is enough to make it, in a template and in a workbook."""
    assert type(layer)(**layer.settings()) == layer


@needs_torch
@pytest.mark.torch
@pytest.mark.parametrize("layer", [layer for layer, _ in ONE_OF_EACH], ids=str)
def test_every_layer_has_a_module(layer: Layer) -> None:
    """PyTorch has a module for each."""
    from xlconv.pytorch import module

    assert module(layer) is not None
