"""``adaptx show [task] NAME|ID``: a task's page, or a stored step with its spec, manifest and scores."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx import api
from adaptx.cli.completion import complete_tasks
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, store_option
from adaptx.cli.output import emit, open_and_announce
from adaptx.errors import UsageError

__all__ = ["command"]

EXAMPLES = {
    "adaptx show pawsx": "the page of a task: rows, languages, columns, licence, hyperparameters",
    "adaptx show 3f2a91": "a stored step by the first letters of its id",
}


@click.command("show", cls=SectionCommand, examples=EXAMPLES)
@click.argument("words", metavar="[task] NAME", nargs=-1, required=True, shell_complete=complete_tasks)
@store_option
@json_option
def command(words: tuple[str, ...], store: Path | None, json: bool) -> None:
    """Show the page of the task called NAME, or the stored step with that id."""
    *kind, name = words
    if kind not in ([], ["task"]):
        raise UsageError(f"cannot show {' '.join(words)!r}: one name at a time", hint=f"adaptx show {name}")
    emit(api.show(name, is_task=bool(kind), store=open_and_announce(store)), as_json=json)
