"""``python -m adaptx.mini RECIPE FOLDER``: make ``nano`` anew, from nothing but the languages of the world.

Owns that command alone; the work is `pretraining`'s. About an hour on two cores.
"""

from __future__ import annotations

import time
import tomllib
from hashlib import sha256
from pathlib import Path

import click

from adaptx.mini.pretraining import Recipe, pretrain

EVERY = 100  # steps between two lines


@click.command()
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def main(recipe: Path, folder: Path) -> None:
    """Pretrain nano as RECIPE says and write it to FOLDER."""
    asked = tomllib.loads(recipe.read_text(encoding="utf-8"))["nano"]
    asked["stages"] = tuple(asked["stages"])
    chosen = Recipe(**asked)
    begun = time.monotonic()

    def report(step: int, losses: dict[str, float]) -> None:
        if step % EVERY == 0 or step + 1 == chosen.steps:
            told = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
            click.echo(f"step {step + 1} of {chosen.steps}, {time.monotonic() - begun:.0f} s: {told}", err=True)

    pretrain(chosen, folder, report)
    click.echo(sha256((folder / "model.safetensors").read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
