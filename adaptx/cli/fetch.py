"""``adaptx fetch TASK|RECIPE...``: everything a run needs from the hub, locked to commits, for use without network."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx import api
from adaptx.cli.completion import complete_tasks
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, languages_option, store_option, table_option
from adaptx.cli.output import emit, open_and_announce, quiet_stdout

__all__ = ["command"]

EXAMPLES = {
    "adaptx fetch squad pawsx --backbone xlm-roberta-large": "rows and encoder of a stack",
    "adaptx fetch recipes/mini-study.toml": "all that a recipe needs",
}


@click.command("fetch", cls=SectionCommand, examples=EXAMPLES)
@click.argument("names", metavar="TASK|RECIPE...", nargs=-1, shell_complete=complete_tasks)
@table_option("backbone", default=None, show_default=False, help="Also the files of this backbone.")
@languages_option
@store_option
@json_option
def command(
    names: tuple[str, ...], backbone: str | None, languages: tuple[str, ...], store: Path | None, json: bool
) -> None:
    """Download the rows of tasks and of what they train on, everything a recipe needs, and a backbone."""
    place = open_and_announce(store)
    with quiet_stdout():
        answer = api.fetch(*names, backbone=backbone, languages=languages, store=place)
    emit(answer, as_json=json)
