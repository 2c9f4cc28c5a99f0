"""The arms of a comparison: {no intermediate, intermediate} x {full, LoRA, bottleneck}, and a control.

Owns `Comparison`, `Arm` and the requests behind them. The control is direct LoRA at twice the rank, since a stack of
two has twice the parameters (design section 7b). Every arm tries the same number of learning rates; today that is the
page's one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adaptx.planning.choices import METHODS, Choices
from adaptx.planning.request import Request
from adaptx.tasks.catalog import task_named

__all__ = ["Arm", "Comparison", "arms_of", "requests_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One target with and without one intermediate task, by each method at each seed; ``choices`` holds the rest."""

    intermediate: str
    target: str
    seeds: tuple[int, ...]
    choices: Choices
    methods: tuple[str, ...] = METHODS
    control: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One cell of the comparison's grid at one seed."""

    name: str  # "lora", "squad → lora", "lora rank 16"
    method: str
    intermediate: str | None
    seed: int
    control: bool
    request: Request


def arms_of(comparison: Comparison) -> list[Arm]:
    """Return the arms, seed by seed and direct before stacked."""
    return [arm for seed in comparison.seeds for arm in _arms_at(seed, comparison)]


def _arms_at(seed: int, comparison: Comparison) -> Iterator[Arm]:
    below, target = comparison.intermediate, comparison.target
    seeded = comparison.choices.with_(seed=seed)
    for method in comparison.methods:
        chosen = seeded.with_(method=method, rank=seeded.rank if method == "lora" else None)
        yield _arm(method, method, None, target, chosen)
        yield _arm(f"{below} → {method}", method, below, target, chosen)
    if comparison.control and "lora" in comparison.methods:
        yield from _controls(target, seeded)


def _arm(name: str, method: str, below: str | None, target: str, choices: Choices, *, control: bool = False) -> Arm:
    names = (below, target) if below else (target,)
    request = Request(choices=choices, names=names)
    return Arm(name=name, method=method, intermediate=below, seed=choices.seed, control=control, request=request)


def _controls(target: str, choices: Choices) -> list[Arm]:
    """Return the control; there is none for a task that needs no training, whose direct arm is the bare backbone."""
    counterparts = task_named(target).trains_on
    if not counterparts:
        return []
    rank = 2 * (choices.rank or int(task_named(counterparts[-1]).defaults["lora"]["rank"]))
    wide = choices.with_(method="lora", rank=rank)
    return [_arm(f"lora rank {rank}", "lora", None, target, wide, control=True)]


def requests_of(comparison: Comparison) -> list[Request]:
    """Return the requests behind the arms, in their order."""
    return [arm.request for arm in arms_of(comparison)]
