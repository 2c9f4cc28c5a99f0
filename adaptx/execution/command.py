"""A command that computes: which stacks it asks for, and what its answer is made of once their steps are stored.

Owns `Command` and the way through it: lock what the hub has, plan once, price, make, gather. May not print, and knows
no command by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from adaptx.execution.make import cost, lock_revisions, make, require_stored
from adaptx.planning.planner import plan_all
from adaptx.store import StoreView

if TYPE_CHECKING:
    from adaptx.execution.job import Job
    from adaptx.planning.request import PlannedRequest, Request
    from adaptx.schema.commands import Plan, StepRow
    from adaptx.steps.progress import ProgressCallback
    from adaptx.store import Store

__all__ = ["Command", "carry_out", "gather_stored", "price"]

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Generic[Value]):
    """The requests of a command, and how their plans, a view of the store and the steps become its answer."""

    requests: Sequence[Request]
    gather: Callable[[Sequence[PlannedRequest], StoreView, Sequence[StepRow]], Value]


def carry_out(command: Command[Value], store: Store, job: Job, report: ProgressCallback) -> Value:
    """Make what is missing and return the answer; what that will take is reported before it begins."""
    planned, view = _plan(command, store)
    expected = cost(planned, view, job, report, measured=False)
    report({"phase": "plan", "expected_seconds": expected["seconds"]})
    return command.gather(planned, view, make(planned, view, job, report))


def price(command: Command[Value], store: Store, job: Job, report: ProgressCallback) -> Plan:
    """Return every step with its state and what those to do will cost; nothing is made."""
    planned, view = _plan(command, store)
    return cost(planned, view, job, report, measured=True)


def gather_stored(command: Command[Value], store: Store, *, repair: str) -> Value:
    """Return the answer from stored steps alone; raise `Missing` with the command ``repair`` where some are not."""
    planned, view = plan_all(command.requests, store), StoreView(store)
    return command.gather(planned, view, require_stored(planned, view, repair=repair))


def _plan(command: Command[Value], store: Store) -> tuple[Sequence[PlannedRequest], StoreView]:
    lock_revisions(command.requests, store)
    return plan_all(command.requests, store), StoreView(store)
