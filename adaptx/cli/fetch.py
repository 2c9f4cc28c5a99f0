"""``adaptx fetch TASK|RECIPE...``: everything a run needs from the hub, locked to commits, for use without network."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx.cli.options import json_option, opened, store_option
from adaptx.cli.output import emit, quiet_stdout

__all__ = ["command"]


@click.command("fetch")
@click.argument("names", metavar="TASK|RECIPE...", nargs=-1)
@click.option("--backbone", envvar="ADAPTX_BACKBONE", help="Also the files of this backbone.")
@click.option("--languages", multiple=True, metavar="TAG[,TAG...]", help="Only these languages.")
@store_option
@json_option
def command(
    names: tuple[str, ...], backbone: str | None, languages: tuple[str, ...], store: Path | None, json: bool
) -> None:
    """Download the rows of tasks and of what they train on, everything a recipe needs, and a backbone."""
    from adaptx.execution.fetch import fetch, fetch_recipe
    from adaptx.planning.recipe import is_recipe, read_recipe
    from adaptx.report import lists

    tags = tuple(tag for text in languages for tag in text.split(",") if tag)
    recipes = [read_recipe(Path(name)) for name in names if is_recipe(name)]
    with quiet_stdout():
        place = opened(store)
        fetched = fetch([name for name in names if not is_recipe(name)], backbone, tags, place)
        fetched += [row for recipe in recipes for row in fetch_recipe(recipe, place)]
    emit(fetched, as_json=json, render=lists.show)
