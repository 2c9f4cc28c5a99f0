"""One attack on one example: a generator driven step by step, guarded against whatever a plugin may do.

Owns the guard: exceptions, hangs, mutation, overspending and forbidden edits end the session with an error, never the
run. May not ask the model: `adaptx.robustness.engine` answers the questions of many sessions at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from adaptx.errors import Interrupted
from adaptx.escaping import describe_error, one_line
from adaptx.robustness.deadline import Overrun, Patience, deadline
from adaptx.robustness.edits import Candidate, Spans, fault
from adaptx.robustness.replies import Budget
from adaptx.tasks.example import Example

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AttackTarget", "BestCandidate", "Elsewhere", "Questioner", "Session", "Start", "freeze"]


class Questioner(Protocol):
    """What a session drives: a plugin's generator, or one in a worker process (`adaptx.robustness.worker`)."""

    def __next__(self) -> object:
        """Return the first questions, a list of candidates; raise `StopIteration` where there are none."""
        ...

    def send(self, replies: list[Any], /) -> object:
        """Return the next questions after the replies to those before."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Elsewhere(Exception):
    """A plugin failed in its worker process; ``lapse``: it did not end by itself. The message is the row's error."""

    def __init__(self, message: str, *, lapse: bool = False) -> None:
        super().__init__(message)
        self.lapse = lapse


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


def freeze(example: Example) -> Example:
    """Return a copy whose mappings cannot be written to."""
    texts, languages = MappingProxyType(dict(example.texts)), MappingProxyType(dict(example.languages))
    return replace(example, texts=texts, languages=languages)


Start = Callable[[Example, Budget], Questioner]


class Session:
    """Drive one generator. ``asked`` holds the candidates that wait for replies; empty when the session has ended."""

    def __init__(self, start: Start, victim: AttackTarget, budget: int, patience: Patience) -> None:
        self.victim = victim
        self.total, self.spent = budget, 0
        self.budget = Budget(budget)  # what the plugin sees; the count that holds is ours
        self.patience, self.left = patience, patience.row
        self.given = freeze(victim.example)
        self.asked: list[Candidate] = []
        self.kept: BestCandidate | None = None
        self.error: str | None = None
        self.has_lapsed = False
        self._generator: Questioner | None = None
        self._guard(lambda: self._begin(start))

    def answer(self, replies: list[Any]) -> None:
        """Send the replies to ``asked`` and take the next questions; close on success or when the budget is spent."""
        generator = self._generator
        self.asked = []
        if generator is None:
            return
        if self.spent == self.total or (self.kept is not None and self.kept.reached):
            self.close()
        else:
            self._guard(lambda: self._take(generator.send(replies)))

    def close(self) -> None:
        """End the generator; what it does then may still be its row's error."""
        self.asked = []
        if self._generator is not None:
            self._guard(self._generator.close)

    def keep(self, kept: BestCandidate) -> None:
        """Note a candidate; the first of the best is kept. The unedited text is never kept."""
        if kept.candidate and (self.kept is None or kept.rank > self.kept.rank):
            self.kept = kept

    def _begin(self, start: Start) -> None:
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
            return one_line(f"refused: yielded {batch!r:.80}, not a list of candidates")
        if len(batch) > self.total - self.spent:
            return f"refused: overspent, asked {len(batch)} with {self.total - self.spent} of {self.total} left"
        checks = (self._fault(candidate) for candidate in batch)
        return next((one_line(f"refused: {reason}", 500) for reason in checks if reason is not None), None)

    def _fault(self, candidate: object) -> str | None:
        v = self.victim
        return fault(candidate, v.example, fields=v.fields, protected=v.protected, snapped=v.snapped)

    def _guard(self, step: Callable[[], None]) -> None:
        if self.patience.is_over:
            self.error = self.error or self.patience.time_limit_text
        else:
            self._step_safely(step)
        if self.error is None and self.given != self.victim.example:
            self.error = "refused: the example was changed"
        if self.error is not None:
            self._discard()

    def _step_safely(self, step: Callable[[], None]) -> None:
        """Take one step of a stranger's code: whatever it raises is its row's error and not the run's."""
        began, most = time.thread_time(), min(self.patience.seconds, self.left)
        try:
            with deadline(most):
                step()
        except StopIteration:
            self.asked = []
        except (Interrupted, KeyboardInterrupt):
            raise
        except Overrun:
            of_what = "step" if most == self.patience.seconds else "row"
            self._lapse(f"overrun: more than {self.patience.seconds if of_what == 'step' else self.patience.row:g} s")
        except Elsewhere as failed:
            self._lapse(str(failed)) if failed.lapse else self._fail(str(failed))
        except BaseException as error:  # noqa: BLE001 - SystemExit and GeneratorExit as well
            self._fail(describe_error(error))
        self.left = max(self.left - (time.thread_time() - began), 0.001)  # a timer of 0 would never ring

    def _fail(self, message: str) -> None:
        self.error = message

    def _lapse(self, message: str) -> None:
        self.patience.lapsed.add(self.victim.example.id)
        self.has_lapsed = True
        self._fail(message)

    def _discard(self) -> None:
        """Close what is left of a refused generator here, under the deadline, and not when memory is reclaimed."""
        self.asked, generator = [], self._generator
        if generator is None:
            return
        try:
            with deadline(self.patience.seconds):
                generator.close()
        except (Interrupted, KeyboardInterrupt):
            raise
        except BaseException:  # noqa: BLE001, S110 - the row has its error already
            pass
