"""Training with PyTorch (the optional extra `train`): many starts, of which the best go on.

Each start is a pure function of the seed and its number: one CPU thread, a random generator of its own. So the
result does not depend on how many run side by side. It does depend on PyTorch's version and the processor's
instructions, as all floating-point sums do.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from xlconv import digits, layers, reference, templates
from xlconv.errors import DataError
from xlconv.files import whole_folder
from xlconv.layers import Shape, shape_text
from xlconv.network import FloatArray, Network
from xlconv.pytorch import TorchNetwork
from xlconv.templates import Template

_SOBEL: Final = np.array([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]])
EDGE_COSINE: Final = 0.8
"""From this absolute cosine to a Sobel kernel on, a filter reads as an edge detector."""


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Args:
        epochs: Passes over the training images of the last round.
        restarts: Random starts; the best go on through shorter rounds to the last.
        optimizer: `adamw` or `sgd`, both with a one-cycle learning rate.
        max_lr: The cycle's peak.
        weight_decay: Decoupled for adamw; on Linear weights only.
        batch_size: Images a step.
        augment: Shift, turn and scale half of the images a little.
        prefer_edges: Where starts are chosen, those first whose first filters read as a horizontal and a
            vertical edge detector.
        decimals: To how many the weights are rounded, before accuracy is measured.
        seed: Of all random numbers.
        jobs: Starts that run side by side.
    """

    epochs: int = 100
    restarts: int = 1
    optimizer: str = "adamw"
    max_lr: float = 0.01
    weight_decay: float = 0.1
    batch_size: int = 128
    augment: bool = True
    prefer_edges: bool = False
    decimals: int = 4
    seed: int = 0
    jobs: int = 1

    def rounds(self) -> list[tuple[int, int]]:
        """How many starts run for how many epochs, round by round."""
        if self.restarts == 1:
            return [(1, self.epochs)]
        few, some = min(3, self.epochs), min(12, self.epochs)
        return [(self.restarts, few), (max(4, self.restarts // 8), some), (4, self.epochs)]


@dataclass(frozen=True)
class Candidate:
    """Weights on the way.

    Args:
        round: The number of the round, from 0.
        start: The number of the random start that they come from.
        epoch: Epochs done in this round.
        accuracy: Share of the held-out images recognised with the rounded weights.
        weights: Rounded, keyed as in the network.
        edges: How much the first filters read as edge detectors, see `edge_cosine`.
    """

    round: int
    start: int
    epoch: int
    accuracy: float
    weights: dict[str, FloatArray]
    edges: float


@dataclass
class Training:
    """One run; `best` is the best so far at any time, also after an interruption."""

    network: Network
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    validation: int
    recipe: Recipe
    on_epoch: Callable[[Candidate], None] = lambda _candidate: None
    best: Candidate | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not 0 < self.validation < len(self.images):
            raise DataError(f"{len(self.images)} images, so {self.validation} of them cannot be held out")
        if self.images[0].size != int(np.prod(self.network.input_shape)):
            raise DataError(
                f"images of {shape_text(self.images.shape[1:])} do not fit an input of "
                f"{shape_text(self.network.input_shape)}"
            )
        if self.labels.max() >= self.network.shapes[self.network.nodes[-1].name][0]:
            raise DataError(f"label {self.labels.max()} is beyond the network's last output")
        if self.recipe.optimizer not in ("adamw", "sgd"):
            raise DataError(f"optimizer must be adamw or sgd, not {self.recipe.optimizer!r}")

    def run(self) -> Candidate:
        """All rounds; returns the best weights found.

        Raises:
            KeyboardInterrupt: Ctrl-C; `best` then holds what there was.
        """
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        pool = ThreadPoolExecutor(self.recipe.jobs)
        try:
            self._run_rounds(pool)
        finally:
            self._stop.set()
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)
        assert self.best is not None
        return self.best

    def _run_rounds(self, pool: ThreadPoolExecutor) -> None:
        modules = [
            (start, TorchNetwork(self.network).randomised(self.recipe.seed, start))
            for start in range(self.recipe.restarts)
        ]
        for number, (count, epochs) in enumerate(self.recipe.rounds()):
            modules = modules[:count]
            jobs = [pool.submit(self._run_start, number, start, module, epochs) for start, module in modules]
            ranks = [job.result() for job in jobs]
            order = sorted(range(len(ranks)), key=ranks.__getitem__, reverse=True)
            modules = [modules[at] for at in order]

    def rank(self, candidate: Candidate) -> tuple[bool, float, int, int, int]:
        """By what the better of two candidates is told; never equal, so threads cannot change the outcome."""
        edges = self.recipe.prefer_edges and candidate.edges >= EDGE_COSINE
        return (edges, candidate.accuracy, candidate.round, -candidate.start, -candidate.epoch)

    def _offer(self, candidate: Candidate) -> None:
        with self._lock:
            if self.best is None or self.rank(candidate) > self.rank(self.best):
                self.best = candidate
            self.on_epoch(candidate)

    def _run_start(
        self, number: int, start: int, module: TorchNetwork, epochs: int
    ) -> tuple[bool, float, int, int, int]:
        """One start, one round: trains `module` in place, returns the rank of its best epoch."""
        seed = np.random.SeedSequence([self.recipe.seed, start, number]).generate_state(1)
        generator = torch.Generator().manual_seed(int(seed[0]))
        ranks = []
        for epoch, _ in enumerate(self._epochs(module, epochs, generator), 1):
            candidate = self._candidate(number, start, epoch, module)
            self._offer(candidate)
            ranks.append(self.rank(candidate))
        return max(ranks)

    def _epochs(self, module: TorchNetwork, epochs: int, generator: torch.Generator) -> Iterator[None]:
        recipe, count = self.recipe, len(self.images) - self.validation
        images, labels = torch.tensor(self.images[:count]), torch.tensor(self.labels[:count]).long()
        steps = -(-count // recipe.batch_size)
        optimizer = _optimizer(module, recipe)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.max_lr, epochs * steps)
        module.train()
        for _ in range(epochs):
            for batch in torch.split(torch.randperm(count, generator=generator), recipe.batch_size):
                if self._stop.is_set():
                    raise KeyboardInterrupt
                inputs = _inputs(images[batch], self.network.input_shape)
                if recipe.augment and inputs.dim() == 4:
                    inputs = _augmented(inputs, generator)
                loss = functional.cross_entropy(module.logits(inputs), labels[batch])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
            yield

    def _candidate(self, number: int, start: int, epoch: int, module: TorchNetwork) -> Candidate:
        weights: dict[str, FloatArray] = {
            key: np.round(value.detach().double().numpy(), self.recipe.decimals)
            for key, value in module.named_weights().items()
        }
        images, labels = (torch.tensor(each[-self.validation :]) for each in (self.images, self.labels))
        rounded = TorchNetwork(self.network).loaded(weights)
        with torch.no_grad():
            right = 0
            for x, y in zip(torch.split(images, 500), torch.split(labels, 500), strict=True):
                right += int(rounded.logits(_inputs(x, self.network.input_shape)).argmax(1).eq(y).sum())
        return Candidate(number, start, epoch, right / self.validation, weights, edge_cosine(self.network, weights))


def _inputs(images: Tensor, shape: Shape) -> Tensor:
    inputs = (images.float() / 255).reshape(-1, *shape)
    return inputs.contiguous(memory_format=torch.channels_last) if inputs.dim() == 4 else inputs


def _optimizer(module: TorchNetwork, recipe: Recipe) -> torch.optim.Optimizer:
    dense = [part.weight for part in module.modules() if isinstance(part, nn.Linear)]
    chosen = {id(weight) for weight in dense}
    rest = [weight for weight in module.parameters() if id(weight) not in chosen]
    groups = [{"params": dense, "weight_decay": recipe.weight_decay}, {"params": rest, "weight_decay": 0.0}]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.max_lr, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=recipe.max_lr)


def _augmented(images: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the images shifted by up to 1 pixel, turned by up to 6 degrees, scaled by up to 6 %."""
    count = len(images) // 2
    turn, scale, right, down = (torch.rand(4, count, generator=generator) * 2 - 1).unbind()
    angle, zoom = turn * (torch.pi * 6 / 180), 1 + 0.06 * scale
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    shift = 2 / images.shape[-1]  # affine_grid measures the width as 2
    rows = torch.stack([cos, -sin, right * shift, sin, cos, down * shift], dim=1).view(-1, 2, 3)
    grid = functional.affine_grid(rows, list(images[:count].shape), align_corners=False)
    moved = functional.grid_sample(images[:count], grid, align_corners=False)
    return torch.cat([moved, images[count:]]).contiguous(memory_format=torch.channels_last)


def edge_cosine(network: Network, weights: dict[str, FloatArray]) -> float:
    """How much two filters of the first layer read as a horizontal and a vertical edge detector.

    Returns:
        The smaller absolute cosine to the two Sobel kernels, of the best pair; 0 where the first layer is no
        convolution of one channel with 3x3 filters.
    """
    first = network.nodes[0]
    if not isinstance(first.layer, layers.Conv2d) or first.layer.weight_shapes["weight"][1:] != (1, 3, 3):
        return 0.0
    filters = weights[f"{first.name}.weight"][:, 0]
    pairs = itertools.permutations(filters, 2)
    return max((min(_cosine(a, _SOBEL), _cosine(b, _SOBEL.T)) for a, b in pairs), default=0.0)


def _cosine(a: FloatArray, b: FloatArray) -> float:
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return abs(float((a * b).sum())) / size if size else 0.0


def accuracy(network: Network, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> float:
    """The share of images whose label the NumPy reference gives, in float64."""
    right = 0
    for image, label in zip(images, labels, strict=True):
        outputs = reference.forward(network, digits.scaled(image, network.input_shape))
        right += reference.predict(network, outputs) == label
    return right / len(images)


@contextmanager
def progress_bar(run: Training) -> Iterator[None]:
    """Show on stderr how far a run is, and the accuracy of the best weights so far."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rounds = run.recipe.rounds()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("starting", total=sum(count * epochs for count, epochs in rounds))

        def show(candidate: Candidate) -> None:
            best = run.best.accuracy if run.best else 0.0
            text = f"round {candidate.round + 1} of {len(rounds)}, best {best:.2%}"
            progress.update(task, advance=1, description=text)

        run.on_epoch = show
        yield


def save(run: Training, template: Template, folder: Path, force: bool) -> None:
    """Write the best weights so far as a template folder, with the accuracy that the NumPy reference measures."""
    assert run.best is not None
    network = Network(run.network.input_shape, run.network.nodes, run.best.weights, run.network.classes)
    held_out = accuracy(network, run.images[-run.validation :], run.labels[-run.validation :])
    text = _README.format(
        title=template.title,
        accuracy=held_out,
        validation=run.validation,
        count=len(run.images) - run.validation,
        base=template.name,
        recipe=run.recipe,
        torch=torch.__version__,
        best=run.best,
    )
    origin = f"Trained on {len(run.images) - run.validation:,} images with PyTorch {torch.__version__} by xlconv train."
    measured = f"{held_out:.2%} on {run.validation:,} images that were held out of the training."
    trained = replace(template, network=network, origin=origin, accuracy=measured)
    with whole_folder(folder, force) as temporary:
        templates.save(trained, temporary, text)


_README: Final = """# {title}

The layers and samples of template `{base}`, with weights of its own.

Accuracy: {accuracy:.2%} on the last {validation} images of the data, which were held out of the training, by the
NumPy reference with the weights as they stand here. The best epoch was chosen on the same images, so expect a little
less on new ones.

Trained on {count} images with PyTorch {torch}: {recipe}
Best: start {best.start}, round {best.round}, epoch {best.epoch}. The first filters read as edge detectors by
{best.edges:.3f} (the smaller absolute cosine to the two Sobel kernels).
"""
