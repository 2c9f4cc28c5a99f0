"""The arms of a comparison: {no intermediate, intermediate} x methods, and controls of equal capacity.

Owns `Comparison`, `Arm` and the requests behind them. A method that has a size (LoRA's rank) has a control: the task
trained directly at twice the size, since a stack of two has twice the parameters (design section 7b). Every arm tries
the same number of learning rates; today that is the page's one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adaptx.methods import method_named, methods_to_compare
from adaptx.planning.hyperparameters import method_spec, takes_rank
from adaptx.planning.request import Request
from adaptx.tasks.catalog import task_named

if TYPE_CHECKING:
    from adaptx.planning.choices import Choices

__all__ = ["Arm", "Comparison", "arms_of", "requests_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One target with and without one intermediate task, by each method at each seed; ``choices`` holds the rest."""

    intermediate: str
    target: str
    seeds: tuple[int, ...]
    choices: Choices
    methods: tuple[str, ...] = field(default_factory=methods_to_compare)
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
        chosen = seeded.with_(method=method, rank=seeded.rank if takes_rank(method) else None)
        yield _arm(method, method, None, target, chosen)
        yield _arm(f"{below} → {method}", method, below, target, chosen)
    for method in comparison.methods if comparison.control else ():
        yield from _controls(target, seeded.with_(method=method))


def _arm(name: str, method: str, below: str | None, target: str, choices: Choices, *, control: bool = False) -> Arm:
    names = (below, target) if below else (target,)
    request = Request(choices=choices, names=names)
    return Arm(name=name, method=method, intermediate=below, seed=choices.seed, control=control, request=request)


def _controls(target: str, choices: Choices) -> list[Arm]:
    """Return the control of a method; none for a task that needs no training, or a method of one size."""
    counterparts, method = task_named(target).trains_on, method_named(choices.method)
    if not counterparts or method.size is None or not takes_rank(method.name):
        return []
    spec = method_spec(task_named(counterparts[-1]), choices)
    rank = 2 * method.values(spec.parameters)[method.size]
    wide = choices.with_(rank=rank)
    return [_arm(f"{method.name} {method.size} {rank}", method.name, None, target, wide, control=True)]


def requests_of(comparison: Comparison) -> list[Request]:
    """Return the requests behind the arms, in their order."""
    return [arm.request for arm in arms_of(comparison)]
