"""``adaptx run RECIPE``: carry out a recipe's grid, print its tables, and write the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adaptx.cli.carry_out import work
from adaptx.cli.options import asked, how_options
from adaptx.planning.recipe import read_recipe
from adaptx.report import comparison, folder, html
from adaptx.results.summaries import run_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adaptx.planning.request import PlannedRequest
    from adaptx.schema.commands import RunResult, StepRow
    from adaptx.store import StoreView

__all__ = ["command"]


@click.command("run")
@click.argument("file", metavar="RECIPE", type=click.Path(path_type=Path))
@click.option("--report", type=click.Path(path_type=Path), envvar="ADAPTX_REPORT", help="Folder of the report.")
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@how_options
def command(file: Path, report: Path | None, dry_run: bool, **options: Any) -> None:
    """Run RECIPE, a TOML file: every comparison of its grid, then tables and a report with figures."""
    recipe = read_recipe(file)
    if report is not None:
        folder.check_place(report)  # before the work, not after it

    def gather(planned: Sequence[PlannedRequest], view: StoreView, steps: Sequence[StepRow]) -> RunResult:
        value = run_result(recipe, planned, view, steps)
        value["report"] = folder.write(html.files_of(value), report or view.store.reports / recipe.name)
        return value

    work(asked(options), recipe.requests(), gather, comparison.print_run, dry_run=dry_run)
