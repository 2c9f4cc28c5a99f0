"""``adaptx score DIR``: the scores of a folder in XTREME's submission layout, against the gold rows of a source."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx import api
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, languages_option, store_option, table_option
from adaptx.cli.output import emit, open_and_announce, quiet_stdout

__all__ = ["command"]

EXAMPLES = {"adaptx score submission --source gold": "a folder of predictions against the gold rows in the folder gold"}


@click.command("score", cls=SectionCommand, examples=EXAMPLES)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@table_option("source", help="Where the gold rows are.")
@languages_option
@table_option("max_eval", help="Score the rows that an evaluation with this limit used.")
@store_option
@json_option
def command(
    folder: Path, source: str, languages: tuple[str, ...], max_eval: int | None, store: Path | None, json: bool
) -> None:
    """Score the predictions in DIR: by task and language, with the averages of XTREME where nothing is missing."""
    place = open_and_announce(store)
    with quiet_stdout():
        answer = api.score_submission(folder, source=source, languages=languages, max_eval=max_eval, store=place)
    emit(answer, as_json=json)
