"""Template folders: a network, its weights and sample inputs, in files that a person can copy and change.

A folder holds `network.toml` (layers, classes, title, notes, where the weights come from), `weights.safetensors`,
`samples.npz` (`images` and uint8 `labels`) and a `README.md`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xlconv.doors import npz, tensors, toml
from xlconv.errors import NetworkError, TemplateError, quoted, shortened
from xlconv.layers import LAYER_TYPES, Layer, Shape, shape_text
from xlconv.network import INPUT, Network, Node

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT: Final = "conv-example"
FORMAT: Final = 1
_FILES: Final = ("network.toml", "weights.safetensors", "samples.npz")
_TEXTS: Final = ("title", "notes", "origin", "accuracy")
_HINT: Final = "for layers of other shapes, xlconv train --template learns weights that fit"
_PLACES: Final = (Path(__file__).parent / "_templates", Path(__file__).parent.parent / "templates")
"""Inside the installed package, else (editable install) beside it in the checkout."""


@dataclass(frozen=True)
class Samples:
    """Labelled inputs.

    Args:
        images: uint8 of shape (n, H, W), 0 to 255; or float64, the inputs as they are.
        labels: uint8 of shape (n,), indices of classes.
    """

    images: NDArray[np.uint8] | NDArray[np.float64]
    labels: NDArray[np.uint8]

    def of(self, label: int) -> NDArray[np.uint8] | NDArray[np.float64]:
        """All images of one class, in the file's order."""
        found: NDArray[np.uint8] | NDArray[np.float64] = self.images[self.labels == label]
        return found


@dataclass(frozen=True)
class Template:
    """A template folder, read and checked."""

    name: str
    network: Network
    samples: Samples
    title: str = ""
    notes: str = ""
    origin: str = ""
    """Where the weights come from."""
    accuracy: str = ""
    """As it was measured, and on what."""

    @property
    def about(self) -> list[tuple[str, str]]:
        """What there is to say of it: titles and paragraphs."""
        told = [("About", self.notes), ("Accuracy", self.accuracy), ("The weights", self.origin)]
        return [(title, text) for title, text in told if text]


def names() -> list[str]:
    """The names of the templates that come with xlconv."""
    found = {folder.name for place in _PLACES if place.is_dir() for folder in place.iterdir() if _is_template(folder)}
    return sorted(found)


def locate(name: str | Path) -> Path:
    """The folder of a template, given the folder itself or the name of one that comes with xlconv.

    Raises:
        TemplateError: There is no such template.
    """
    if Path(name).is_dir():
        return Path(name)
    if Path(name).name == str(name):
        for place in _PLACES:
            if _is_template(place / name):
                return place / name
    raise TemplateError(
        f"no template {str(name)!r}",
        hint=f"a folder with {', '.join(_FILES)}, or one of: {', '.join(names())}",
    )


def load(name: str | Path = DEFAULT, untrained: bool = False) -> Template:
    """Read a template folder by its path, or by name where it comes with xlconv.

    Args:
        name: The folder, or the name.
        untrained: Leave its weights unread, if there are any, and give zeros that fit the layers.

    Raises:
        TemplateError: The folder is missing, or a file in it is missing or unreadable.
        NetworkError: Its layers, shapes and weights do not make a network.
    """
    folder = locate(name)
    spec = _read_spec(_file(folder, "network.toml"))
    network = _read_network(folder, spec, untrained)
    samples = _read_samples(_file(folder, "samples.npz"), network)
    texts = {key: str(spec.get(key, "")) for key in _TEXTS}
    return Template(folder.resolve().name, network, samples, **texts)


def _read_network(folder: Path, spec: Mapping[str, Any], untrained: bool) -> Network:
    """The network that a `network.toml` and, unless untrained, a `weights.safetensors` state."""
    weights = None if untrained else tensors.load(_file(folder, "weights.safetensors"))
    try:
        nodes = [_node(dict(entry)) for entry in spec["layers"]]
        return Network(spec["input"], nodes, weights, [str(name) for name in spec["classes"]])
    except NetworkError as error:
        raise NetworkError(f"{folder}: {error.message}", error.hint or _HINT) from None


