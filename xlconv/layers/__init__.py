"""One frozen dataclass for each layer type, in a file of its own: its numbers, their validation, its output shape.

Names and meanings are PyTorch's (`torch.nn`). This package knows nothing of arrays, cells or formulas: each
reading of a layer (NumPy, formula text, PyTorch, ...) is a module of its own that dispatches on these classes.
Shapes are tuples without the batch: `(C, H, W)` for images, `(N,)` for vectors.
"""

from __future__ import annotations

from typing import Final

from xlconv.layers.base import Layer, Pair, Shape, shape_text
from xlconv.layers.conv2d import Conv2d
from xlconv.layers.flatten import Flatten
from xlconv.layers.linear import Linear
from xlconv.layers.max_pool2d import MaxPool2d
from xlconv.layers.relu import ReLU
from xlconv.layers.softmax import Softmax
from xlconv.layers.zero_pad2d import ZeroPad2d

__all__ = [
    "LAYER_TYPES",
    "Conv2d",
    "Flatten",
    "Layer",
    "Linear",
    "MaxPool2d",
    "Pair",
    "ReLU",
    "Shape",
    "Softmax",
    "ZeroPad2d",
    "shape_text",
]

LAYER_TYPES: Final[dict[str, type[Layer]]] = {
    cls.__name__: cls for cls in (Conv2d, ReLU, MaxPool2d, ZeroPad2d, Flatten, Linear, Softmax)
}
