"""``adaptx prune [ID...]``: remove unfinished work and, by name, stored steps."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx import api
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, option, store_option
from adaptx.cli.output import emit, open_and_announce

__all__ = ["command"]

EXAMPLES = {
    "adaptx prune --dry-run": "what unfinished work would be removed",
    "adaptx prune 3f2a91": "remove that step too",
}


@click.command("prune", cls=SectionCommand, examples=EXAMPLES)
@click.argument("steps", nargs=-1, metavar="[ID]...")
@option("--dry-run", section="how", envvar=None, is_flag=True, help="Print what would be removed and stop.")
@store_option
@json_option
def command(steps: tuple[str, ...], dry_run: bool, store: Path | None, json: bool) -> None:
    """Remove unfinished work that no process is using, and the stored steps given by ID."""
    emit(api.prune(*steps, dry_run=dry_run, store=open_and_announce(store)), as_json=json)
