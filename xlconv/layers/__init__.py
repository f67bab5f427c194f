"""One frozen dataclass for each layer type, in a file of its own: its numbers, their validation, its output shape.

Names and meanings are PyTorch's (`torch.nn`), and so are the constructors' arguments; those that change nothing here
are taken and forgotten, those that would change something are refused. This package knows nothing of arrays, cells or
formulas: each reading of a layer (NumPy, formula text, PyTorch, ...) is a module of its own that dispatches on these
classes. Shapes are tuples without the batch: `(C, H, W)` for images, `(N,)` for vectors.
"""

from __future__ import annotations

from typing import Final

from xlconv.layers.adaptive_avg_pool2d import AdaptiveAvgPool2d
from xlconv.layers.add import Add
from xlconv.layers.avg_pool2d import AvgPool2d
from xlconv.layers.base import Layer, Pair, Setting, Shape, Sides, shape_text
from xlconv.layers.batch_norm import BatchNorm1d, BatchNorm2d
from xlconv.layers.concat import Concat
from xlconv.layers.conv2d import Conv2d
from xlconv.layers.dropout import Dropout
from xlconv.layers.flatten import Flatten
from xlconv.layers.leaky_relu import LeakyReLU
from xlconv.layers.linear import Linear
from xlconv.layers.log_softmax import LogSoftmax
from xlconv.layers.max_pool2d import MaxPool2d
from xlconv.layers.reflection_pad2d import ReflectionPad2d
from xlconv.layers.relu import ReLU
from xlconv.layers.sigmoid import Sigmoid
from xlconv.layers.softmax import Softmax
from xlconv.layers.tanh import Tanh
from xlconv.layers.zero_pad2d import ZeroPad2d

__all__ = [
    "LAYER_TYPES",
    "AdaptiveAvgPool2d",
    "Add",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Concat",
    "Conv2d",
    "Dropout",
    "Flatten",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "Pair",
    "ReLU",
    "ReflectionPad2d",
    "Setting",
    "Shape",
    "Sides",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "ZeroPad2d",
    "shape_text",
]

LAYER_TYPES: Final[dict[str, type[Layer]]] = {
    cls.__name__: cls
    for cls in (
        *(Conv2d, Linear, MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, ZeroPad2d, ReflectionPad2d),
        *(ReLU, LeakyReLU, Sigmoid, Tanh, Softmax, LogSoftmax, BatchNorm2d, BatchNorm1d),
        *(Add, Concat, Flatten, Dropout),
    )
}
