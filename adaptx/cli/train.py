"""``adaptx train --adapter squad``: train what a task needs and store it, without evaluation."""

from __future__ import annotations

from typing import Any

import click

from adaptx import api
from adaptx.cli.carry_out import carry_out
from adaptx.cli.completion import complete_tasks
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import option, work_options

__all__ = ["command"]

EXAMPLES = {
    "adaptx train --adapter squad": "a LoRA of SQuAD on XLM-R Large",
    "adaptx train --adapter pawsx --above squad --lr 3e-4": "PAWS-X on top of it, with another learning rate",
    "adaptx train --adapter mnli --method full --dry-run": "what fine-tuning all weights would cost here",
}


@click.command("train", cls=SectionCommand, examples=EXAMPLES)
@option(
    "--adapter",
    "task",
    required=True,
    metavar="TASK",
    envvar=None,
    shell_complete=complete_tasks,
    help="The task to train.",
)
@option(
    "--above",
    multiple=True,
    metavar="TASK",
    envvar=None,
    shell_complete=complete_tasks,
    help="Tasks underneath, bottom first; repeatable.",
)
@work_options
def command(task: str, **options: Any) -> None:
    """Train an adapter (or all weights) for TASK and store it."""
    carry_out(api.train, task, **options)
