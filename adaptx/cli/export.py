"""``adaptx export RESULT... --to xtreme DIR``: stored results in other people's formats."""

from __future__ import annotations

from pathlib import Path

import click

from adaptx import api
from adaptx.cli.help import SectionCommand
from adaptx.cli.options import json_option, option, store_option
from adaptx.cli.output import emit, open_and_announce

__all__ = ["command"]

EXAMPLES = {
    "adaptx export 3f2a91 --to xtreme submission": "all evaluations of an adapter, in the layout of XTREME",
    "adaptx export 3f2a91 --to peft adapter": "a LoRA as peft reads it",
}


@click.command("export", cls=SectionCommand, examples=EXAMPLES)
@click.argument("results", nargs=-1, required=True, metavar="RESULT...")
@option("--to", required=True, envvar=None, metavar="FORMAT", help="xtreme, or a method's own: peft, adapterhub.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@store_option
@json_option
def command(results: tuple[str, ...], to: str, folder: Path, store: Path | None, json: bool) -> None:
    """Write evaluations as a submission to XTREME, or an adapter in its library's own layout, to DIR.

    RESULT is the id of a stored step or its first digits; for xtreme, an adapter stands for all its evaluations.
    """
    emit(api.export(*results, to=to, folder=folder, store=open_and_announce(store)), as_json=json)
