"""``adaptx score DIR``: the scores of a folder in XTREME's submission layout, against the gold rows of a source."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx.cli.options import checked, json_option, opened, store_option
from adaptx.cli.output import emit, quiet_stdout

__all__ = ["command"]


@click.command("score")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option("--source", default="hub", envvar="ADAPTX_SOURCE", show_default=True, help="Where the gold rows are.")
@click.option("--languages", multiple=True, metavar="TAG[,TAG...]", help="Only these languages.")
@click.option("--max-eval", type=checked("max_eval"), help="Score the rows that an evaluation with this limit used.")
@store_option
@json_option
def command(
    folder: Path, source: str, languages: tuple[str, ...], max_eval: int | None, store: Path | None, json: bool
) -> None:
    """Score the predictions in DIR: by task and language, with the averages of XTREME where nothing is missing."""
    from adaptx.data.source import open_source
    from adaptx.report import submission
    from adaptx.results.submission import scored

    tags = tuple(tag for text in languages for tag in text.split(",") if tag)
    with quiet_stdout():
        found = scored(folder, open_source(source, opened(store)), languages=tags, limit=max_eval)
    emit(found, as_json=json, render=submission.print_scores)
