"""A network as PyTorch modules (the optional extra `train`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch

import torch
from torch import Tensor, nn
from torch.nn import functional

from xlconv import layers
from xlconv.errors import NetworkError
from xlconv.layers import Layer
from xlconv.network import INPUT, FloatArray, Network


class TorchNetwork(nn.Module):
    """A network as PyTorch modules, float32 unless converted, in evaluation unless `train()` is called."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        made: dict[str, nn.Module] = {}
        for node in network.nodes:
            made[node.name] = made[node.shares] if node.shares else module(node.layer)
        self.parts = nn.ModuleList(made.values())
        self.eval()
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """Each layer's output by name, for a batch of inputs."""
        done = {INPUT: inputs}
        for node, part in zip(self.network.nodes, self.parts, strict=True):
            done[node.name] = part(*(done[source] for source in node.inputs))
        return done

    def logits(self, inputs: Tensor) -> Tensor:
        """The last layer's output, before a closing softmax."""
        nodes = self.network.nodes
        last = (
            nodes[-1].inputs[0] if isinstance(nodes[-1].layer, (layers.Softmax, layers.LogSoftmax)) else nodes[-1].name
        )
        return self.outputs(inputs)[last]

    def named_weights(self) -> dict[str, Tensor]:
        """The parameters, and the means and variances of batch normalisation, keyed as in the network."""
        found: dict[str, Tensor] = {}
        for node, part in zip(self.network.nodes, self.parts, strict=True):
            there = dict(part.named_parameters()) | dict(part.named_buffers())
            found |= {key: there[name] for name, key in node.weight_keys().items() if key not in found}
        return found

    def loaded(self, weights: Mapping[str, FloatArray]) -> TorchNetwork:
        """Itself, with these weights."""
        with torch.no_grad():
            for key, value in self.named_weights().items():
                value.copy_(torch.tensor(weights[key]))
        return self

    def randomised(self, seed: int, start: int) -> TorchNetwork:
        """Itself, with PyTorch's usual random weights, drawn from the seed and the start's number."""
        generator = torch.Generator().manual_seed((seed << 20) + start)
        with torch.no_grad():
            for key, value in self.named_weights().items():
                if self.network[key.rpartition(".")[0]].layer.elementwise:
                    continue  # a normalisation begins with ones and zeros
                fan_in = max(value[0].numel(), 1)
                value.uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=generator)
        return self


@singledispatch
def module(layer: Layer) -> nn.Module:
    """The PyTorch module of a layer: the one of its name, unless said otherwise below, with its settings."""
    made = getattr(nn, type(layer).__name__, None)
    if made is None:
        raise NetworkError(f"PyTorch has no module {type(layer).__name__}")
    found: nn.Module = made(**layer.settings())
    return found


class _PaddedConv2d(nn.Conv2d):
    """`torch.nn.Conv2d` with a padding of its own for each side."""

    def __init__(self, layer: layers.Conv2d) -> None:
        super().__init__(**layer.settings() | {"padding": 0})  # type: ignore[arg-type]
        self.sides = layer.sides

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.pad(x, self.sides))


@module.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d) -> nn.Module:
    """`torch.nn.Conv2d`."""
    return _PaddedConv2d(layer)


@module.register(layers.Softmax)
@module.register(layers.LogSoftmax)
def softmax(layer: layers.Softmax | layers.LogSoftmax) -> nn.Module:
    """`torch.nn.Softmax` or `torch.nn.LogSoftmax` of each input of the batch."""
    return nn.Softmax(dim=1) if isinstance(layer, layers.Softmax) else nn.LogSoftmax(dim=1)


class _Add(nn.Module):
    def forward(self, *x: Tensor) -> Tensor:
        return torch.stack(x).sum(dim=0)


class _Concat(nn.Module):
    def forward(self, *x: Tensor) -> Tensor:
        return torch.cat(x, dim=1)


@module.register(layers.Add)
def add(_layer: layers.Add) -> nn.Module:
    """The sum of several inputs."""
    return _Add()


@module.register(layers.Concat)
def concat(_layer: layers.Concat) -> nn.Module:
    """`torch.cat` of several inputs."""
    return _Concat()
