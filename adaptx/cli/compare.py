"""``adaptx compare squad pawsx``: {no intermediate, intermediate} x {full, LoRA, bottleneck}, and a control."""

from __future__ import annotations

from typing import Any

import click

from adaptx.cli.carry_out import work
from adaptx.cli.options import asked, checked, chosen, work_options
from adaptx.planning.arms import Comparison, requests_of
from adaptx.results.summaries import compare_result

__all__ = ["command"]


@click.command("compare")
@click.argument("intermediate")
@click.argument("target")
@click.option(
    "--seeds", type=checked("seeds"), default=1, show_default=True, envvar="ADAPTX_SEEDS", help="Seeds per arm."
)
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@work_options
def command(intermediate: str, target: str, seeds: int, dry_run: bool, **options: Any) -> None:
    """Compare training TARGET directly and on top of INTERMEDIATE, with every method (--method is not used)."""
    from adaptx.report.comparison import print_comparison

    choices = chosen(options)
    comparison = Comparison(
        intermediate=intermediate,
        target=target,
        seeds=tuple(range(choices.seed, choices.seed + seeds)),
        choices=choices,
    )
    work(
        asked(options),
        requests_of(comparison),
        lambda planned, view, steps: compare_result(comparison, planned, view, steps),
        print_comparison,
        dry_run=dry_run,
    )
