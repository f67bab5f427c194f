"""Networks of which the worksheet `Explore` is put to the test, and what it says of some of their elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xlconv.layers import (
    AdaptiveAvgPool2d,
    Add,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    LogSoftmax,
    MaxPool2d,
    ReflectionPad2d,
    ReLU,
    Shape,
    Sigmoid,
    Softmax,
    Tanh,
    ZeroPad2d,
)
from xlconv.network import Network, Node
from xlconv.pages.explore import ElementChoice


def made(input_shape: Shape, layers: Sequence[Layer | tuple[Layer]]) -> Network:
    """A network with random weights; a layer in a tuple is inline."""
    nodes = []
    for at, layer in enumerate(layers):
        inner = layer[0] if isinstance(layer, tuple) else layer
        nodes.append(Node(f"l{at}", inner, inline=isinstance(layer, tuple)))
    return grown(input_shape, nodes)


def grown(input_shape: Shape, nodes: Sequence[Node], decimals: int = 3) -> Network:
    """A network with random weights of so many decimals; variances are not below zero."""
    blank, rng, weights = Network(input_shape, nodes, None), np.random.default_rng(4), {}
    for key, zeros in blank.weights.items():
        drawn = rng.normal(0, 0.5, zeros.shape).round(decimals)
        weights[key] = np.abs(drawn) if key in blank.never_negative else drawn
    return Network(input_shape, nodes, weights)


NETWORKS = {
    "padding, strides, biases": made(
        (2, 7, 6),
        [
            ZeroPad2d((1, -1, 2, 0)),
            Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(2, 1)),
            ReLU(),
            MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
            Conv2d(3, 2, 1, bias=False),
            (ReLU(),),
            Flatten(),
            Linear(32, 5),
            (ReLU(),),
            Linear(5, 4),
            ReLU(),
            Linear(4, 3, bias=False),
            Softmax(),
        ],
    ),
    "many dense outputs": made((2, 3, 2), [Conv2d(2, 9, 2), Flatten(), Linear(18, 11)]),
    "a vector": made((4,), [Linear(4, 3), (ReLU(),), Softmax()]),
    "a flattened image": made((2, 2, 3), [Flatten(), ReLU(), Linear(12, 2)]),
    "softmax of a flattened image": made((2, 2, 3), [ZeroPad2d((0, -1, 0, 0)), Flatten(), Softmax()]),
    "no convolution": made((2, 5, 5), [MaxPool2d(2, ceil_mode=True), (ReLU(),), ZeroPad2d(1)]),
    "one cell": made((1, 1, 1), [Conv2d(1, 1, 1)]),
    "a graph of images": grown(
        (4, 5, 6),
        [
            Node("depth", Conv2d(4, 4, (2, 3), padding=(1, 1, 0, 1), groups=4, bias=False)),
            Node("norm", BatchNorm2d(4), inline=True),
            Node("leak", LeakyReLU(0.2), inline=True),
            Node("again", Conv2d(4, 4, (2, 3), padding=(1, 1, 0, 1), groups=4, bias=False), shares="depth"),
            Node("sum", Add(), ("again", "leak", "input")),
            Node("bent", Sigmoid(), inline=True),
            Node("apart", Conv2d(4, 2, 2, (1, 2), 1, 2, 2)),
            Node("both", Concat(), ("leak", "bent", "input")),
            Node("two", Tanh()),
            Node("mirror", ReflectionPad2d((2, 0, 1, 3)), ("bent",)),
            Node("mean", AvgPool2d((3, 2), (2, 2), 1, ceil_mode=True)),
            Node("less", AvgPool2d((3, 2), (2, 2), 1, count_include_pad=False), ("mirror",)),
            Node("out", Dropout()),
            Node("one", AdaptiveAvgPool2d(1)),
            Node("flat", Flatten()),
            Node("dense", Linear(4, 3)),
        ],
    ),
    "a graph of vectors": grown(
        (3,),
        [
            Node("a", Linear(3, 3)),
            Node("b", Linear(3, 3), shares="a"),
            Node("bent", Tanh(), inline=True),
            Node("both", Concat(), ("a", "bent", "input")),
            Node("norm", BatchNorm1d(9, affine=False)),
            Node("sum", Add(), ("norm", "both", "both")),
            Node("leak", LeakyReLU()),
            Node("log", LogSoftmax()),
            Node("share", Softmax(), ("both",)),
        ],
    ),
}


SMALL = Network(
    (1, 2, 2),
    [
        Node("conv", Conv2d(1, 1, 2, padding=1)),
        Node("pool", MaxPool2d(2, ceil_mode=True), ("conv",)),
        Node("pad", ZeroPad2d((1, 0, 0, 0)), ("conv",)),
        Node("relu", ReLU(), ("conv",)),
        Node("flat", Flatten(), ("input",)),
        Node("dense", Linear(4, 2, bias=False), ("flat",)),
        Node("relu2", ReLU(), ("dense",)),
        Node("softmax", Softmax(), ("dense",)),
        Node("strided", Conv2d(1, 1, 1, stride=(1, 2), bias=False), ("input",)),
        Node("inline", ReLU(), inline=True),
    ],
    {
        "conv.weight": [[[[1, 2], [3, -4]]]],
        "conv.bias": [0.5],
        "dense.weight": [[1, 0, 0, -1], [0, -1, -1, 1]],
        "strided.weight": [[[[-1]]]],
    },
)
"""Reads 1 2 / 3 4; the convolution is -3.5 -4.5 6.5 / -9.5 -1.5 14.5 / 6.5 11.5 4.5, the dense layer -3 -1."""

OF_SMALL = {
    ElementChoice("conv", 0, 0, 1): "In layer 'conv', channel 0, row 0, column 1: the filter lies on rows -1 to 0 and "
    "columns 0 to 1 of the input. Outside there are zeros. The products and the bias, 0.5, add up to -4.5.",
    ElementChoice("conv", 0, 1, 1): "In layer 'conv', channel 0, row 1, column 1: the filter lies on rows 0 to 1 and "
    "columns 0 to 1 of the input. The products and the bias, 0.5, add up to -1.5.",
    ElementChoice(
        "pool", 0, 1, 0
    ): "In layer 'pool', channel 0, row 1, column 0: the largest number in rows 2 to 3 and "
    "columns 0 to 1 of layer 'conv', channel 0, is 11.5. Outside there is nothing to read. "
    "The stride is 2 down and 2 to the right.",
    ElementChoice("pad", 0, 1, 1): "In layer 'pad', channel 0, row 1, column 1: "
    "here stands what layer 'conv' has in row 1, column 0: -9.5.",
    ElementChoice("pad", 0, 1, 0): "In layer 'pad', channel 0, row 1, column 0: "
    "row 1, column -1 lies outside of layer 'conv', and what stands there is 0.",
    ElementChoice("relu", 0, 1, 1): "In layer 'relu', channel 0, row 1, column 1: layer 'conv' has -1.5 in this place. "
    "This is below zero, and ReLU makes it 0.",
    ElementChoice("dense", 1): "In layer 'dense', element 1: each number of the input (2 rows and 2 columns) "
    "has a weight of its own. The products add up to -1.",
    ElementChoice("relu2", 1): "In layer 'relu2', element 1: layer 'dense' has -1 in this place. "
    "This is below zero, and ReLU makes it 0.",
    ElementChoice(
        "softmax", 0
    ): "In layer 'softmax', element 0: x is -3. The largest of all is -1, and x less that is -2. "
    "The exponential of this is 0.1353; divided by the sum of all exponentials, 1.1353, it is a share of 0.1192.",
    ElementChoice("strided", 0, 1, 0): "In layer 'strided', channel 0, row 1, column 0: the filter lies on row 1 and "
    "column 0 of the input. The stride is 1 down and 2 to the right. "
    "The products add up to -3. This is below zero, and ReLU makes it 0.",
}


GRAPH = Network(
    (1, 2, 2),
    [
        Node("conv", Conv2d(1, 1, 2, padding=1)),
        Node("relu", ReLU()),
        Node("flat", Flatten(), ("input",)),
        Node("dense", Linear(4, 2, bias=False)),
        Node("relu2", ReLU()),
        Node("mean", AvgPool2d(2, 2, 1), ("conv",)),
        Node("less", AvgPool2d(2, 2, 1, count_include_pad=False), ("conv",)),
        Node("all", AdaptiveAvgPool2d(1), ("conv",)),
        Node("mirror", ReflectionPad2d((1, 0, 0, 0)), ("conv",)),
        Node("sum", Add(), ("conv", "relu", "conv")),
        Node("joined", Concat(), ("conv", "relu", "conv", "sum")),
        Node("vectors", Concat(), ("dense", "relu2")),
        Node("leak", LeakyReLU(0.1), ("conv",)),
        Node("norm", BatchNorm2d(1, eps=1), ("input",)),
        Node("bent", Sigmoid(), inline=True),
        Node("last", ReLU(), inline=True),
        Node("log", LogSoftmax(), ("dense",)),
        Node("apart", Conv2d(1, 1, 2, padding=1, dilation=(1, 2), bias=False), ("conv",)),
        Node("two", Conv2d(4, 2, 1, groups=2, bias=False), ("joined",)),
        Node("four", Conv2d(4, 4, 1, groups=4, bias=False), ("joined",)),
    ],
    {
        **{key: SMALL.weights[key] for key in ("conv.weight", "conv.bias", "dense.weight")},
        "norm.weight": [2],
        "norm.bias": [-3],
        "norm.running_mean": [1],
        "norm.running_var": [3],
        "apart.weight": [[[[1, 2], [3, -1]]]],
        "two.weight": [[[[1]], [[0]]], [[[1]], [[2]]]],
        "four.weight": [[[[n]]] for n in range(4)],
    },
)
"""The same convolution and dense layer, and what there is further."""

OF_GRAPH = {
    ElementChoice("mean", 0, 0, 0): "In layer 'mean', channel 0, row 0, column 0: the mean of rows -1 to 0 and "
    "columns -1 to 0 of layer 'conv', channel 0, is -0.875. Outside there are zeros. "
    "The stride is 2 down and 2 to the right.",
    ElementChoice("less", 0, 0, 0): "In layer 'less', channel 0, row 0, column 0: the mean of rows -1 to 0 and "
    "columns -1 to 0 of layer 'conv', channel 0, is -3.5. Outside there is nothing to read. "
    "The stride is 2 down and 2 to the right.",
    ElementChoice("all", 0, 0, 0): "In layer 'all', channel 0, row 0, column 0: the mean of rows 0 to 2 and "
    "columns 0 to 2 of layer 'conv', channel 0, is 2.7222.",
    ElementChoice("mirror", 0, 1, 0): "In layer 'mirror', channel 0, row 1, column 0: "
    "here stands what layer 'conv' has in row 1, column 1: -1.5.",
    ElementChoice("sum", 0, 1, 2): "In layer 'sum', channel 0, row 1, column 2: "
    "the numbers of layer 'conv' and layer 'relu' and layer 'conv' in this place add up to 43.5.",
    ElementChoice("joined", 1, 1, 1): "In layer 'joined', channel 1, row 1, column 1: "
    "here stands what layer 'relu' has in this place of its channel 0: 0.",
    ElementChoice("joined", 2, 1, 1): "In layer 'joined', channel 2, row 1, column 1: "
    "here stands what layer 'conv' has in this place of its channel 0: -1.5.",
    ElementChoice("vectors", 3): "In layer 'vectors', element 3: here stands element 1 of layer 'relu2': 0.",
    ElementChoice("vectors", 1): "In layer 'vectors', element 1: here stands element 1 of layer 'dense': -1.",
    ElementChoice("leak", 0, 1, 1): "In layer 'leak', channel 0, row 1, column 1: layer 'conv' has -1.5 in this place. "
    "Through LeakyReLU it becomes -0.15.",
    ElementChoice("norm", 0, 1, 1): "In layer 'norm', channel 0, row 1, column 1: the input has 4 in this place. "
    "Through BatchNorm2d and Sigmoid and ReLU it becomes 0.5.",
    ElementChoice("log", 0): "In layer 'log', element 0: x is -3. The largest of all is -1, and x less that is -2. "
    "Of this the logarithm of the sum of all exponentials, 1.1353, is taken away, which leaves -2.1269.",
    ElementChoice("apart", 0, 0, 1): "In layer 'apart', channel 0, row 0, column 1: the filter lies on rows -1 to 0 "
    "and columns 0 to 2 of layer 'conv'. Outside there are zeros. "
    "From one number that it reads to the next it is 1 down and 2 to the right. The products add up to -17.",
    ElementChoice("two", 1, 1, 2): "In layer 'two', channel 1, row 1, column 2: the filter lies on row 1 and column 2 "
    "of layer 'joined', in channels 2 to 3. The products add up to 101.5.",
    ElementChoice(
        "four", 3, 1, 2
    ): "In layer 'four', channel 3, row 1, column 2: the filter lies on row 1 and column 2 "
    "of layer 'joined', in channel 3. The products add up to 130.5.",
}

SENTENCES = {"layers in a row": (SMALL, OF_SMALL), "a graph": (GRAPH, OF_GRAPH)}
"""Networks that read `X`, and what is said of some of their elements."""

X = np.array([[[1.0, 2.0], [3.0, 4.0]]])
