"""``python -m adaptx.mini RECIPE FOLDER``: make ``nano`` anew, from nothing but the languages of the world.

Owns that command and the reading of its recipe; the work is `pretraining`'s.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from adaptx.mini.pretraining import PretrainingConfig, pretrain

__all__ = ["main", "recipe_of"]

EVERY = 100  # steps between two lines


@click.command()
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def main(recipe: Path, folder: Path) -> None:
    """Pretrain nano as RECIPE says, write it to FOLDER, and print the sha256 of its weights."""
    chosen = recipe_of(recipe)
    pretrain(chosen, folder, _teller(chosen.steps))
    click.echo(sha256((folder / "model.safetensors").read_bytes()).hexdigest())


def recipe_of(path: Path) -> PretrainingConfig:
    """Read the table ``[nano]`` of a TOML file; raise `click.UsageError` for unknown keys."""
    asked = tomllib.loads(path.read_text(encoding="utf-8"))["nano"]
    known = [field.name for field in fields(PretrainingConfig)]
    if unknown := [key for key in asked if key not in known]:
        raise click.UsageError(f"{path}: {', '.join(unknown)} not known; what may stand there: {', '.join(known)}")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in asked.items()}
    return PretrainingConfig(**values)


def _teller(steps: int) -> Callable[[int, dict[str, float]], None]:
    """Return what tells the losses of every hundredth step on stderr."""
    begun = time.monotonic()

    def tell(step: int, losses: dict[str, float]) -> None:
        if step % EVERY == 0 or step + 1 == steps:
            told = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
            click.echo(f"step {step + 1} of {steps}, {time.monotonic() - begun:.0f} s: {told}", err=True)

    return tell


if __name__ == "__main__":
    main()
