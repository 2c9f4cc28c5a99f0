"""What `train`, `stack`, `compare` and `run` share: plan once, make what is missing, and print the result.

May not compute: the work is behind `adaptx.execution.make`. With ``--dry-run`` nothing is made; the plan and what it
would cost is the result. Before hours of work begin, that is said, with what would be faster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from adaptx.cli.options import Common, opened
from adaptx.cli.output import catch_interrupts, emit, quiet_stdout, tell
from adaptx.cli.progress import progress_display
from adaptx.execution.job import Job
from adaptx.execution.make import expected_cost, lock_revisions, make
from adaptx.planning.planner import plan_all
from adaptx.store import StoreView

Value = TypeVar("Value")

if TYPE_CHECKING:
    from adaptx.planning.request import PlannedRequest, Request
    from adaptx.schema.commands import Plan, StepRow

    Gather = Callable[[Sequence[PlannedRequest], StoreView, Sequence[StepRow]], Value]
    Render = Callable[[Value], None]

__all__ = ["work"]

HOURS = 1.0  # from here on a run is announced before it starts
FASTER = "--max-train N, --epochs X, --max-eval N, --languages TAG,..., or a machine with a GPU"


def work(
    common: Common, requests: Sequence[Request], gather: Gather[Value], render: Render[Value], *, dry_run: bool
) -> None:
    """Carry out the requests and print what ``gather`` finds, for people by ``render``."""
    from adaptx.report import tables

    store = opened(common.store)
    job = Job(how=common.how, strict=common.strict, keep=common.keep)
    with quiet_stdout(), catch_interrupts(), progress_display() as report:
        lock_revisions(requests, store)
        planned, view = plan_all(requests, store), StoreView(store)
        cost = expected_cost(planned, view, job, report, measured=dry_run)
        if not dry_run:
            _announce(cost)
            value = gather(planned, view, make(planned, view, job, report))
    if dry_run:
        emit(cost, as_json=common.json, render=tables.print_plan)
    else:
        emit(value, as_json=common.json, render=render)


def _announce(expected: Plan) -> None:
    """Say so before hours of work begin."""
    hours = (expected["seconds"] or 0.0) / 3600
    if hours >= HOURS:
        tell(f"this takes about {hours:.1f} hours here; faster: {FASTER}; the plan: --dry-run")
