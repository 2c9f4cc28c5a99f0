"""How numbers are written: scores in points (per cent) with one decimal, intervals in brackets.

Owns the formats that every table and figure shares; may not compute a score.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["interval_text", "points", "with_interval"]


def points(fraction: float | None) -> str:
    """Return a fraction in points with one decimal; nothing for None."""
    return "" if fraction is None else f"{round(100 * fraction, 1) + 0.0:.1f}"  # + 0.0: a zero has no sign


def with_interval(fraction: float | None, interval: Sequence[float] | None) -> str:
    """Return points with their interval: ``71.3 [69.0, 73.4]``."""
    if fraction is None or interval is None:
        return points(fraction)
    return f"{points(fraction)} {interval_text(interval)}"


def interval_text(interval: Sequence[float] | None) -> str:
    """Return an interval in points, ``[69.0, 73.4]``; nothing for None."""
    return "" if interval is None else f"[{points(interval[0])}, {points(interval[1])}]"
