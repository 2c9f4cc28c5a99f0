"""A request for one stack, and its plan: the steps that it takes, each once, parents first.

Owns `Request`, `StackPlan` and `PlannedRequest`; data alone, see `planner` for how one becomes the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adaptx.backbone import BackboneRef
    from adaptx.data.source import Source
    from adaptx.planning.choices import Choices
    from adaptx.steps.step import Step
    from adaptx.tasks.task import Task

__all__ = ["PlannedRequest", "Request", "StackPlan", "steps_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One stack that somebody wants: trained, and evaluated on ``on`` (or its top) unless ``cells`` is False."""

    choices: Choices
    names: tuple[str, ...]
    on: str | None = None
    cells: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """A stack and what is asked of it: ``layers`` bottom to top, and by kind the steps that stand on it."""

    names: tuple[str, ...]
    target: Task
    layers: tuple[Step, ...]
    asked: Mapping[str, tuple[Step, ...]]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, parents first."""
        return (*self.layers, *(step for steps in self.asked.values() for step in steps))

    @property
    def cells(self) -> tuple[Step, ...]:
        """The evaluations, one a language."""
        return self.asked.get("eval", ())

    @property
    def attacks(self) -> tuple[Step, ...]:
        """The attacks on the cells."""
        return self.asked.get("attack", ())

    @property
    def title(self) -> str:
        """The stack as people write it: ``squad → pawsx``."""
        return " → ".join(self.names) or "backbone"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """A request with its plan and where it reads from: all that execution, estimates and results need of it."""

    request: Request
    plan: StackPlan
    backbone: BackboneRef
    source: Source
    precision: str
    text_folder: Path | None

    @property
    def choices(self) -> Choices:
        """What was asked for."""
        return self.request.choices


def steps_of(planned: Iterable[PlannedRequest]) -> dict[str, Step]:
    """Return every step of the plans once, by id, parents first."""
    return {step.id: step for one in planned for step in one.plan.steps}
