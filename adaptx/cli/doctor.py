"""``adaptx doctor``: versions, plugins (each in a process of its own), the store and settings. Exit 1 on a fault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from adaptx import api
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, store_option
from adaptx.cli.output import emit, open_and_announce
from adaptx.errors import AdaptxError

if TYPE_CHECKING:
    from adaptx.store import Store

__all__ = ["command"]

EXAMPLES = {"adaptx doctor": "when something is odd: what is installed, and what is wrong with it"}


def _announced(path: Path | None) -> Store | Path | None:
    """Return the store; where it cannot be opened its path, since that is one finding among others."""
    try:
        return open_and_announce(path)
    except AdaptxError:
        return path


@click.command("doctor", cls=SectionCommand, examples=EXAMPLES)
@store_option
@json_option
def command(store: Path | None, json: bool) -> None:
    """Check the installation, the plugins and the store."""
    answer = api.doctor(store=_announced(store))
    emit(answer, as_json=json)
    bad = [finding for finding in answer.value if finding["state"] == "fault"]
    if bad:
        message = f"{len(bad)} of {len(answer.value)} checks failed"
        raise AdaptxError(message, hint="the lines marked fault say what to do")
