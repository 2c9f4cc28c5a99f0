"""``adaptx stack squad pawsx --attack charswap``: make what is missing, evaluate in every language, print the table."""

from __future__ import annotations

from typing import Any

import click

from adaptx.cli.carry_out import work
from adaptx.cli.options import asked, chosen, work_options
from adaptx.planning.request import Request
from adaptx.results.summaries import stack_result

__all__ = ["command"]


@click.command("stack")
@click.argument("tasks", nargs=-1, required=True)
@click.option("--on", envvar="ADAPTX_ON", metavar="TASK", help="Evaluate on TASK instead of the top of the stack.")
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@work_options
def command(tasks: tuple[str, ...], on: str | None, dry_run: bool, **options: Any) -> None:
    """Train TASKS on top of each other, the first at the bottom; evaluate the last in all its languages."""
    from adaptx.report import tables

    request = Request(choices=chosen(options), names=tasks, on=on)
    work(
        asked(options),
        [request],
        lambda planned, view, steps: stack_result(planned[0], view, steps),
        tables.print_stack,
        dry_run=dry_run,
    )
