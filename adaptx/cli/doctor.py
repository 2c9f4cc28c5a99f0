"""``adaptx doctor``: versions, plugins (each in a process of its own), the store and settings. Exit 1 on a fault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from adaptx.cli.options import json_option, opened, store_option
from adaptx.cli.output import emit
from adaptx.errors import AdaptxError

if TYPE_CHECKING:
    from adaptx.store import Store

__all__ = ["command"]


def _opened(path: Path | None) -> Store | AdaptxError:
    """Return the store, or why it cannot be opened: that is one finding among others."""
    try:
        return opened(path)
    except AdaptxError as error:
        return error


@click.command("doctor")
@store_option
@json_option
def command(store: Path | None, json: bool) -> None:
    """Check the installation, the plugins and the store."""
    from adaptx.report import lists
    from adaptx.results import doctor

    findings = doctor.examine(_opened(store))
    emit(findings, as_json=json, render=lists.show)
    bad = [finding for finding in findings if finding["state"] == "fault"]
    if bad:
        raise AdaptxError(f"{len(bad)} of {len(findings)} checks failed", hint="the lines marked fault say what to do")
