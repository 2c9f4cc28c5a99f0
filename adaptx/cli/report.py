"""``adaptx report RECIPE --html|--md|--latex|--csv``: the tables and figures of a recipe from stored predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adaptx.cli.options import json_option, opened, store_option
from adaptx.cli.output import emit
from adaptx.execution.make import require_stored
from adaptx.planning.planner import plan_all
from adaptx.planning.recipe import read_recipe
from adaptx.report import csv, folder, html, latex, markdown
from adaptx.results.summaries import run_result
from adaptx.store import StoreView

if TYPE_CHECKING:
    from adaptx.schema.commands import RunResult

__all__ = ["command"]

TEXTS: Mapping[str, Callable[[RunResult], str]] = {
    "md": markdown.text_of,
    "latex": latex.text_of,
    "csv": csv.text_of,
    "html": lambda value: value["report"],
}


@click.command("report")
@click.argument("file", metavar="RECIPE", type=click.Path(path_type=Path))
@click.option("--html", "form", flag_value="html", help="Write a page with figures; print its path.")
@click.option("--md", "form", flag_value="md", default=True, help="Markdown (default).")
@click.option("--latex", "form", flag_value="latex", help="LaTeX.")
@click.option("--csv", "form", flag_value="csv", help="One line per estimate.")
@click.option("--report", type=click.Path(path_type=Path), envvar="ADAPTX_REPORT", help="Folder of the page.")
@store_option
@json_option
def command(file: Path, form: str, report: Path | None, store: Path | None, json: bool) -> None:
    """Report what `run RECIPE` produced, without computing anything new."""
    recipe = read_recipe(file)
    place = opened(store)
    planned, view = plan_all(recipe.requests(), place), StoreView(place)
    steps = require_stored(planned, view, repair=f"adaptx run {file} --store {place.root}")
    value = run_result(recipe, planned, view, steps)
    if form == "html":
        value["report"] = folder.write(html.files_of(value), report or place.reports / recipe.name)
    emit(value, as_json=json, render=lambda value: click.echo(TEXTS[form](value).rstrip("\n")))
