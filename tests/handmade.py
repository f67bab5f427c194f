"""One small network in workbooks as different people write them, by hand or by a program of their own.

Nothing here is shared with what writes xlconv's own workbooks: addresses, formulas and arrangements are stated in each
style. `STYLES` holds a function for each; it writes a file and says where its input and its probabilities stand and
which network it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, cycle
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from tests.pages import (
    Block,
    Constants,
    Numbers,
    Page,
    Spell,
    Spelled,
    areas,
    cells,
    constants,
    convolve,
    dense,
    down,
    each,
    numbers,
    pool,
    save,
    save_shared,
)
from xlconv.cells import Range
from xlconv.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Softmax
from xlconv.network import Network, Node


class Made(NamedTuple):
    """What a style has written.

    Args:
        input: Where the image stands.
        probabilities: Where the probabilities stand, in the order of the classes.
        network: What the workbook computes; its ReLUs are inline where the style has them in other formulas.
    """

    input: Range
    probabilities: list[Range]
    network: Network


def network(inline: bool) -> Network:
    """The network of all styles but `padded`: 1x10x10, 2x8x8, 2x6x6, 2x3x3, 4 probabilities."""
    return _network(Conv2d(1, 2, 3), Conv2d(2, 2, 3), 18, inline)


def padded_network() -> Network:
    """The network of `padded`: 1x10x10, 2x10x10, 2x5x5, 2x2x2, 4 probabilities."""
    return _network(Conv2d(1, 2, 3, padding=1), Conv2d(2, 2, 3, stride=2, padding=1), 8, inline=False)


def image(seed: int = 1) -> Numbers:
    """The image that stands in the workbooks, or another one; numbers as people type them."""
    return np.random.default_rng(seed).uniform(-1, 1, (1, 10, 10)).round(2)


def _network(conv1: Conv2d, conv2: Conv2d, features: int, inline: bool) -> Network:
    nodes = [
        Node("conv1", conv1),
        Node("relu1", ReLU(), inline=inline),
        Node("conv2", conv2),
        Node("relu2", ReLU(), inline=inline),
        Node("pool", MaxPool2d(2)),
        Node("flatten", Flatten()),
        Node("fc", Linear(features, 4)),
        Node("softmax", Softmax()),
    ]
    rng = np.random.default_rng(21)
    shapes = {f"{node.name}.{key}": shape for node in nodes for key, shape in node.layer.weight_shapes.items()}
    return Network((1, 10, 10), nodes, {key: rng.normal(0, 0.4, shape).round(3) for key, shape in shapes.items()})


# Styles


def cse(path: Path) -> Made:
    """Array formulas; channels below one another; pooled values two cells apart, the cells between blank."""
    net, page = network(inline=True), Page("Digit")
    x = numbers(page, "B3", image())
    conv1, conv2, pooled = areas(page, "R3 R14", 8), areas(page, "AE3 AE14", 6), areas(page, "AL3 AL14", 6)
    logits, exps, result = vectors(page, "BV3 BW3 BX3")
    apart = np.full((4, 2, 6, 6), np.nan)
    apart[:, :, ::2, ::2] = net.weights["fc.weight"].reshape(4, 2, 3, 3)
    w = {**net.weights, "fc.weight": apart}

    def conv(xs: Sequence[Block], ks: Sequence[Block], b: Block) -> str:
        return "{=MAX(0," + "+".join(f"SUM({x}*{k:$})" for x, k in zip(xs, ks, strict=True)) + f"+{b:$})}}"

    convolve(conv1, x, constants(page, w, "conv1", ("M3 M14", "M7 M18")), conv)
    convolve(conv2, conv1, constants(page, w, "conv2", ("AA3 AA7 AA14 AA18", "AA11 AA22")), conv)
    pool(pooled, conv2, lambda x: f"=MAX({x})", apart=2)
    by = constants(page, w, "fc", ("AS3 AS14 AZ3 AZ14 BG3 BG14 BN3 BN14", "AS11 AZ11 BG11 BN11"))
    dense(logits.cells(), pooled, by, plain)
    each([exps], [logits], lambda x: f"=EXP({x})")
    each([result], [exps], lambda x: f"={x}/SUM({exps:$})")
    save(path, page)
    return Made(x[0].range(), [result.range()], net)


def star(path: Path) -> Made:
    """`SUMPRODUCT(a*b)` behind the bias; ReLU as IF in blocks of its own; channels side by side, layers downwards."""
    net, page = network(inline=False), Page("Net")
    x = numbers(page, "C3", image())
    conv1, relu1 = areas(page, "C15 M15", 8), areas(page, "C25 M25", 8)
    conv2, relu2, pooled = areas(page, "C35 M35", 6), areas(page, "C43 M43", 6), areas(page, "C51 M51", 3)
    logits, exps, result = vectors(page, "P57 Q57 R57")

    def conv(xs: Sequence[Block], ks: Sequence[Block], b: Block) -> str:
        return f"={b:$}" + "".join(f"+SUMPRODUCT({x}*{k:$})" for x, k in zip(xs, ks, strict=True))

    convolve(conv1, x, constants(page, net.weights, "conv1", ("O3 S3", "O7 S7")), conv)
    each(relu1, conv1, lambda x: f"=IF({x}>0,{x},0)")
    convolve(conv2, relu1, constants(page, net.weights, "conv2", ("W15 AA15 W20 AA20", "AE15 AE20")), conv)
    each(relu2, conv2, lambda x: f"=IF({x}>0,{x},0)")
    pool(pooled, relu2, lambda x: f"=MAX({x})")
    by = constants(page, net.weights, "fc", (down("C G", 57, 4), down("K", 57, 4)), (2, 3, 3))
    dense(logits.cells(), pooled, by, conv)
    each([exps], [logits], lambda x: f"=EXP({x})")
    page["Q62"] = f"=SUM({exps})"
    each([result], [exps], lambda x: f"={x}/$Q$62")
    save(path, page)
    return Made(x[0].range(), [result.range()], net)


def long_sums(path: Path) -> Made:
    """Sums of single products, no range in them; pooling and the dense layer cell by cell, too."""
    net, page = network(inline=False), Page("Sheet1", heading="L10")
    x = numbers(page, "A1", image())
    conv1, relu1 = areas(page, "A13 A22", 8), areas(page, "K13 K22", 8)
    conv2, relu2, pooled = areas(page, "A31 A38", 6), areas(page, "K31 K38", 6), areas(page, "T31 T38", 3)
    logits, exps, result = vectors(page, "AX31 AY31 AZ31")

    def long_sum(xs: Sequence[Block], ks: Sequence[Block], b: Block) -> str:
        return "=" + "".join(f"{x}*{k:$}+" for x, k in zip(cells(xs), cells(ks), strict=True)) + f"{b:$}"

    convolve(conv1, x, constants(page, net.weights, "conv1", ("L1 L5", "P1 P5")), long_sum)
    each(relu1, conv1, lambda x: f"=MAX({x},0)")
    convolve(conv2, relu1, constants(page, net.weights, "conv2", ("T13 X13 T22 X22", "AB13 AB22")), long_sum)
    each(relu2, conv2, lambda x: f"=MAX({x},0)")
    pool(pooled, relu2, lambda x: f"=MAX({','.join(map(format, x.cells()))})")
    by = constants(page, net.weights, "fc", (down("AC", 31, 1), down("AV", 31, 1)), (1, 1, 18))
    dense(logits.cells(), pooled, by, long_sum)
    each([exps], [logits], lambda x: f"=EXP({x})")
    each([result], [exps], lambda x: f"={x}/SUM({exps:$})")
    save(path, page)
    return Made(x[0].range(), [result.range()], net)


def no_dollars(path: Path) -> Made:
    """Addresses without `$`, as a program spells them; from right to left; the classes in a row."""
    net, page = network(inline=True), Page("generated 01")
    x = numbers(page, "BA2", image())
    conv1, conv2, pooled = areas(page, "AL2 AL11", 8), areas(page, "Z2 Z11", 6), areas(page, "V2 V11", 3)
    (logits,), (result,) = areas(page, "A3", 1, 4), areas(page, "A5", 1, 4)

    def dot(xs: Sequence[Block], ks: Sequence[Block], b: Block) -> str:
        return "".join(f"SUMPRODUCT({x},{k})+" for x, k in zip(xs, ks, strict=True)) + f"{b}"

    def largest(x: Block) -> str:
        return "=MAX(MAX({},{}),MAX({},{}))".format(*x.cells())

    convolve(conv1, x, constants(page, net.weights, "conv1", ("AV2 AV6", "AV10 AW10")), relu(dot))
    convolve(conv2, conv1, constants(page, net.weights, "conv2", ("AG2 AG6 AG11 AG15", "AG20 AH20")), relu(dot))
    pool(pooled, conv2, largest)
    corners = "A10 A14 E10 E14 I10 I14 M10 M14", "A18 E18 I18 M18"
    dense(logits.cells(), pooled, constants(page, net.weights, "fc", corners, (2, 3, 3)), formula(dot))
    total = "+".join(f"EXP({x})" for x in logits.cells())
    each([result], [logits], lambda x: f"=EXP({x})/({total})")
    save(path, page)
    return Made(x[0].range(), [result.range()], net)


def sheets(path: Path) -> Made:
    """A worksheet for each step; the kernels of a layer in one column, without gaps."""
    net = network(inline=True)
    titles = "Input", "Weights", "Layer 1", "Layer 2", "Out"
    source, numbers_of, layer1, layer2, out = pages = [Page(title) for title in titles]
    x = numbers(source, "B3", image())
    conv1, conv2, pooled = areas(layer1, "A3 A12", 8), areas(layer2, "B5 I5", 6), areas(out, "A3", 6, 3)
    logits, exps, result = vectors(out, "E3 F3 G3")

    def dot(xs: Sequence[Block], ks: Sequence[Block], b: Block) -> str:
        return "".join(f"SUMPRODUCT({x:!},{k:!$})+" for x, k in zip(xs, ks, strict=True)) + f"{b:!$}"

    convolve(conv1, x, constants(numbers_of, net.weights, "conv1", ("A2 A5", "E2 E5")), relu(dot))
    convolve(conv2, conv1, constants(numbers_of, net.weights, "conv2", (down("G", 2, 3), "K2 K8")), relu(dot))
    pool(areas(out, "A3 A6", 3), conv2, lambda x: f"=MAX({x:!})")
    by = constants(numbers_of, net.weights, "fc", (down("M", 2, 6), down("Q", 2, 6)), (1, 6, 3))
    dense(logits.cells(), pooled, by, formula(dot))
    out["E8"], out["F8"] = f"=MAX({logits})", f"=SUM({exps})"
    each([exps], [logits], lambda x: f"=EXP({x}-$E$8)")
    each([result], [exps], lambda x: f"={x}/$F$8")
    save(path, *pages)
    return Made(x[0].range(), [result.range()], net)


def names(path: Path) -> Made:
    """Weights and vectors by defined names; layers from the bottom upwards."""
    net, page = network(inline=True), Page("CNN")
    w = net.weights
    x = numbers(page, "B50", image())
    conv1, conv2 = areas(page, "B38 L38", 8), areas(page, "B28 L28", 6)
    logits, exps, result = vectors(page, "B10 C10 B4")
    named = {"pooled": areas(page, "B18", 6, 3)[0], "logits": logits, "exps": exps}

    def by_name(of: tuple[list[list[Block]], list[Block]], channels: str, *inputs: str) -> Constants:
        kernels = [[f"{channel}{each_input}" for each_input in inputs] for channel in channels.split()]
        bias = [f"{channel}_bias" for channel in channels.split()]
        named.update(zip([*chain(*kernels), *bias], [*chain(*of[0]), *of[1]], strict=True))
        return kernels, bias

    def dot(xs: Sequence[Spelled], ks: Sequence[str], b: str) -> str:
        return "".join(f"SUMPRODUCT({x},{k})+" for x, k in zip(xs, ks, strict=True)) + b

    by = constants(page, w, "conv1", ("Z50 Z54", "AD50 AD54"))
    convolve(conv1, x, by_name(by, "first second", "_filter"), relu(dot))
    by = constants(page, w, "conv2", ("Z28 AD28 Z32 AD32", "AH28 AH32"))
    convolve(conv2, conv1, by_name(by, "third fourth", "_of_first", "_of_second"), relu(dot))
    pool(areas(page, "B18 B21", 3), conv2, lambda x: f"=MAX({x})")
    by = constants(page, w, "fc", ("Z3 AD3 AH3 AL3", "Z10 AD10 AH10 AL10"), (1, 6, 3))
    dense(logits.cells(), ["pooled"], by_name(by, "cat dog owl fox", ""), formula(dot))
    each([exps], [logits], lambda x: f"=EXP({x}-MAX(logits))")
    each([result], [exps], lambda x: f"={x}/SUM(exps)")
    save(path, page, names=named)
    return Made(x[0].range(), [result.range()], net)


def shared(path: Path) -> Made:
    """Excel's shared formulas: the text stands once for each block; the classes stand six rows apart."""
    net, page = network(inline=False), Page("Tabelle1")
    x = numbers(page, "E5", image())
    conv1, relu1 = areas(page, "Q5 Z5", 8), areas(page, "Q15 Z15", 8)
    conv2, relu2, pooled = areas(page, "Q25 Z25", 6), areas(page, "Q33 Z33", 6), areas(page, "Q41 Q44", 3)
    logits, exps, result = (areas(page, down(column, 41, 6), 1) for column in "IJK")

    convolve(conv1, x, constants(page, net.weights, "conv1", ("A5 A9", "A13 B13")), plain)
    each(relu1, conv1, lambda x: f"=MAX({x},0)")
    convolve(conv2, relu1, constants(page, net.weights, "conv2", ("A25 E25 A29 E29", "A33 B33")), plain)
    each(relu2, conv2, lambda x: f"=MAX({x},0)")
    pool(pooled, relu2, lambda x: f"=MAX({x})")
    by = constants(page, net.weights, "fc", (down("E", 41, 6), down("H", 41, 6)), (1, 6, 3))
    dense(logits, areas(page, "Q41", 6, 3), by, lambda xs, ks, b: f"=SUMPRODUCT({xs[0]:$},{ks[0]})+{b}")
    each(exps, logits, lambda x: f"=EXP({x})")
    each(result, exps, lambda x: f"={x}/SUM($J$41:$J$59)")
    save_shared(path, page, [*conv1, *relu1, *conv2, *relu2, *areas(page, "I41 J41 K41", 19, 1)])
    return Made(x[0].range(), [cell.range() for cell in result], net)


