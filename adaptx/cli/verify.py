"""``adaptx verify [ID]``: every file against its sha256, every score against stored predictions; exit 1 if not."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx import api
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, store_option
from adaptx.cli.output import emit, open_and_announce
from adaptx.errors import StoreCorrupt

__all__ = ["command"]

EXAMPLES = {
    "adaptx verify": "all of the store, without a model and without a GPU",
    "adaptx verify 3f2a91": "one step",
}


@click.command("verify", cls=SectionCommand, examples=EXAMPLES)
@click.argument("steps", nargs=-1, metavar="[ID]...")
@store_option
@json_option
def command(steps: tuple[str, ...], store: Path | None, json: bool) -> None:
    """Check stored files and recompute every score from stored predictions (no model is loaded)."""
    answer = api.verify(*steps, store=open_and_announce(store))
    emit(answer, as_json=json)
    faults = [fault for entry in answer.value["steps"] for fault in entry["faults"]]
    if faults:
        raise StoreCorrupt(f"{len(faults)} faults, the first: {faults[0]}", hint="adaptx prune ID, then make it again")
