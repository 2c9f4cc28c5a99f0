"""What became of a step in one command."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["StepResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """A step with its ``status``, "made" or "reused", and the seconds that it took in this command."""

    id: str
    kind: str
    name: str
    status: str
    seconds: float