def mmult(path: Path) -> Made:
    """The dense layer as one array formula over a column of copies; kernels touch; softmax in one formula."""
    net, page = network(inline=True), Page("Model")
    x = numbers(page, "H2", image())
    conv1, conv2, pooled = areas(page, "S2 AB2", 8), areas(page, "S12 AB12", 6), areas(page, "S20 AB20", 3)
    (column,), (logits, result) = areas(page, "AL2", 18, 1), vectors(page, "AN2 AO2")

    def dot(xs: Sequence[Block], ks: Sequence[Block], b: Block) -> str:
        return f"=MAX({plain(xs, ks, b)[1:]},0)"

    convolve(conv1, x, constants(page, net.weights, "conv1", ("A2 D2", "A6 D6")), dot)
    convolve(conv2, conv1, constants(page, net.weights, "conv2", ("A8 D8 A11 D11", "A15 D15")), dot)
    pool(pooled, conv2, lambda x: f"=MAX({x})")
    each([column], cells(pooled), lambda x: f"={x}")
    (weight,) = numbers(page, "A30", net.weights["fc.weight"].reshape(1, 4, 18))
    (bias,) = numbers(page, "T30", net.weights["fc.bias"].reshape(1, 4, 1))
    logits.put(f"{{=MMULT({weight:$},{column:$})+{bias:$}}}")
    for member in logits.cells()[1:]:
        member.put(0.5)  # as if cached for another image
    largest = f"MAX({logits:$})"
    each([result], [logits], lambda x: f"=EXP({x}-{largest})/SUMPRODUCT(EXP({logits:$}-{largest}))")
    save(path, page)
    return Made(x[0].range(), [result.range()], net)


