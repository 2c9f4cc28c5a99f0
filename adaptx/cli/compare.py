"""``adaptx compare squad pawsx``: {no intermediate, intermediate} x {full, LoRA, bottleneck}, and a control."""

from __future__ import annotations

from typing import Any

import click

from adaptx import api
from adaptx.cli.carry_out import carry_out
from adaptx.cli.completion import complete_tasks
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import checked, option, work_options

__all__ = ["command"]

EXAMPLES = {
    "adaptx compare squad pawsx --attack charswap": "does SQuAD first help PAWS-X, also under typos, by each method",
    "adaptx compare mnli xnli --seeds 5": "over five seeds: with an interval for a new seed",
}


@click.command("compare", cls=SectionCommand, examples=EXAMPLES)
@click.argument("intermediate", shell_complete=complete_tasks)
@click.argument("target", shell_complete=complete_tasks)
@option("--seeds", type=checked("seeds"), default=1, show_default=True, help="Seeds per arm.")
@work_options
def command(intermediate: str, target: str, **options: Any) -> None:
    """Compare training TARGET directly and on top of INTERMEDIATE, with every method (--method is not used)."""
    carry_out(api.compare, intermediate, target, **options)
