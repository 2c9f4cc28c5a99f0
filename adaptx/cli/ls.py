"""``adaptx ls tasks|attacks|...``: what there is. Imports nobody's plugin code."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx.cli.options import json_option, opened, store_option
from adaptx.cli.output import emit, tell_faults

__all__ = ["command"]

KINDS = ("tasks", "methods", "attacks", "searches", "adapters", "backbones", "results")


@click.command("ls")
@click.argument("kind", type=click.Choice(KINDS))
@store_option
@json_option
def command(kind: str, store: Path | None, json: bool) -> None:
    """List all items of KIND."""
    from adaptx.report import lists
    from adaptx.results import listing

    place = opened(store) if kind in ("adapters", "results") else None
    rows = listing.stored(place, kind) if place else listing.known(kind, whole=json)
    emit(rows, as_json=json, render=lists.show)
    tell_faults(listing.unlisted(place, kind) if place else ())
