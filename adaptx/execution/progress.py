"""Progress events: what a step tells while it runs, and to whom.

An event is a flat mapping: ``step`` (its name), ``phase`` (plan, train, eval, attack, wait) and numbers worth showing;
while a plan is walked also ``number`` and ``total`` (which step of how many) and ``method``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["Event", "Numbered", "Tell", "silent"]

Event = Mapping[str, Any]
Tell = Callable[[Event], None]


class Numbered:
    """A `Tell` that adds to every event which of ``steps`` (ids, in the order of work) is at hand."""

    def __init__(self, tell: Tell, steps: Sequence[str]) -> None:
        self._tell = tell
        self._numbers = {key: number for number, key in enumerate(steps, start=1)}
        self._at: Event = {}

    def begin(self, key: str, name: str, phase: str, method: str) -> None:
        """Tell that a step begins; one that is made again because it was let go has no number."""
        self._at = {"method": method, "number": self._numbers.get(key), "total": len(self._numbers)}
        self({"step": name, "phase": phase})

    def __call__(self, event: Event) -> None:
        """Tell an event of the step that began last."""
        self._tell({**self._at, **event})


def silent(event: Event) -> None:
    """Tell nobody."""
