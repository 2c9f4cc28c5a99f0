"""One example under attack: its two sessions, what it has asked already, and the outcome in the end.

Owns `AttackContext` (what all rows share) and `ExampleAttack`; never calls the model (`adaptx.robustness.engine`
does), nor knows where the attack's code runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, get_args

from adaptx.metrics.sums import terms_of
from adaptx.robustness.edits import Candidate, apply_edits, cost
from adaptx.robustness.graphemes import boundaries
from adaptx.robustness.outcomes import Outcome, Status
from adaptx.robustness.questions import Role
from adaptx.robustness.replies import Reply, reply
from adaptx.robustness.session import AttackTarget, BestCandidate, Session, Start

if TYPE_CHECKING:
    from adaptx.robustness.attack import AttackRequest
    from adaptx.robustness.deadline import Patience
    from adaptx.tasks.example import Example, Prediction
    from adaptx.tasks.forms import Form
    from adaptx.tasks.task import Task

__all__ = ["AttackContext", "ExampleAttack"]

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackContext:
    """What all rows of a cell share; ``starts`` begins an attack's questions or those of the baseline beside it."""

    form: Form
    task: Task
    request: AttackRequest
    language: str
    starts: Callable[[Role, AttackTarget], Start]
    patience: Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """What one session came to."""

    value: float
    terms: tuple[float, ...]
    queries: int = 0
    reached: bool = False
    candidate: Candidate = ()
    clusters: int = 0
    no_op: bool = False


class ExampleAttack:
    """One example under attack; ``asked`` are the candidates that wait, per session."""

    def __init__(self, cell: AttackContext, example: Example, clean: Prediction) -> None:
        self.cell, self.example = cell, example
        self.fields = cell.task.attackable
        self.clean = clean
        self.clean_value, self.clean_terms = self._score(example, clean)
        self.correct = cell.form.correct(example, clean, cell.task)
        self.known: dict[bytes, Prediction] = {}  # by what the model sees
        self.prints: dict[Texts, bytes] = {}
        self.seen: set[Texts] = set()  # texts that the attack, not the baseline, has asked
        self.waiting: list[tuple[Session, list[Example]]] = []
        self.sessions = self._sessions() if self.correct else []

    def _sessions(self) -> list[Session]:
        cell, request, example = self.cell, self.cell.request, self.example
        protected = cell.form.protected_spans(example)
        snapped = request.attack.unit == "cluster"
        victim = AttackTarget(example=example, fields=self.fields, protected=protected, snapped=snapped)
        return [Session(cell.starts(role, victim), victim, request.budget, cell.patience) for role in get_args(Role)]

    @property
    def questions(self) -> int:
        """How many candidates wait for an answer; 0 when the row has ended."""
        return sum(len(session.asked) for session in self.sessions)

    def unread(self) -> list[Example]:
        """Return the examples of this round whose tokens are not known yet, the clean one first of all."""
        self.waiting = [(s, [apply_edits(self.example, c) for c in s.asked]) for s in self.sessions if s.asked]
        self.seen.update(self._texts(e) for s, examples in self.waiting if s is self.sessions[0] for e in examples)
        wanted = [self.example, *(e for _, examples in self.waiting for e in examples)] if self.waiting else []
        return list({texts: e for e in wanted if (texts := self._texts(e)) not in self.prints}.values())

    def read(self, example: Example, seen: bytes) -> bool:
        """Note what the model sees of ``example``; return whether it must be asked."""
        self.prints[self._texts(example)] = seen
        self.known = self.known or {seen: self.clean}
        return seen not in self.known

    def answer(self) -> None:
        """Send every session the replies to its questions, judge them, take its next ones."""
        for session, examples in self.waiting:
            pairs = zip(list(session.asked), examples, strict=True)
            session.answer([self._reply(session, candidate, example) for candidate, example in pairs])
        self.waiting = []

    def _reply(self, session: Session, candidate: Candidate, example: Example) -> Reply:
        seen = self.prints[self._texts(example)]
        prediction = self.known[seen]
        goal = self.cell.form.goal(self.example, prediction, self.clean, self.cell.task)
        (value, terms), no_op = self._score(example, prediction), seen == self._clean_print
        session.keep(
            BestCandidate(reached=goal[0], harm=-value, terms=terms, score=goal[1], candidate=candidate, no_op=no_op)
        )
        needs = self.cell.request.needs if session is self.sessions[0] else "labels"
        return reply(needs, goal, prediction)

    @property
    def _clean_print(self) -> bytes | None:
        return self.prints.get(self._texts(self.example))

    def _texts(self, example: Example) -> Texts:
        return tuple(example.texts[field] for field in self.fields)

    def _score(self, example: Example, prediction: Prediction) -> tuple[float, tuple[float, ...]]:
        """Return the value of the row alone, and what it adds to the score of its cell."""
        cell = self.cell
        record = cell.form.record(example, prediction, cell.task)
        return cell.form.value(record, cell.task, cell.language), terms_of(record)

    def outcome(self) -> Outcome:
        """Return what is stored of this row; call it when the row has ended."""
        main = self._result(self.sessions[0] if self.sessions else None)
        baseline = self._result(self.sessions[1] if self.sessions else None)
        error = next((s.error for s in self.sessions if s.error is not None), None)
        clean_print = self._clean_print
        return Outcome(
            id=self.example.id,
            parallel=self.example.parallel,
            group=self.example.group,
            status=self._status(error, main),
            clean_value=self.clean_value,
            clean_correct=self.correct,
            attacked=self.correct and error is None,
            reached=main.reached,
            value_under_attack=main.value,
            clean_terms=list(self.clean_terms),
            terms_under_attack=list(main.terms),
            queries=main.queries,
            edits=json.dumps([astuple(edit) for edit in sorted(main.candidate)], ensure_ascii=False),
            original=self._open(self.example),
            adversarial=self._open(apply_edits(self.example, main.candidate)),
            edited_clusters=main.clusters,
            clusters=sum(len(boundaries(self.example.texts[name])) - 1 for name in self.fields),
            no_op=main.no_op,
            candidates=len(self.seen),
            no_op_candidates=sum(self.prints[texts] == clean_print for texts in self.seen),
            baseline_value=baseline.value,
            baseline_terms=list(baseline.terms),
            baseline_reached=baseline.reached,
            baseline_queries=baseline.queries,
            baseline_edited_clusters=baseline.clusters,
            error=error,
        )

    def _status(self, error: str | None, main: SessionResult) -> Status:
        if not self.correct:
            return "wrong"
        if error is not None:
            return "error"
        if not main.queries:
            return "no-proposal"
        return "success" if main.reached else "survived"

    def _open(self, example: Example) -> dict[str, str]:
        return {name: example.texts[name] for name in self.fields}

    def _result(self, session: Session | None) -> SessionResult:
        """Return what a session ended with; nothing is kept of one that ended with an error."""
        if session is None:
            return SessionResult(value=self.clean_value, terms=self.clean_terms)
        kept = None if session.error is not None else session.kept
        if kept is None:
            return SessionResult(value=self.clean_value, terms=self.clean_terms, queries=session.spent)
        harmed = -kept.harm < self.clean_value
        return SessionResult(
            value=-kept.harm if harmed else self.clean_value,
            terms=kept.terms if harmed else self.clean_terms,
            queries=session.spent,
            reached=kept.reached,
            candidate=kept.candidate,
            clusters=sum(cost(edit, self.example.texts[edit.field]) for edit in kept.candidate),
            no_op=kept.no_op,
        )
