"""``adaptx why ID``: the field-by-field difference between a step and the nearest stored one of its kind."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx.cli.options import json_option, opened, store_option
from adaptx.cli.output import emit, tell_faults

__all__ = ["command"]


@click.command("why")
@click.argument("step")
@store_option
@json_option
def command(step: str, store: Path | None, json: bool) -> None:
    """Show in which fields STEP (an id or its first letters) differs from the nearest stored step of its kind."""
    from adaptx.report import tables
    from adaptx.results.summaries import why_result

    place = opened(store)
    emit(why_result(place, step), as_json=json, render=tables.print_why)
    tell_faults(fault for _, fault in place.damaged())