def padded(path: Path) -> Made:
    """Padding by blank cells around each image, one column of them between two channels; a stride of two."""
    net, page = padded_network(), Page("with padding")
    x = numbers(page, "C3", image())
    conv1, relu1 = areas(page, "C16 N16", 10), areas(page, "C30 N30", 10)
    conv2, relu2, pooled = areas(page, "C43 N43", 5), areas(page, "C50 N50", 5), areas(page, "C57 N57", 2)
    logits, exps, result = vectors(page, "C62 D62 E62")

    convolve(conv1, x, constants(page, net.weights, "conv1", ("AA3 AA7", "AE3 AE7")), plain, padding=1)
    each(relu1, conv1, lambda x: f"=MAX(0,{x})")
    by = constants(page, net.weights, "conv2", ("AA16 AE16 AA20 AE20", "AI16 AI20"))
    convolve(conv2, relu1, by, plain, stride=2, padding=1)
    each(relu2, conv2, lambda x: f"=MAX(0,{x})")
    pool(pooled, relu2, lambda x: f"=MAX({x})")
    by = constants(page, net.weights, "fc", (down("AA AD", 43, 3), down("AG", 43, 3)), (2, 2, 2))
    dense(logits.cells(), pooled, by, plain)
    page["C67"], page["D67"] = f"=MAX({logits})", f"=SUM({exps})"
    each([exps], [logits], lambda x: f"=EXP({x}-C$67)")
    each([result], [exps], lambda x: f"={x}/D$67")
    save(path, page)
    return Made(x[0].range(), [result.range()], net)


