"""``adaptx train --adapter squad``: train what a task needs and store it, without evaluation."""

from __future__ import annotations

from typing import Any

import click

from adaptx.cli.carry_out import work
from adaptx.cli.options import asked, chosen, work_options
from adaptx.planning.request import Request
from adaptx.results.summaries import train_result

__all__ = ["command"]


@click.command("train")
@click.option("--adapter", "task", required=True, metavar="TASK", help="The task to train.")
@click.option("--above", multiple=True, metavar="TASK", help="Tasks underneath, bottom first; repeatable.")
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@work_options
def command(task: str, above: tuple[str, ...], dry_run: bool, **options: Any) -> None:
    """Train an adapter (or all weights) for TASK and store it."""
    from adaptx.report import tables

    request = Request(choices=chosen(options), names=(*above, task), cells=False)
    work(
        asked(options),
        [request],
        lambda planned, view, steps: train_result(planned[0], view, steps),
        tables.print_train,
        dry_run=dry_run,
    )
