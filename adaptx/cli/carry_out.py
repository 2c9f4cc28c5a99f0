"""What `train`, `stack`, `compare` and `run` share: where results live, progress, and the answer on stdout.

May not compute: the work is behind `adaptx.api`. With ``--dry-run`` nothing is made; the plan and what it would cost is
the answer. Before hours of work begin, that is said, with what would be faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from adaptx import api
from adaptx.cli.options import check_options
from adaptx.cli.output import catch_interrupts, emit, open_and_announce, quiet_stdout, tell
from adaptx.cli.progress import progress_display

if TYPE_CHECKING:
    from adaptx.reporting.result import Result
    from adaptx.steps.progress import Event, ProgressCallback

__all__ = ["carry_out"]

HOURS = 1.0  # from here on a run is announced before it starts
FASTER = "--max-train N, --epochs X, --max-eval N, --languages TAG,..., or a machine with a GPU"


def carry_out(
    command: Callable[..., Result[Any]], *args: Any, dry_run: bool, json: bool, store: Any, **options: Any
) -> None:
    """Call a command of `adaptx.api`, or plan it, and print its answer."""
    check_options(options)
    place = open_and_announce(store)
    called = (api.plan, command) if dry_run else (command,)
    with quiet_stdout(), catch_interrupts(), progress_display() as report:
        answer = called[0](*called[1:], *args, store=place, progress=_announce_hours(report), **options)
    emit(answer, as_json=json)


def _announce_hours(report: ProgressCallback) -> ProgressCallback:
    """Return ``report`` that also says so before hours of work begin."""

    def announce(event: Event) -> None:
        seconds = event.get("expected_seconds")
        if not isinstance(seconds, int | float):
            report(event)
        elif seconds / 3600 >= HOURS:
            told = f"this takes about {seconds / 3600:.1f} hours here; faster: {FASTER}; the plan: --dry-run"
            tell(told)

    return announce
