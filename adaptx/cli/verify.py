"""``adaptx verify [ID]``: every file against its sha256, every score against stored predictions; exit 1 if not."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx.cli.options import json_option, opened, store_option
from adaptx.cli.output import emit, tell_faults
from adaptx.errors import StoreCorrupt

__all__ = ["command"]


@click.command("verify")
@click.argument("steps", nargs=-1, metavar="[ID]...")
@store_option
@json_option
def command(steps: tuple[str, ...], store: Path | None, json: bool) -> None:
    """Check stored files and recompute every score from stored predictions (no model is loaded)."""
    from adaptx.report import tables
    from adaptx.results.verify import lost_parents, verify

    place = opened(store)
    checked = verify(place, steps)
    emit(checked, as_json=json, render=tables.print_verify)
    tell_faults(lost_parents(place), "note")
    faults = [fault for entry in checked["steps"] for fault in entry["faults"]]
    if faults:
        raise StoreCorrupt(f"{len(faults)} faults, the first: {faults[0]}", hint="adaptx prune ID, then make it again")
