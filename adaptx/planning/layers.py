"""Which layers a stack has: the names that were typed become tasks to train, and one to evaluate.

Owns the rule of training counterparts: a task without training rows of its own (xnli, xquad) is evaluated with the
stack whose top is its counterpart, added where it is missing. Light; reads pages only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adaptx.errors import Incompatible, UsageError
from adaptx.steps.train import layer_name
from adaptx.tasks.catalog import task_named, tasks_named
from adaptx.tasks.forms import same_head

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

__all__ = ["Layer", "layers_of", "training_layers"]

Layer = tuple["Task", ...]
"""The tasks that one layer learns: one, or the several of a mixture."""


def layers_of(names: Sequence[str], on: str | None = None) -> tuple[tuple[Layer, ...], Task]:
    """Return the tasks to train, bottom to top, and the task to evaluate.

    Raises `UsageError` for a layer without training rows or a mixture as what to evaluate, `Incompatible` where the
    top's head cannot answer.
    """
    named = [tasks_named(name) for name in names]
    target = _target(named[-1], names[-1]) if on is None else task_named(on)
    layers = _with_rows(named if on else _with_counterpart(named[:-1], target))
    if target.trains_on and not any(same_head(task.form, task.labels, target) for task in layers[-1]):
        top = layer_name(layers[-1])
        raise Incompatible(
            f"a head trained on {top} ({layers[-1][0].form}) cannot answer {target.name} ({target.form})",
            hint=f"end the stack with {' '.join(target.trains_on)}",
        )
    return layers, target


def training_layers(names: Sequence[str]) -> tuple[Layer, ...]:
    """Return the tasks of layers that are trained as named; raises `UsageError` for one without training rows."""
    return _with_rows([tasks_named(name) for name in names])


def _target(course: Layer, name: str) -> Task:
    if len(course) > 1:
        raise UsageError(f"{name} is several tasks and cannot be evaluated as one", hint="--on TASK")
    return course[0]


def _with_rows(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    for task in (task for course in layers for task in course):
        if "train" not in task.splits:
            counterpart = " ".join(task.trains_on)
            hint = f"train {counterpart} in its place" if counterpart else f"it needs none: adaptx stack {task.name}"
            raise UsageError(f"{task.name} has no training rows", hint=hint)
    return tuple(layers)


def _with_counterpart(below: list[Layer], target: Task) -> list[Layer]:
    if target.trains_on == (target.base,):  # the name says in which languages
        return [*below, (target,)]
    counterpart = [tasks_named(name) for name in target.trains_on]
    typed = [{task.base for task in course} for course in below[-len(counterpart) :]]
    is_typed = len(typed) == len(counterpart) and all(
        name in names for name, names in zip(target.trains_on, typed, strict=True)
    )
    return below if is_typed and target.name not in target.trains_on else below + counterpart