def _file(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise TemplateError(f"{folder}: no {name} in this template folder")
    return folder / name


def network_toml(template: Template) -> str:
    """The text of a template's `network.toml`."""
    network = template.network
    lines = [f"format = {FORMAT}", *(f"{key} = {_toml(getattr(template, key))}" for key in _TEXTS)]
    lines += [f"input = {_toml(network.input_shape)}", f"classes = {_toml(network.classes)}"]
    before = INPUT
    for node in network.nodes:
        lines += [
            "",
            "[[layers]]",
            f"name = {_toml(node.name)}",
            f"type = {_toml(type(node.layer).__name__)}",
        ]
        lines += [f"{key} = {_toml(value)}" for key, value in node.layer.settings(brief=True).items()]
        if node.inputs != (before,):
            lines.append(f"inputs = {_toml(node.inputs)}")
        if node.shares:
            lines.append(f"weights = {_toml(node.shares)}")
        if node.inline:
            lines.append("inline = true")
        before = node.name
    return "\n".join(lines) + "\n"


def save(template: Template, folder: Path, readme: str) -> None:
    """Write a template folder; the folder must exist and be empty.

    Args:
        template: What to write.
        folder: Where to.
        readme: The text of its README.md.
    """
    from safetensors.numpy import save_file

    (folder / "network.toml").write_text(network_toml(template), encoding="utf-8")
    save_file(dict(template.network.weights), folder / "weights.safetensors")
    (folder / "weights.safetensors").chmod((folder / "network.toml").stat().st_mode)  # safetensors writes it 0600
    np.savez_compressed(folder / "samples.npz", images=template.samples.images, labels=template.samples.labels)
    (folder / "README.md").write_text(readme, encoding="utf-8")


def _is_template(folder: Path) -> bool:
    return (folder / "network.toml").is_file()


def _toml(value: object) -> str:
    # Strings, whole numbers, booleans and lists of them read the same in JSON and TOML, DEL excepted.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read_spec(path: Path) -> dict[str, Any]:
    spec = toml.load(path)
    if spec.get("format") != FORMAT:
        raise TemplateError(f"{path}: format is {quoted(spec.get('format'))}, this xlconv reads format = {FORMAT}")
    for key in ("input", "classes"):
        if not isinstance(spec.get(key), list):
            raise TemplateError(f"{path}: {key} must be a list")
    layers = spec.get("layers")
    if not isinstance(layers, list) or not all(isinstance(entry, dict) for entry in layers):
        raise TemplateError(f"{path}: the layers must be [[layers]] tables")
    return spec


def _node(entry: dict[str, Any]) -> Node:
    name, kind = str(entry.pop("name", "")), str(entry.pop("type", ""))
    inputs, inline, shares = entry.pop("inputs", []), entry.pop("inline", False), entry.pop("weights", "")
    if not isinstance(inputs, list) or not all(isinstance(each, str) for each in inputs):
        raise NetworkError(f"layer {quoted(name)}: inputs must be a list of names, not {quoted(inputs)}")
    if not isinstance(inline, bool):
        raise NetworkError(f"layer {quoted(name)}: inline must be true or false, not {quoted(inline)}")
    if not isinstance(shares, str):
        raise NetworkError(f"layer {quoted(name)}: weights must be the name of a layer, not {quoted(shares)}")
    return Node(name, layer_from(name, kind, entry), tuple(inputs), inline, shares)


def layer_from(name: str, kind: str, settings: Mapping[str, Any]) -> Layer:
    """A layer by the name of its type.

    Raises:
        NetworkError: There is no such type, or it does not take these settings.
    """
    if kind not in LAYER_TYPES:
        raise NetworkError(
            f"layer {quoted(name)}: unknown type {quoted(kind)}", hint=f"known: {', '.join(LAYER_TYPES)}"
        )
    try:
        return LAYER_TYPES[kind](**settings)
    except NetworkError as error:
        raise NetworkError(f"layer {quoted(name)}: {error.message}", error.hint) from None
    except TypeError as error:
        text = str(error).replace("__init__()", "").replace(f"{kind}.", "").strip()
        raise NetworkError(f"layer {quoted(name)}: {kind} {shortened(text)}") from None


def _sample_shapes(shape: Shape) -> list[Shape]:
    """How a sample for such an input may be stored: as it is, flat, or without its only channel."""
    return [shape, (int(np.prod(shape)),), *([shape[1:]] if shape[0] == 1 and len(shape) == 3 else [])]


def _read_samples(path: Path, network: Network) -> Samples:
    arrays = npz.load(path, {"images": (np.uint8, np.float64), "labels": (np.uint8,)})
    images, labels = arrays["images"], arrays["labels"]
    if labels.ndim != 1 or labels.shape != images.shape[:1]:
        raise TemplateError(
            f"{path}: labels are {shape_text(labels.shape)}, images {shape_text(images.shape)}: not one for each image"
        )
    if images.dtype == np.float64 and not np.isfinite(images).all():
        raise TemplateError(f"{path}: an image holds NaN or infinity, which a cell cannot")
    if images.shape[1:] not in _sample_shapes(network.input_shape):
        raise TemplateError(
            f"{path}: images are {shape_text(images.shape[1:])}, the network reads {shape_text(network.input_shape)}"
        )
    if network.classes and labels.size and labels.max() >= len(network.classes):
        raise TemplateError(f"{path}: label {labels.max()}, but there are {len(network.classes)} classes")
    return Samples(images, labels)