def mixture(path: Path) -> Made:
    """Kernels above what they read, swapped arguments, lower case, line breaks, labels, formulas of other kinds."""
    net, page = network(inline=True), Page("Überblick")
    x = numbers(page, "B9", image())
    conv1, conv2, pooled = areas(page, "O9 X9", 8), areas(page, "AH9 AO9", 6), areas(page, "AV9 AV13", 3)
    logits, exps, result = vectors(page, "B22 C22 D22")

    def dot(xs: Sequence[Block], ks: Sequence[Block], b: Block) -> str:
        return "sum( " + ",\n  ".join(f"sumproduct({k:$} , {x})" for x, k in zip(xs, ks, strict=True)) + f",{b:$} )"

    def conv(xs: Sequence[Block], ks: Sequence[Block], b: Block) -> str:
        return f"= max({dot(xs, ks, b)}, 0)"

    convolve(conv1, x, constants(page, net.weights, "conv1", ("B3 G3", "E4 J4")), conv)
    convolve(conv2, conv1, constants(page, net.weights, "conv2", ("O3 S3 X3 AB3", "V4 AE4")), conv)
    pool(pooled, conv2, lambda x: f"=Max( {x} )")
    by = constants(page, net.weights, "fc", (down("AH AL", 20, 4), down("AP", 20, 4)), (2, 3, 3))
    dense(logits.cells(), pooled, by, formula(dot))
    each([exps], [logits], lambda x: f"=exp({x})")
    each([result], [exps], lambda x: f"= {x} / sum({exps:$})")
    _write_asides(page, x[0], conv1[0])
    save(path, page)
    return Made(x[0].range(), [result.range()], net)


