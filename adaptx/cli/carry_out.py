"""What `train`, `stack`, `compare` and `run` share: plan once, make what is missing, and print the result.

May not compute: the work is behind `adaptx.execution.make`. With ``--dry-run`` nothing is made; the plan and what it
would cost is the result. Before hours of work begin, that is said, with what would be faster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adaptx.cli.options import Common, opened
from adaptx.cli.output import catch_interrupts, emit, quiet_stdout, tell
from adaptx.cli.progress import progress_display
from adaptx.execution.job import Job
from adaptx.execution.make import expected_cost, lock_revisions, make
from adaptx.planning.planner import plan_all
from adaptx.planning.request import PlannedRequest, Request
from adaptx.steps.step_result import StepResult
from adaptx.store import StoreView

__all__ = ["work"]

HOURS = 1.0  # from here on a run is announced before it starts
FASTER = "--max-train N, --epochs X, --max-eval N, --languages TAG,..., or a machine with a GPU"

Gather = Callable[[Sequence[PlannedRequest], StoreView, Sequence[StepResult]], dict[str, Any]]


def work(common: Common, requests: Sequence[Request], kind: str, gather: Gather, *, dry_run: bool) -> None:
    """Carry out the requests and print what came of them; ``kind`` names the table."""
    from adaptx.report import tables

    store = opened(common.store)
    job = Job(how=common.how, strict=common.strict, keep=common.keep)
    with quiet_stdout(), catch_interrupts(), progress_display() as report:
        lock_revisions(requests, store)
        planned, view = plan_all(requests, store), StoreView(store)
        if dry_run:
            kind, value = "plan", expected_cost(planned, view, job, report, measured=True)
        else:
            _announce(expected_cost(planned, view, job, report, measured=False))
            value = gather(planned, view, make(planned, view, job, report))
    emit(value, as_json=common.json, render=lambda value: tables.show(kind, value))


def _announce(expected: dict[str, Any]) -> None:
    """Say so before hours of work begin."""
    hours = (expected["seconds"] or 0.0) / 3600
    if hours >= HOURS:
        tell(f"this takes about {hours:.1f} hours here; faster: {FASTER}; the plan: --dry-run")
