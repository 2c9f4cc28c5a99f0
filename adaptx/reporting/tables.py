"""The tables that people read: of one stack, of a plan, of a verification. Made from the same values as ``--json``.

Owns their columns; may not compute a score.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from adaptx.reporting.lists import console, show, show_one
from adaptx.reporting.numbers import points, with_interval
from adaptx.reporting.provenance import print_flags, print_steps, print_world

if TYPE_CHECKING:
    from adaptx.schema.commands import Plan, StackResult, TrainResult, VerifyResult, WhyResult
    from adaptx.schema.scores import AttackScores, LanguageScores, MeanScores

__all__ = ["print_plan", "print_stack", "print_train", "print_verify", "print_why"]


def print_train(value: TrainResult) -> None:
    """Print what was trained and where it is."""
    best = value["best"]
    print_world(value["source"])
    print_steps(value["steps"])
    show_one(
        {
            "adapter": " → ".join(value["stack"]),
            "method": value["method"],
            "best dev": "not measured" if best["score"] is None else f"{points(best['score'])} at step {best['step']}",
            "trainable": f"{value['trainable_parameters']:,} parameters",
            "size": f"{value['bytes'] / 1e6:.2f} MB",
            "id": value["id"],
            "path": value["path"],
        }
    )
    print_flags(value["flags"])


def print_stack(value: StackResult) -> None:
    """Print the per-language table of a stack."""
    print_world(value["source"])
    print_steps(value["steps"])
    title = (
        f"{' → '.join(value['stack']) or 'backbone'} on {value['task']} ({value['split']}, {value['metric']}, points)"
    )
    told = (
        f"{value['backbone']}, {value['method']}, {value['precision']}, seed {value['seed']}, source {value['source']}"
    )
    console().print(Text(title, style="bold"))
    console().print(Text(told))
    console().print(language_table(value))
    print_flags(value["flags"])


def language_table(value: StackResult) -> Table:
    """Return one row a language, then the means; four columns an attack."""
    attacks = list(next(iter(value["languages"].values()))["attacks"])
    table = Table(header_style="bold")
    for name in ("language", "n", "clean"):
        table.add_column(name, justify="left" if name == "language" else "right", no_wrap=True)
    for attack in attacks:
        for name in (attack, "lost", "random", "success", "queries", "edited", "no-op"):
            table.add_column(name, justify="right")
    table.add_column("flags")
    rows = list(value["languages"].items())
    for position, (language, scores) in enumerate(rows, start=1):
        table.add_row(*language_row(language, scores, attacks), end_section=position == len(rows))
    table.add_row(*mean_row("mean", value["mean"], attacks))
    if value["mean_zero_shot"] is not None:
        table.add_row(*mean_row("mean zero shot", value["mean_zero_shot"], attacks))
    return table


def language_row(name: str, scores: LanguageScores, attacks: Sequence[str]) -> list[str]:
    """Return the cells of one language."""
    return [name, str(scores["n"]), *score_cells(scores, attacks), ", ".join(scores["flags"])]


def mean_row(name: str, scores: MeanScores, attacks: Sequence[str]) -> list[str]:
    """Return the cells of a mean, which has no rows and no flags of its own."""
    return [name, "", *score_cells(scores, attacks), ""]


def score_cells(scores: LanguageScores | MeanScores, attacks: Sequence[str]) -> list[str]:
    """Return the clean score with its interval, then the cells of every attack."""
    attacked = (attack_cells(scores["attacks"][attack]) for attack in attacks)
    return [with_interval(scores["clean"], scores["interval"]), *chain.from_iterable(attacked)]


def attack_cells(scores: AttackScores) -> list[str]:
    """Return accuracy under attack with interval, points lost, the random baseline, success, queries, edits, no-ops."""
    queries = scores["queries"]
    return [
        with_interval(scores["accuracy"], scores["interval"]),
        points(scores["lost"]),
        points(scores["random_baseline"]),
        points(scores["success_rate"]),
        "" if queries is None else f"{queries:.1f}",
        points(scores["edit_rate"]),
        points(scores["no_op_rate"]),
    ]


def print_plan(value: Plan) -> None:
    """Print a plan: every step, done or to do, and what it costs."""
    show([{**step, "id": step["id"][:12]} for step in value["steps"]])
    show_one({key: item for key, item in value.items() if key != "steps"})


def print_why(value: WhyResult) -> None:
    """Print the fields in which a step differs from the nearest stored one."""
    console().print(f"{value['name']} ({value['id'][:12]})")
    if value["nearest"] is None:
        console().print("no other step of its kind is stored")
        return
    console().print(f"nearest: {value['nearest_name']} ({value['nearest'][:12]})")
    show(value["differences"])


def print_verify(value: VerifyResult) -> None:
    """Print how many steps were checked and every fault."""
    faults = [fault for step in value["steps"] for fault in step["faults"]]
    console().print(f"{value['checked']} steps checked, {len(faults)} faults")
    for fault in faults:
        console().print(Text(fault, style="red"))
