"""``adaptx why ID``: the field-by-field difference between a step and the nearest stored one of its kind."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx import api
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, store_option
from adaptx.cli.output import emit, open_and_announce

__all__ = ["command"]

EXAMPLES = {"adaptx why 3f2a91": "which option made this another result than its nearest neighbour"}


@click.command("why", cls=SectionCommand, examples=EXAMPLES)
@click.argument("step")
@store_option
@json_option
def command(step: str, store: Path | None, json: bool) -> None:
    """Show in which fields STEP (an id or its first letters) differs from the nearest stored step of its kind."""
    emit(api.why(step, store=open_and_announce(store)), as_json=json)
