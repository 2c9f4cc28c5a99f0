"""``adaptx stack squad pawsx --attack charswap``: make what is missing, evaluate in every language, print the table."""

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
    "adaptx stack squad pawsx --attack charswap": "SQuAD below PAWS-X, clean and with typos, in seven languages",
    "adaptx stack mnli mnli --on xnli --method bottleneck": "MNLI twice, by bottleneck adapters, evaluated on XNLI",
    "adaptx stack squad pawsx --source mini --backbone nano": "the same in the generated world, without network or GPU",
}


@click.command("stack", cls=SectionCommand, examples=EXAMPLES)
@click.argument("tasks", nargs=-1, required=True, shell_complete=complete_tasks)
@option("--on", metavar="TASK", shell_complete=complete_tasks, help="Evaluate on TASK instead of the top of the stack.")
@work_options
def command(tasks: tuple[str, ...], **options: Any) -> None:
    """Train TASKS on top of each other, the first at the bottom; evaluate the last in all its languages."""
    carry_out(api.stack, *tasks, **options)
