"""All attacks, a share of them that is the same for the same seed, and what becomes of them, tried side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from random import Random

from tests.attacks import explore, layers, lookup, names, parts
from tests.attacks.attack import Attack, Outcome, attempt
from xlconv.processes import pool

_MODULES = (layers, lookup, explore, names, parts)
_SECONDS = 120
Key = tuple[str, str]


@cache
def by_name() -> dict[Key, Attack]:
    """Each by its class and name."""
    found = [attack for module in _MODULES for attack in module.attacks()]
    known = {(attack.kind, attack.name): attack for attack in [*found, *explore.every_choice()]}
    assert len(known) == len(found) + len(explore.choices()), "two attacks have one name"
    return known


def usual() -> list[Attack]:
    """All but those that try every choice."""
    return [attack for attack in by_name().values() if attack.kind != "every choice"]


def share(attacks: list[Attack], count: int, seed: int) -> list[Attack]:
    """So many of them, classes in turn, so that each has its part."""
    rng = Random(seed)
    kinds = {attack.kind: [each for each in attacks if each.kind == attack.kind] for attack in attacks}
    for each in kinds.values():
        rng.shuffle(each)
    ranked = [(rank, attack) for each in kinds.values() for rank, attack in enumerate(each)]
    return [attack for _, attack in sorted(ranked, key=lambda pair: pair[0])][:count]


def outcomes(attacks: Sequence[Attack], original: Path, jobs: int) -> Iterator[tuple[Attack, Outcome]]:
    """What became of each attack, in order."""
    keys = [(attack.kind, attack.name) for attack in attacks]
    made = pool.in_order(partial(_attempt, original), keys, jobs, _SECONDS)
    for attack, outcome in zip(attacks, made, strict=True):
        ended = isinstance(outcome, pool.Died)
        yield attack, Outcome(False, outcome.how, (), ()) if ended else outcome  # type: ignore[union-attr]


def _attempt(original: Path, key: Key) -> Outcome:
    return attempt(by_name()[key], original)
