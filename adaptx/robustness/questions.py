"""Where a session's questions come from: an attack behind either door, and the random-edit baseline beside it.

Owns `starts` and the seed of an example; the same code begins them here and in a worker process. The baseline has the
attack's budget and seed: one draw beside a search that draws at random itself, as many as the budget allows beside any
other and beside a door-2 attack (`adaptx.robustness.baseline`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Literal

from adaptx.robustness.baseline import RATE, draws, random_edits
from adaptx.robustness.proposals import propose
from adaptx.spec import canonical

if TYPE_CHECKING:
    from adaptx.robustness.attack import AttackRequest
    from adaptx.robustness.graphemes import Alphabet
    from adaptx.robustness.session import AttackTarget, Start

__all__ = ["Role", "example_seed", "starts"]

Role = Literal["attack", "baseline"]


def example_seed(seed: int, attack: str, task: str, language: str, example: str) -> int:
    """Return the seed of one example: nothing but these five decide an adversarial text's randomness."""
    return int.from_bytes(sha256(canonical([seed, attack, task, language, example])).digest()[:8], "big")


def starts(
    request: AttackRequest, task: str, language: str, alphabets: Mapping[str, Alphabet]
) -> Callable[[Role, AttackTarget], Start]:
    """Return what begins the questions of one example: of the attack itself, or of the baseline beside it."""

    def start(role: Role, victim: AttackTarget) -> Start:
        rng = Random(example_seed(request.seed, request.attack.name, task, language, victim.example.id))
        begin = _attack if role == "attack" else _baseline
        return begin(request, victim, rng, alphabets)

    return start


def _attack(request: AttackRequest, victim: AttackTarget, rng: Random, alphabets: Mapping[str, Alphabet]) -> Start:
    attack, driver = request.attack, request.driver
    if driver is not None:
        proposals = propose(attack, request.own, victim, alphabets)
        return lambda _given, budget: driver.function(proposals, rng=rng, budget=budget, **request.searching)
    offered = {"alphabet": alphabets, "fields": victim.fields, "protected": dict(victim.protected)}
    context = {name: value for name, value in offered.items() if name in attack.takes}
    return lambda given, budget: attack(given, rng=rng, budget=budget, **context, **request.own)


def _baseline(request: AttackRequest, victim: AttackTarget, rng: Random, alphabets: Mapping[str, Alphabet]) -> Start:
    attack, own = (random_edits, {}) if request.driver is None else (request.attack, request.own)
    proposals = propose(attack, own, victim, alphabets)
    tries = 1 if request.driver is not None and request.driver.is_random else request.budget
    rate = request.searching.get("rate", RATE)
    return lambda _given, budget: draws(proposals, rng=rng, budget=budget, rate=rate, tries=tries)
