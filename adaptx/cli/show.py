"""``adaptx show [task] NAME|ID``: a task's page, or a stored step with its spec, manifest and scores."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import click

from adaptx.cli.options import json_option, opened, store_option
from adaptx.cli.output import emit, tell_faults
from adaptx.errors import UsageError

__all__ = ["command"]


@click.command("show")
@click.argument("words", metavar="[task] NAME", nargs=-1, required=True)
@store_option
@json_option
def command(words: tuple[str, ...], store: Path | None, json: bool) -> None:
    """Show the page of the task called NAME, or the stored step with that id."""
    *kind, name = words
    if kind not in ([], ["task"]):
        raise UsageError(f"cannot show {' '.join(words)!r}: one name at a time", hint=f"adaptx show {name}")
    from adaptx.report import lists
    from adaptx.results import listing

    place = cache(lambda: opened(store))
    view = listing.shown(name, place, is_task=bool(kind))
    emit(view, as_json=json, render=lists.show_one)
    tell_faults(listing.faults_of(view, place))
