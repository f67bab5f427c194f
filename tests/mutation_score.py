"""How many of some thousand planted faults the checker finds: `python -m tests.mutation_score --changes 5000`.

Workbooks of the template's network in which digits are chosen, and of random networks with layers of all types, in rows
and in graphs, are put to the self-test: layers, the look-up of the input, and all that `Explore` shows.
Weights are changed, too, which counts where the network is known that the workbook should have. In the same workbooks
as they were written nothing must be found.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import hypothesis
import numpy as np

from tests import strategies
from xlconv import reader, templates, workbook
from xlconv.check import networks_of, verify
from xlconv.engines import DEFAULT, Engine, by_name
from xlconv.layers import Layer
from xlconv.network import FloatArray, Network
from xlconv.pages.choices import Chosen
from xlconv.processes import pool, processors
from xlconv.reader import Cell
from xlconv.selftest import Result, SelfTest, self_test
from xlconv.selftest.copies import Copies
from xlconv.templates import Samples

DIGITS = (1, 3, 5, 7, 9)
SHARE = 5
"""One change in so many is one of the template's workbooks."""
EACH = 40
"""Changes of each workbook of a random network."""
LEAST_FORMULAS = 15


@dataclass(frozen=True)
class Item:
    """A workbook that is to be written, and how many faults are to be planted in it."""

    name: str
    network: Network
    x: FloatArray | Chosen
    changes: int
    seed: int
    samples: Samples | None = None


@dataclass
class Score:
    """What came of one workbook: its self-test, the weights changed and found, what was found in it unchanged."""

    item: str
    results: list[Result] = field(default_factory=list)
    inputs: int = 0
    engine: str = ""
    weights: int = 0
    weights_named: int = 0
    unchanged: list[str] = field(default_factory=list)


