"""How a task is learnt: what was asked for, else what its page says, else what the method says by itself.

Owns the resolution of hyperparameters and numbers of training into `MethodSpec` and `Optimisation`; may not know a
method by name. `--rank` keeps the ratios of the page: what a method says grows with its rank (LoRA's alpha) grows.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from adaptx import registry
from adaptx.errors import UsageError
from adaptx.methods import Method, Values, method_named
from adaptx.spec import MethodSpec, Optimisation

if TYPE_CHECKING:
    from adaptx.planning.choices import Choices, PerTask
    from adaptx.tasks.task import Task

__all__ = ["method_spec", "number_for", "numbers_of", "optimisation", "takes_rank"]

RANK = "rank"  # the hyperparameter of `--rank`


def takes_rank(method: str) -> bool:
    """Say whether ``--rank`` means something to a method."""
    return RANK in _names(method_named(method))


def method_spec(task: Task, choices: Choices) -> MethodSpec:
    """Return the method with its hyperparameters for one task; raise `UsageError` for a rank that it has not."""
    method = method_named(choices.method)
    if choices.rank is not None and not takes_rank(choices.method):
        able = [entry.name for entry in registry.entries(registry.METHODS) if entry.distribution == registry.OWN]
        hint = f"use --method {' or '.join(name for name in able if takes_rank(name))}"
        raise UsageError(f"--rank means nothing to method {choices.method}", hint=hint)
    page = {key: value for key, value in task.defaults_of(choices.method).items() if key in _names(method)}
    return method.spec(page, {} if choices.rank is None else {RANK: choices.rank})


def numbers_of(task: Task, choices: Choices) -> Values:
    """Return the numbers of training that a page, and where it says nothing the method, give for a task."""
    known = {field.name for field in fields(Optimisation)}
    page = {key: value for key, value in task.defaults_of(choices.method).items() if key in known}
    return method_named(choices.method).numbers(page)


def optimisation(task: Task, choices: Choices) -> Optimisation:
    """Return the numbers of training for one task, with what was asked for in the place of what the page says."""
    names = ("lr", "epochs", "batch", "max_length")
    asked = {name: number_for(getattr(choices, name), task, choices) for name in names} | {"select": choices.select}
    given = {name: value for name, value in asked.items() if value is not None}
    return Optimisation(**{**numbers_of(task, choices), **given})


def number_for(numbers: PerTask, task: Task, choices: Choices) -> Any:  # the spec makes it whole where it must be
    """Return what was asked for a task, None where nothing was."""
    return numbers.of(task.base, choices.method)


def _names(method: Method) -> set[str]:
    return {parameter.name for parameter in method.parameters}
