"""``adaptx doctor``: versions, plugins (each in a process of its own), the store and settings. Exit 1 on a fault."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx import api
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, store_option
from adaptx.cli.output import emit
from adaptx.errors import AdaptxError

__all__ = ["command"]

EXAMPLES = {"adaptx doctor": "when something is odd: what is installed, and what is wrong with it"}


@click.command("doctor", cls=SectionCommand, examples=EXAMPLES)
@store_option
@json_option
def command(store: Path | None, json: bool) -> None:
    """Check the installation, the plugins and the store."""
    answer = api.doctor(store=store)
    emit(answer, as_json=json)
    bad = [finding for finding in answer.value if finding["state"] == "fault"]
    if bad:
        message = f"{len(bad)} of {len(answer.value)} checks failed"
        raise AdaptxError(message, hint="the lines marked fault say what to do")
