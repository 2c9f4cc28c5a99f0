"""Live progress on stderr: a panel on a terminal, a log line now and then elsewhere.

Owns the look of events (`adaptx.steps.progress`); rich is imported when the first event arrives.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from adaptx.cli.output import tell

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from adaptx.steps.progress import Event, ProgressCallback

__all__ = ["progress_display"]

LOG_EVERY_S = 10.0  # seconds between log lines of one step where no terminal shows a panel

ROWS = 12  # of a panel

LABELS: Mapping[str, str] = {
    "loss": "loss {:.4f}",
    "dev": "dev {:.4f}",
    "tokens_per_second": "{:,.0f} tokens/s",
    "peak_share": "{:.0%} of matrix peak",
    "rows": "{:,} rows",
    "asked": "{:,} queries",
    "eta_seconds": "{:.0f} s left",
}


@contextmanager
def progress_display() -> Iterator[ProgressCallback]:
    """Give a `ProgressCallback` that shows events for the time of the block."""
    view = _Panel() if sys.stderr.isatty() else _Log()
    try:
        yield view.report
    finally:
        view.close()


def line(event: Event) -> str:
    """Return one line for an event: the step, the phase, how far, and the numbers worth showing."""
    parts = [str(event[key]) for key in ("step", "method", "phase") if event.get(key)]
    if event.get("number"):
        parts.insert(0, f"[{event['number']}/{event['total']}]")
    if event.get("steps"):
        parts.append(f"{event['at']}/{event['steps']}")
    parts += [text.format(event[key]) for key, text in LABELS.items() if _is_number(event.get(key))]
    if "computed_in" in event:
        parts.append(f"computed in {event['computed_in']}")
    if "holder" in event:
        parts.append(f"waiting for {event['holder']}")
    return "  ".join(parts)


def _key(event: Event) -> tuple[str, ...]:
    """Return what an event is of: steps of two methods may have one name."""
    return tuple(str(event.get(key)) for key in ("number", "method", "step", "phase"))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class _Log:
    """Log lines: the first event of a step's phase at once, then one every `LOG_EVERY_S`."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], float] = {}

    def report(self, event: Event) -> None:
        key, now = _key(event), time.monotonic()
        if now - self._last.get(key, -LOG_EVERY_S) >= LOG_EVERY_S or "dev" in event:
            self._last[key] = now
            tell(line(event))

    def close(self) -> None:
        """Nothing is held open."""


class _Panel:
    """A live view on the terminal: a clock that never stands still, and the last event of each of the last steps."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, ...], str] = {}
        self._live: Live | None = None
        self._begin = time.monotonic()

    def report(self, event: Event) -> None:
        self._rows[_key(event)] = line(event)
        if self._live is None:
            from rich.live import Live

            from adaptx.reporting.lists import console

            self._live = Live(
                console=console(stderr=True), refresh_per_second=4, redirect_stdout=False, get_renderable=self._table
            )
            self._live.start()

    def _table(self) -> Table:
        """Return what is shown now; the panel asks again and again, also between two events."""
        from rich.table import Table

        table = Table.grid()
        minutes, seconds = divmod(int(time.monotonic() - self._begin), 60)
        for text in (f"elapsed {minutes}:{seconds:02d}", *list(self._rows.values())[-ROWS:]):
            table.add_row(text)
        return table

    def close(self) -> None:
        """Leave the terminal as it was found."""
        if self._live is not None:
            self._live.stop()
