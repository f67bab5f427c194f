"""Training, on a small network and few images: seeded, interruptible, and saved as a template that works."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import needs_torch
from tests.test_digits import idx
from xlconv import templates
from xlconv.errors import DataError
from xlconv.layers import Flatten, Linear, Softmax
from xlconv.network import Network, Node
from xlconv.templates import Samples, Template

pytestmark = [needs_torch, pytest.mark.torch]


@pytest.fixture
def small() -> Template:
    """A network that tells which of two halves of a 1x4x4 image is light."""
    nodes = [Node("flat", Flatten()), Node("fc", Linear(16, 2)), Node("share", Softmax())]
    weights = {"fc.weight": np.zeros((2, 16)), "fc.bias": np.zeros(2)}
    network = Network((1, 4, 4), nodes, weights, ["left", "right"])
    images, labels = halves(20)
    return Template("small", network, Samples(images[:4], labels[:4]), "Left or right")


def halves(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (count, 4, 4), dtype=np.uint8)
    labels = rng.integers(0, 2, count, dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, 2 * label : 2 * label + 2] += 150
    return images, labels


def trained(small: Template, **settings: object):  # type: ignore[no-untyped-def]
    from xlconv.train import Recipe, Training

    images, labels = halves(200)
    recipe = Recipe(**{"epochs": 4, "max_lr": 0.1, "batch_size": 16, "augment": False, **settings})  # type: ignore[arg-type]
    run = Training(small.network, images, labels, 50, recipe)
    run.run()
    return run


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_it_learns(small: Template, optimizer: str) -> None:
    """A task that a line solves is solved on images that were held out, with rounded weights."""
    run = trained(small, optimizer=optimizer)
    assert run.best.accuracy > 0.95
    assert all((np.round(w, 4) == w).all() for w in run.best.weights.values())
    assert any((w != 0).any() for w in run.best.weights.values())


def test_the_same_seed_gives_the_same_weights(small: Template) -> None:
    """However many starts run side by side; another seed gives others."""
    runs = [trained(small, restarts=5, seed=seed, jobs=jobs).best for seed, jobs in ((3, 1), (3, 2), (4, 1))]
    assert runs[0].weights.keys() == runs[1].weights.keys() == small.network.weights.keys() != set()
    assert all((runs[0].weights[key] == runs[1].weights[key]).all() for key in runs[0].weights)
    assert any((runs[0].weights[key] != runs[2].weights[key]).any() for key in runs[0].weights)


def test_the_best_starts_go_on(small: Template) -> None:
    """Of many starts the best by held-out accuracy are trained in the next rounds, fewer each time."""
    from xlconv.train import Recipe, Training

    images, labels = halves(200)
    run = Training(small.network, images, labels, 50, Recipe(epochs=20, restarts=48, augment=False, jobs=2))
    seen = []
    run.on_epoch = seen.append
    run.run()
    starts = [{c.start for c in seen if c.round == number} for number in range(3)]
    assert [len(each) for each in starts] == [48, 6, 4]
    assert starts[2] <= starts[1] <= starts[0]
    ranks = {start: max(run.rank(c) for c in seen if (c.round, c.start) == (0, start)) for start in starts[0]}
    assert starts[1] == set(sorted(ranks, key=ranks.__getitem__)[-6:])
    assert run.best in seen
    assert run.rank(run.best) == max(map(run.rank, seen))


def test_interruption_keeps_the_best_so_far(small: Template) -> None:
    """Ctrl-C in the middle of a run leaves the best weights that there were."""
    from xlconv.train import Recipe, Training

    images, labels = halves(200)
    run = Training(small.network, images, labels, 50, Recipe(epochs=1000, augment=False))
    seen = []

    def interrupt(candidate: object) -> None:
        seen.append(candidate)
        if len(seen) == 3:
            raise KeyboardInterrupt

    run.on_epoch = interrupt  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert run.best in seen
    assert len(seen) == 3


def test_a_trained_template_is_saved_whole(small: Template, tmp_path: Path) -> None:
    """The folder loads, has the trained weights, and its README the accuracy that the NumPy reference measures."""
    from xlconv import train

    run = trained(small)
    train.save(run, small, tmp_path / "mine", force=False)
    loaded = templates.load(tmp_path / "mine")
    assert all((loaded.network.weights[key] == run.best.weights[key]).all() for key in run.best.weights)
    assert (loaded.samples.images == small.samples.images).all()
    measured = train.accuracy(loaded.network, *(each[-50:] for each in halves(200)))
    assert measured == run.best.accuracy
    assert f"{measured:.2%}" in (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")


def test_edges() -> None:
    """Two Sobel kernels, in either order and sign, have cosine 1; two alike have not."""
    from xlconv import train
    from xlconv.layers import Conv2d

    sobel = np.array([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]])
    net = Network((1, 8, 8), [Node("c", Conv2d(1, 2, 3, bias=False))], {"c.weight": np.ones((2, 1, 3, 3))})

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return train.edge_cosine(net, {"c.weight": np.stack([a, b])[:, None]})

    assert cosine(sobel, -sobel.T) == pytest.approx(1)
    assert cosine(3 * sobel.T, sobel) == pytest.approx(1)
    assert cosine(sobel, sobel) == pytest.approx(0)


@pytest.mark.parametrize(
    ("validation", "label", "size", "words"),
    [(200, 0, 4, "cannot be held out"), (50, 2, 4, "label 2 is beyond"), (50, 0, 5, "do not fit an input of 1x4x4")],
)
def test_data_that_does_not_fit(small: Template, validation: int, label: int, size: int, words: str) -> None:
    """Data of another kind is refused before any training."""
    from xlconv.train import Recipe, Training

    images, labels = np.zeros((200, size, size), np.uint8), np.full(200, label, np.uint8)
    with pytest.raises(DataError, match=words):
        Training(small.network, images, labels, validation, Recipe())


def test_the_command(small: Template, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`xlconv train` reads IDX files, shows its progress on stderr, and writes a template folder."""
    import subprocess
    import sys

    base, data = tmp_path / "base", tmp_path / "data"
    base.mkdir()
    data.mkdir()
    templates.save(small, base, "")
    images, labels = halves(200)
    (data / "train-images-idx3-ubyte").write_bytes(idx(images))
    (data / "train-labels-idx1-ubyte").write_bytes(idx(labels))
    command = [sys.executable, "-m", "xlconv", "train", "--data", str(data), "--template", str(base)]
    command += ["--output", str(tmp_path / "new"), "--validation", "50", "--epochs", "2", "--jobs", "1"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, f"{tmp_path / 'new'}\n"), said.stderr
    assert "best" in said.stderr
    assert templates.load(tmp_path / "new").network.nodes == small.network.nodes
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert again.stdout == ""
