"""``adaptx run RECIPE``: carry out a recipe's grid, print its tables, and write the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from adaptx import api
from adaptx.cli.carry_out import carry_out
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import how_options, option

__all__ = ["command"]

EXAMPLES = {
    "adaptx run recipes/quickstart.toml": "the whole study in the generated world, in minutes",
    "adaptx run recipes/mini-study.toml --dry-run": "what a recipe would do, and how long it takes here",
}


@click.command("run", cls=SectionCommand, examples=EXAMPLES)
@click.argument("file", metavar="RECIPE", type=click.Path(path_type=Path))
@option("--report", type=click.Path(path_type=Path), help="Folder of the report.")
@how_options
def command(file: Path, **options: Any) -> None:
    """Run RECIPE, a TOML file: every comparison of its grid, then tables and a report with figures."""
    carry_out(api.run, file, **options)