def score(item: Item) -> Score:
    """Write a workbook and put the checker to the test on it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{item.name}.xlsx"
        workbook.write(item.network, item.x, path, samples=item.samples)
        engine = by_name(DEFAULT, isolated=False)  # the workbooks are of our own making
        report = verify(path, [engine], random=20 if item.changes else 3)
        made = Score(item.name, unchanged=[f"{finding.rule} {finding.cell}" for finding in report.findings])
        if not report.agrees and not made.unchanged:
            made.unchanged = [report.verdict]
        if item.changes:
            test = self_test(path, count=item.changes, seed=item.seed, jobs=1, isolated=False)
            made.results, made.inputs, made.engine = test.results, test.inputs, test.engine
            made.weights, made.weights_named = weight_changes(path, item, engine)
    return made


def weight_changes(path: Path, item: Item, engine: Engine) -> tuple[int, int]:
    """Change some weights, one in each copy; how many, and for how many that very cell is named, and no other."""
    rng, book = Random(item.seed), reader.read(path)
    copies = Copies(book)
    (found,) = networks_of(book).networks
    cells = np.concatenate([np.empty(0, np.int64), *(places.ravel() for places in found.weights.values())]).tolist()
    variances = [places.ravel() for key, places in found.weights.items() if key in found.network.never_negative]
    positive = set(np.concatenate([np.empty(0, np.int64), *variances]).tolist())
    picked = rng.sample(cells, min(len(cells), item.changes // 10))
    named = 0
    for place in picked:
        where = found.atlas.cell(place)
        number = book.cell(*where[:3]).value
        assert isinstance(number, float)
        other = number + 1.0 if place in positive else -number  # a variance below zero is refused
        changed = rng.choice([number * 1.001, other, number + 1e-6]) or 1.0
        path.with_name("changed.xlsx").write_bytes(copies.with_cell(where, Cell(None, changed)).package)
        report = verify(path.with_name("changed.xlsx"), [engine], random=0, against=item.network)
        named += {finding.cell for finding in report.findings if finding.rule != "stale"} == {where.place}
    return len(picked), named


def items(changes: int, unchanged: int, seed: int) -> Iterator[Item]:
    """Workbooks enough for so many changes, and some more that stay as they are."""
    template = templates.load()
    for digit in DIGITS:
        planted = changes // SHARE // len(DIGITS)
        yield Item(f"digit {digit}", template.network, Chosen(digit), planted, seed, template.samples)
    many = (changes - changes // SHARE) // EACH
    for at, network in enumerate(random_networks(many + unchanged, seed)):
        planted = EACH if at < many else 0
        yield Item(f"network {at}", network, strategies.inputs(network, seed + at), planted, seed + at)


def random_networks(count: int, seed: int) -> list[Network]:
    """The same ones for the same seed, none with hardly any formulas; the first ones have layers of all types."""
    found: list[Network] = []
    while len(found) < count:
        found += [network for network in _drawn(2 * count, seed) if _formulas(network) >= LEAST_FORMULAS]
        seed += 1_000_003
    return _varied_first(found)[:count]


def _varied_first(networks: list[Network]) -> list[Network]:
    """Each time the one with most types of layers that none before it has, until there is no such network."""
    left, first, seen = list(networks), [], set[type[Layer]]()
    while new := max((len(_types(network) - seen) for network in left), default=0):
        at = next(at for at, network in enumerate(left) if len(_types(network) - seen) == new)
        seen |= _types(left[at])
        first.append(left.pop(at))
    return first + left


def _types(network: Network) -> set[type[Layer]]:
    return {type(node.layer) for node in network.nodes}


def _formulas(network: Network) -> int:
    shown = (node for node in network.nodes if not (node.inline or node.layer.view))
    return sum(int(np.prod(network.shapes[node.name])) for node in shown)


def _drawn(count: int, seed: int) -> list[Network]:
    found: list[Network] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategies.networks())
    def draw(network: Network) -> None:
        found.append(network)

    draw()
    return found


def main() -> int:
    """Print the score; 0 if all was found, and nothing where nothing was changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=5000, help="faults to plant")
    parser.add_argument("--unchanged", type=int, default=200, help="further workbooks to be left as they are")
    parser.add_argument("--seed", type=int, default=0, help="of all chance")
    parser.add_argument("--jobs", type=int, default=0, help="processes; 0: as many as there are processors")
    asked = parser.parse_args()
    begun = time.monotonic()
    work = list(items(asked.changes, asked.unchanged, asked.seed))
    scores, died = [], []
    for item, done in zip(work, pool.in_order(score, work, asked.jobs or processors()), strict=True):
        if isinstance(done, pool.Died):
            died.append(f"the process for {item.name} died: {done.how}")
        else:
            scores.append(done)
        if sys.stderr.isatty():
            print(f"\r{len(scores) + len(died):,} of {len(work):,} workbooks", end="", file=sys.stderr, flush=True)
    code = _told(scores, time.monotonic() - begun)
    print("\n".join(died))
    return 1 if died else code


def _told(scores: list[Score], seconds: float) -> int:
    results = [result for each in scores for result in each.results]
    engine = next((each.engine for each in scores if each.engine), "")
    planted = [each for each in scores if each.results]
    name = Path(f"{len(planted):,} workbooks")
    total = SelfTest(name, engine, max((each.inputs for each in planted), default=0), results)
    weights, named = sum(each.weights for each in scores), sum(each.weights_named for each in scores)
    findings = [f"{each.item}: {finding}" for each in scores for finding in each.unchanged]
    print(f"\n{total.to_text()}")
    print(f"{weights:,} weights were changed; checked against the network, {named:,} are found and named, alone")
    print(f"{len(scores):,} workbooks as they were written: {len(findings):,} findings")
    for each in scores:
        for result in each.results:
            if result.is_miss or result.others or result.refused:
                print(f"{each.item}: {result} {result.refused} {', '.join(result.others[:4])}".rstrip())
    print("\n".join(findings[:20]))
    print(f"{seconds:,.0f} s")
    return 0 if total.all_found and not total.misnamed and weights == named and not findings else 1


if __name__ == "__main__":
    sys.exit(main())
