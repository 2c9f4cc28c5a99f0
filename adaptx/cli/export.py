"""``adaptx export RESULT... --to xtreme DIR``: stored results in other people's formats."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx.cli.options import json_option, opened, store_option
from adaptx.cli.output import emit
from adaptx.results.export import export

__all__ = ["command"]


@click.command("export")
@click.argument("results", nargs=-1, required=True, metavar="RESULT...")
@click.option("--to", required=True, metavar="FORMAT", help="xtreme, or a method's own: peft, adapterhub.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@store_option
@json_option
def command(results: tuple[str, ...], to: str, folder: Path, store: Path | None, json: bool) -> None:
    """Write evaluations as a submission to XTREME, or an adapter in its library's own layout, to DIR.

    RESULT is the id of a stored step or its first digits; for xtreme, an adapter stands for all its evaluations.
    """
    from adaptx.report import lists

    emit(export(opened(store), results, to, folder), as_json=json, render=lists.show)
