"""``adaptx prune [ID...]``: remove unfinished work and, by name, stored steps."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx.cli.options import json_option, opened, store_option
from adaptx.cli.output import emit

__all__ = ["command"]


@click.command("prune")
@click.argument("steps", nargs=-1, metavar="[ID]...")
@click.option("--dry-run", is_flag=True, help="Print what would be removed and stop.")
@store_option
@json_option
def command(steps: tuple[str, ...], dry_run: bool, store: Path | None, json: bool) -> None:
    """Remove unfinished work that no process is using, and the stored steps given by ID."""
    from adaptx.report import lists
    from adaptx.results import listing

    emit(listing.pruned(opened(store), steps, dry_run=dry_run), as_json=json, render=lists.show)
