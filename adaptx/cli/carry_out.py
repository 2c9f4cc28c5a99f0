"""What `train`, `stack` and `compare` share: say where the store is, plan, make, and print the result.

May not compute: the work is behind `adaptx.execution.make`. With ``--dry-run`` nothing is made; the plan and what it
would cost is the result. Before hours of work begin, that is said, with what would be faster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from adaptx.cli.options import Common, opened
from adaptx.cli.output import emit, interrupt_on_sigterm, quiet_stdout
from adaptx.cli.progress import progress_display
from adaptx.execution.make import Job, Request, StepResult, cost, locked, make
from adaptx.store import Store

__all__ = ["work"]

HOURS = 1.0  # from here on a run is announced before it starts
FASTER = "--max-train N, --epochs X, --max-eval N, --languages TAG,..., or a machine with a GPU"

Gather = Callable[[Store, Sequence[StepResult]], dict[str, Any]]


def work(common: Common, requests: Sequence[Request], kind: str, gather: Gather, *, dry_run: bool) -> None:
    """Carry out the requests and print what came of them; ``kind`` names the table."""
    from adaptx.report import tables

    store = opened(common.store)
    job = Job(how=common.how, strict=common.strict, keep=common.keep)
    with quiet_stdout(), interrupt_on_sigterm(), progress_display() as tell:
        locked(requests, store)
        if dry_run:
            kind, value = "plan", cost(requests, store, job, tell, measured=True)
        else:
            _announce(cost(requests, store, job, tell, measured=False))
            value = gather(store, make(requests, store, job, tell))
    emit(value, as_json=common.json, render=lambda value: tables.show(kind, value))


def _announce(expected: dict[str, Any]) -> None:
    """Say so before hours of work begin."""
    hours = (expected["seconds"] or 0.0) / 3600
    if hours >= HOURS:
        click.echo(f"this takes about {hours:.1f} hours here; faster: {FASTER}; the plan: --dry-run", err=True)
