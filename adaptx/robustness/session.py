"""One attack on one example: a generator driven step by step, guarded against whatever a plugin may do.

Owns the guard: exceptions, hangs, mutation, overspending and forbidden edits end the session with an error, never the
run. May not ask the model: `adaptx.robustness.engine` answers the questions of many sessions at once.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING, Any

from adaptx.errors import Interrupted
from adaptx.robustness.edits import Candidate, Spans, fault
from adaptx.robustness.replies import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from adaptx.robustness.search import Questions
    from adaptx.tasks.example import Example

__all__ = ["AttackTarget", "BestCandidate", "Session", "frozen"]


WAITING = 6  # times the seconds that a step may compute, it may take in all: a busy machine is not the plugin's fault


class Overrun(BaseException):
    """A plugin took too long; not an `Exception`, so that a plugin's own handlers do not take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackTarget:
    """The example under attack and what of it may be edited."""

    example: Example
    fields: tuple[str, ...]
    protected: Mapping[str, Spans]
    snapped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BestCandidate:
    """The best candidate so far: reached first, then the lowest value, then the highest score."""

    reached: bool
    harm: float  # minus the value under attack
    terms: tuple[float, ...]  # what the row then adds to its cell's score
    score: float
    candidate: Candidate
    no_op: bool

    @property
    def rank(self) -> tuple[bool, float, float]:
        """Higher is better for the attack."""
        return self.reached, self.harm, self.score


def frozen(example: Example) -> Example:
    """Return a copy whose mappings cannot be written to."""
    texts, languages = MappingProxyType(dict(example.texts)), MappingProxyType(dict(example.languages))
    return replace(example, texts=texts, languages=languages)


class Session:
    """Drive one generator. ``asked`` holds the candidates that wait for replies; empty when the session has ended."""

    def __init__(
        self, start: Callable[[Example, Budget], Questions], victim: AttackTarget, budget: int, seconds: float
    ) -> None:
        self.victim = victim
        self.total, self.spent = budget, 0
        self.budget = Budget(budget)  # what the plugin sees; the count that holds is ours
        self.seconds = seconds
        self.given = frozen(victim.example)
        self.asked: list[Candidate] = []
        self.kept: BestCandidate | None = None
        self.error: str | None = None
        self._generator: Questions | None = None
        self._guarded(lambda: self._begin(start))

    def answer(self, replies: list[Any]) -> None:
        """Send the replies to ``asked`` and take the next questions; close on success or when the budget is spent."""
        generator = self._generator
        self.asked = []
        if generator is None:
            return
        if self.spent == self.total or (self.kept is not None and self.kept.reached):
            self._guarded(generator.close)
        else:
            self._guarded(lambda: self._take(generator.send(replies)))

    def keep(self, kept: BestCandidate) -> None:
        """Note a candidate; the first of the best is kept. The unedited text is never kept."""
        if kept.candidate and (self.kept is None or kept.rank > self.kept.rank):
            self.kept = kept

    def _begin(self, start: Callable[[Example, Budget], Questions]) -> None:
        self._generator = start(self.given, self.budget)
        self._take(next(self._generator))

    def _take(self, batch: object) -> None:
        reason = self._refusal(batch)
        if reason is not None or not isinstance(batch, list):
            self.error = reason
            return
        self.spent += len(batch)
        self.budget.spent = self.spent
        self.asked = list(batch)

    def _refusal(self, batch: object) -> str | None:
        if not isinstance(batch, list) or not batch:
            return f"refused: yielded {batch!r:.80}, not a list of candidates"
        if len(batch) > self.total - self.spent:
            return f"refused: overspent, asked {len(batch)} with {self.total - self.spent} of {self.total} left"
        checks = (self._fault(candidate) for candidate in batch)
        return next((f"refused: {reason}" for reason in checks if reason is not None), None)

    def _fault(self, candidate: object) -> str | None:
        v = self.victim
        return fault(candidate, v.example, fields=v.fields, protected=v.protected, snapped=v.snapped)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            with _deadline(self.seconds):
                step()
        except StopIteration:
            self.asked = []
        except Interrupted:
            raise
        except Overrun:
            self.error = f"overrun: more than {self.seconds:g} s for one step"
        except Exception as error:  # noqa: BLE001 (whatever a plugin raises is its row's error, not the run's)
            self.error = f"{type(error).__name__}: {error}"
        if self.error is None and self.given != self.victim.example:
            self.error = "refused: the example was changed"
        if self.error is not None:
            self._discard()

    def _discard(self) -> None:
        """Close what is left of a refused generator here, under the deadline, and not when memory is reclaimed."""
        self.asked, generator = [], self._generator
        if generator is not None:
            with suppress(Exception, Overrun), _deadline(self.seconds):
                generator.close()


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise `Overrun` in a step of pure Python that computes longer; off the main thread only once it is back."""
    is_over = _watch(seconds)

    def ring(_number: int, _frame: FrameType | None) -> None:
        if is_over():
            raise Overrun

    if threading.current_thread() is not threading.main_thread():
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
