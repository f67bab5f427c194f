"""A network as PyTorch modules (the optional extra `train`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch

import torch
from torch import Tensor, nn

from xlconv import layers
from xlconv.errors import NetworkError
from xlconv.layers import Layer
from xlconv.network import INPUT, FloatArray, Network


class TorchNetwork(nn.Module):
    """A network as PyTorch modules, float32 unless converted."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.parts = nn.ModuleList([module(node.layer) for node in network.nodes])
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """Each layer's output by name, for a batch of inputs."""
        done = {INPUT: inputs}
        for node, part in zip(self.network.nodes, self.parts, strict=True):
            done[node.name] = part(done[node.inputs[0]])
        return done

    def logits(self, inputs: Tensor) -> Tensor:
        """The last layer's output, before a closing softmax."""
        nodes = self.network.nodes
        last = nodes[-1].inputs[0] if isinstance(nodes[-1].layer, layers.Softmax) else nodes[-1].name
        return self.outputs(inputs)[last]

    def named_weights(self) -> dict[str, Tensor]:
        """The parameters, keyed as in the network."""
        names = {str(at): node.name for at, node in enumerate(self.network.nodes)}
        found: dict[str, Tensor] = {}
        for key, value in self.parts.named_parameters():
            at, name = key.split(".")
            found[f"{names[at]}.{name}"] = value
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
            for value in self.named_weights().values():
                fan_in = max(value[0].numel(), 1)
                value.uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=generator)
        return self


@singledispatch
def module(layer: Layer) -> nn.Module:
    """The PyTorch module of a layer."""
    raise NetworkError(f"PyTorch training does not know {type(layer).__name__}")


@module.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d) -> nn.Module:
    """`torch.nn.Conv2d`."""
    return nn.Conv2d(
        layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding, bias=layer.bias
    )


@module.register(layers.ReLU)
def relu(layer: layers.ReLU) -> nn.Module:
    """`torch.nn.ReLU`."""
    return nn.ReLU()


@module.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d) -> nn.Module:
    """`torch.nn.MaxPool2d`."""
    return nn.MaxPool2d(layer.kernel_size, layer.stride, layer.padding, ceil_mode=layer.ceil_mode)


@module.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d) -> nn.Module:
    """`torch.nn.ZeroPad2d`."""
    return nn.ZeroPad2d(layer.padding)


@module.register(layers.Flatten)
def flatten(layer: layers.Flatten) -> nn.Module:
    """`torch.nn.Flatten`."""
    return nn.Flatten()


@module.register(layers.Linear)
def linear(layer: layers.Linear) -> nn.Module:
    """`torch.nn.Linear`."""
    return nn.Linear(layer.in_features, layer.out_features, layer.bias)


@module.register(layers.Softmax)
def softmax(layer: layers.Softmax) -> nn.Module:
    """`torch.nn.Softmax`."""
    return nn.Softmax(dim=1)
