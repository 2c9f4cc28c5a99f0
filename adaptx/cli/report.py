"""``adaptx report RECIPE``: what a recipe has made, from stored predictions: HTML, Markdown, LaTeX or CSV."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx import api
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, option, store_option
from adaptx.cli.output import emit_text, open_and_announce

__all__ = ["command"]

EXAMPLES = {
    "adaptx report recipes/quickstart.toml": "its tables as Markdown",
    "adaptx report recipes/quickstart.toml --html --report page": "a page with figures, in the folder page",
    "adaptx report recipes/quickstart.toml --csv > estimates.csv": "every estimate, for a spreadsheet",
}


@click.command("report", cls=SectionCommand, examples=EXAMPLES)
@click.argument("file", metavar="RECIPE", type=click.Path(path_type=Path))
@option("--html", "form", envvar=None, flag_value="html", help="Write a page with figures; print its path.")
@option("--md", "form", envvar=None, flag_value="md", default=True, help="Markdown (default).")
@option("--latex", "form", envvar=None, flag_value="latex", help="LaTeX.")
@option("--csv", "form", envvar=None, flag_value="csv", help="One line per estimate.")
@option("--report", type=click.Path(path_type=Path), help="Folder of the page.")
@store_option
@json_option
def command(file: Path, form: str, report: Path | None, store: Path | None, json: bool) -> None:
    """Report what `run RECIPE` produced, without computing anything new."""
    answer = api.report(file, store=open_and_announce(store))
    text = answer.write(report) if form == "html" else answer.text(form)
    emit_text(answer.to_json() if json else text)
