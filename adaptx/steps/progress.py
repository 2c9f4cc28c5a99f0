"""Progress events: what a step tells while it runs, and to whom.

An event is a flat mapping: ``step`` (its name), ``phase`` (plan, train, eval, attack, wait) and numbers worth showing;
while a plan is walked also ``number`` and ``total`` (which step of how many) and ``method``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

__all__ = ["Event", "NumberedProgress", "ProgressCallback", "silent"]

Event = Mapping[str, object]
ProgressCallback = Callable[[Event], None]


class NumberedProgress:
    """A `ProgressCallback` that adds to every event which of ``steps`` (ids, in the order of work) is at hand."""

    def __init__(self, report: ProgressCallback, steps: Sequence[str]) -> None:
        self._report = report
        self._numbers = {key: number for number, key in enumerate(steps, start=1)}
        self._at: Event = {}

    def begin(self, key: str, name: str, phase: str, method: str) -> None:
        """Tell that a step begins; one that is made again because it was let go has no number."""
        self._at = {"method": method, "number": self._numbers.get(key), "total": len(self._numbers)}
        self({"step": name, "phase": phase})

    def __call__(self, event: Event) -> None:
        """Tell an event of the step that began last."""
        self._report({**self._at, **event})


def silent(event: Event) -> None:
    """Tell nobody."""