def _write_asides(page: Page, x: Block, conv: Block) -> None:
    """Labels, formulas and numbers that are no part of the network."""
    for corner, labels in {
        "A22": ["cat", "dog", "owl", "fox"],
        "B2": ["filter 1"],
        "G2": ["filter 2"],
        "O2": ["for channel 1"],
        "X2": ["for channel 2"],
        "B8": ["Input"],
        "AH8": ["second layer"],
        "D21": ["probability"],
        "L20": ["check sum", "printed", "average"],
        "M20": [f"=SUM({x})", "=TODAY()", f"=AVERAGE({conv})"],
    }.items():
        for cell, label in zip(areas(page, corner, len(labels), 1)[0].cells(), labels, strict=True):
            cell.put(label)
    numbers(page, "AZ60", np.arange(16.0).reshape(1, 4, 4))


def steps(path: Path) -> Made:
    """Every step in cells of its own: a product for each input channel, their sum with the bias, the ReLU."""
    net, page = network(inline=False), Page("Step by step")
    x = numbers(page, "B3", image())
    part1, sum1, relu1 = (areas(page, corners, 8) for corners in ("Q3 Q12", "Z3 Z12", "AI3 AI12"))
    part2, sum2, relu2 = (areas(page, at, 6) for at in ("H30 O30 H38 O38", "V30 V38", "AC30 AC38"))
    pooled, part3 = areas(page, "AJ30 AJ34", 3), areas(page, down("L M", 50, 4), 1)
    logits, exps, result = (areas(page, down(column, 50, 4), 1) for column in "NOP")

    for parts, sums, xs, layer, corners, shape in [
        (part1, sum1, x, "conv1", ("M3 M7", "M11 N11"), (1, 3, 3)),
        (part2, sum2, relu1, "conv2", (down("B", 30, 4), "F30 F38"), (2, 3, 3)),
        (part3, logits, pooled, "fc", (down("B F", 50, 4), down("J", 50, 4)), (2, 3, 3)),
    ]:
        kernels, bias = constants(page, net.weights, layer, corners, shape)
        _write_products(parts, xs, kernels)
        _write_sums(sums, parts, bias)
    each(relu1, sum1, lambda x: f"=MAX(0,{x})")
    each(relu2, sum2, lambda x: f"=MAX(0,{x})")
    pool(pooled, relu2, lambda x: f"=MAX({x})")
    each(exps, logits, lambda x: f"=EXP({x})")
    page["O65"] = "=" + "+".join(map(format, exps))
    each(result, exps, lambda x: f"={x}/$O$65")
    save(path, page)
    return Made(x[0].range(), [cell.range() for cell in result], net)


