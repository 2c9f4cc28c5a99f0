"""How long a stranger's code may compute: for one step, for one row, and in how many rows it may fail to end.

Owns `Patience` and `deadline`. The clock is the processor time of this thread; waiting counts six times less, because a
busy machine is not the plugin's fault. An alarm reaches pure Python on the main thread only: what does not heed it is
ended with its process (`adaptx.robustness.worker`).
"""

from __future__ import annotations

import math
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ROW", "STEP", "WAITING", "Overrun", "Patience", "deadline"]

STEP = 10.0  # seconds that one step of a plugin may compute
ROW = 6  # times that, all steps of one row
WAITING = 6  # times the seconds that a step may compute, it may take in all
LAPSES = 3  # rows that a plugin may overrun or end its process in: the rest of the cell is then not given to it


class Overrun(BaseException):
    """A plugin took too long; not an `Exception`, so that a plugin's own handlers do not take it."""


@dataclass(slots=True, kw_only=True)
class Patience:
    """What a plugin may take in one cell; ``lapsed`` are the ids of rows that it did not end by itself."""

    seconds: float = STEP
    most: int | None = LAPSES
    lapsed: set[str] = field(default_factory=set)

    @property
    def row(self) -> float:
        """Seconds that all steps of a row may compute."""
        return ROW * self.seconds

    @property
    def is_over(self) -> bool:
        """Whether the plugin gets no further row of the cell."""
        return self.most is not None and len(self.lapsed) >= self.most

    @property
    def time_limit_text(self) -> str:
        """Why a row was not given to the plugin."""
        return f"given up: the attack did not end by itself in {len(self.lapsed)} rows before this one"


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `Overrun` in a step of pure Python that computes longer; off the main thread only once it is back.

    Endless ``seconds`` are watched elsewhere.
    """
    is_over = _watch(seconds)

    def ring(_number: int, _frame: FrameType | None) -> None:
        if is_over():
            raise Overrun

    if math.isinf(seconds) or threading.current_thread() is not threading.main_thread():
        yield
    else:
        previous = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)  # again and again, should a handler swallow the first
        try:
            yield
        finally:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0)
            finally:  # should the alarm ring just now, it must not ring again elsewhere
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, previous)
    if is_over():
        raise Overrun


def _watch(seconds: float) -> Callable[[], bool]:
    """Tell whether this thread has computed for ``seconds`` since; or only waited, as on a busy machine, for longer."""
    wall, processor = time.monotonic(), time.thread_time()

    def is_over() -> bool:
        return time.thread_time() - processor > seconds or time.monotonic() - wall > WAITING * seconds

    return is_over
