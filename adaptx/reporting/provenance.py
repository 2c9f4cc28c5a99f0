"""What a reader must know before the numbers: which world they are of, what was made, what makes them doubtful.

Owns these lines: the world is the first of everything that is printed or written. Numbers of the generated world and of
real languages never meet in one table: `adaptx.schema.sources` refuses them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from adaptx.reporting.lists import console
from adaptx.schema.sources import one_source

if TYPE_CHECKING:
    from adaptx.schema.commands import RunResult, StepRow

__all__ = ["GENERATED", "print_flags", "print_steps", "print_world", "world_of", "world_of_run"]

MINI = "mini"
GENERATED = "Generated world: all text is made by rules (source mini). This says nothing about real languages."


def world_of(source: str) -> str:
    """Return the line that says which world a result is of: the generated one, or rows of the hub or of a folder."""
    return GENERATED if source == MINI else f"Real rows: source {source}."


def world_of_run(value: RunResult) -> str:
    """Return the line of a run; raise `Incompatible` for comparisons of several sources."""
    return world_of(one_source(compared["source"] for compared in value["comparisons"]))


def print_world(source: str) -> None:
    """Print which world a result is of."""
    console().print(Text(world_of(source), style="bold"))


def print_steps(steps: Sequence[StepRow]) -> None:
    """Print what was made and what was reused: trained stacks by name where names tell them apart, else how many."""
    for kind in ("train", "eval", "attack"):
        for status in ("reused", "made"):
            names = [step["name"] for step in steps if (step["kind"], step["status"]) == (kind, status)]
            if names:
                tells = kind == "train" and len(set(names)) == len(names)
                shown = ", ".join(names) if tells else f"{len(names)} {'stacks' if kind == 'train' else 'cells'}"
                seconds = sum(step["seconds"] for step in steps if (step["kind"], step["status"]) == (kind, status))
                took = f" in {seconds:.1f} s" if status == "made" else ""
                console().print(f"{status}: {kind} {shown}{took}")


def print_flags(flags: Sequence[str]) -> None:
    """Print what a reader must know before believing the numbers."""
    for flag in flags:
        console().print(Text(f"flag: {flag}", style="yellow"))
