"""``adaptx ls tasks|methods|attacks|...``: what there is. Imports nobody's plugin code."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx import api
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, store_option
from adaptx.cli.output import emit, open_and_announce

__all__ = ["command"]

EXAMPLES = {
    "adaptx ls tasks": "every task with its form, metric, languages, rows and licence",
    "adaptx ls results --json": "everything in the store, for a program",
}


@click.command("ls", cls=SectionCommand, examples=EXAMPLES)
@click.argument("kind", type=click.Choice(api.KINDS))
@store_option
@json_option
def command(kind: str, store: Path | None, json: bool) -> None:
    """List all items of KIND."""
    emit(api.ls(kind, store=open_and_announce(store) if kind in api.STORED else None), as_json=json)
