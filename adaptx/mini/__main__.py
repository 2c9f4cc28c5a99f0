"""``python -m adaptx.mini CONFIG FOLDER``: make ``nano`` anew, from nothing but the languages of the world.

Owns that command and the reading of its configuration; the work is `pretraining`'s.
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

__all__ = ["main", "read_config"]

EVERY = 100  # steps between two lines


@click.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def main(config: Path, folder: Path) -> None:
    """Pretrain nano as CONFIG says, write it to FOLDER, and print the sha256 of its weights."""
    settings = read_config(config)
    pretrain(settings, folder, _progress_printer(settings.steps))
    click.echo(sha256((folder / "model.safetensors").read_bytes()).hexdigest())


def read_config(path: Path) -> PretrainingConfig:
    """Read the table ``[nano]`` of a TOML file; raise `click.UsageError` for unknown keys."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))["nano"]
    known = [field.name for field in fields(PretrainingConfig)]
    if unknown := [key for key in table if key not in known]:
        raise click.UsageError(f"{path}: {', '.join(unknown)} not known; what may stand there: {', '.join(known)}")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return PretrainingConfig(**values)


def _progress_printer(steps: int) -> Callable[[int, dict[str, float]], None]:
    """Return what prints the losses of every hundredth step to stderr."""
    start = time.monotonic()

    def report(step: int, losses: dict[str, float]) -> None:
        if step % EVERY == 0 or step + 1 == steps:
            text = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
            click.echo(f"step {step + 1} of {steps}, {time.monotonic() - start:.0f} s: {text}", err=True)

    return report


if __name__ == "__main__":
    main()