def _write_products(parts: Iterable[Block], inputs: Iterable[Block], kernels: Iterable[Iterable[Block]]) -> None:
    for part, kernel, x in zip(parts, chain.from_iterable(kernels), cycle(inputs), strict=False):
        for i, j in np.ndindex(part.height, part.width):
            part.part(i, j).put(f"=SUMPRODUCT({x.part(i, j, kernel.height, kernel.width)},{kernel:$})")


def _write_sums(sums: Sequence[Block], parts: Sequence[Block], biases: Sequence[Block]) -> None:
    count = len(parts) // len(sums)
    for at, (output, bias) in enumerate(zip(sums, biases, strict=True)):
        for i, j in np.ndindex(output.height, output.width):
            terms = (f"{part.part(i, j)}+" for part in parts[at * count :][:count])
            output.part(i, j).put(f"={''.join(terms)}{bias:$}")


# What several styles share


def vectors(page: Page, corners: str) -> list[Block]:
    """Columns of four cells."""
    return areas(page, corners, 4, 1)


def plain(xs: Sequence[Block], ks: Sequence[Block], b: Block) -> str:
    """`=SUMPRODUCT(A1:C3,$K$1:$M$3)+$O$1`."""
    return "=" + "".join(f"SUMPRODUCT({x},{k:$})+" for x, k in zip(xs, ks, strict=True)) + f"{b:$}"


def formula(dot: Spell) -> Spell:
    """Only the equals sign before it."""
    return lambda xs, ks, b: f"={dot(xs, ks, b)}"


def relu(dot: Spell) -> Spell:
    """`=MAX(0,...)`."""
    return lambda xs, ks, b: f"=MAX(0,{dot(xs, ks, b)})"


STYLES: Final[dict[str, Callable[[Path], Made]]] = {
    style.__name__: style
    for style in (cse, star, long_sums, no_dollars, sheets, names, shared, mmult, padded, mixture, steps)
}
