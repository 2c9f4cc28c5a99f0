"""The tables that people read: of one stack, of a plan, of a verification. Made from the same values as ``--json``.

Owns columns and number formats; may not compute a score. Scores are printed in points (per cent), intervals in
brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from adaptx.report.lists import console, show_one
from adaptx.report.lists import show as show_rows
from adaptx.report.provenance import world_of

__all__ = ["points", "show", "with_interval"]

Value = Mapping[str, Any]


def show(kind: str, value: Value) -> None:
    """Print the result of a command; ``kind`` is train, stack, compare, run, plan, why or verify.

    A result that has a source begins with the world that it is of.
    """
    from adaptx.report.comparison import compared, ran

    shown: Mapping[str, Callable[[Value], None]] = {
        "train": trained,
        "stack": stacked,
        "compare": compared,
        "run": ran,
        "plan": planned,
        "why": explained,
        "verify": verified,
    }
    if "source" in value:
        console().print(Text(world_of(value), style="bold"))
    shown[kind](value)


def points(fraction: float | None) -> str:
    """Return a fraction in points with one decimal; nothing for None."""
    return "" if fraction is None else f"{round(100 * fraction, 1) + 0.0:.1f}"  # + 0.0: a zero has no sign


def with_interval(fraction: float | None, interval: Sequence[float] | None) -> str:
    """Return points with their interval: ``71.3 [69.0, 73.4]``."""
    if fraction is None or interval is None:
        return points(fraction)
    return f"{points(fraction)} [{points(interval[0])}, {points(interval[1])}]"


def trained(value: Value) -> None:
    """Print what was trained and where it is."""
    best = value["best"]
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


def stacked(value: Value) -> None:
    """Print the per-language table of a stack."""
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


def print_flags(flags: Sequence[str]) -> None:
    """Print what a reader must know before believing the numbers."""
    for flag in flags:
        console().print(Text(f"flag: {flag}", style="yellow"))


def language_table(value: Value) -> Table:
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
    for name in ("mean", "mean_zero_shot"):
        if value[name] is not None:
            table.add_row(*language_row(name.replace("_", " "), value[name], attacks))
    return table


def language_row(name: str, scores: Value, attacks: Sequence[str]) -> list[str]:
    """Return the cells of one language or of a mean (which has no n and no flags of its own)."""
    cells = [name, str(scores.get("n", "")), with_interval(scores["clean"], scores["interval"])]
    for attack in attacks:
        cells += attack_cells(scores["attacks"][attack])
    return [*cells, ", ".join(scores["flags"]) if "n" in scores else ""]


def attack_cells(scores: Value) -> list[str]:
    """Return accuracy under attack with interval, points lost, the random baseline, success, queries, edits, no-ops."""
    queries = scores.get("queries")
    return [
        with_interval(scores["accuracy"], scores["interval"]),
        points(scores["lost"]),
        points(scores.get("random_baseline")),
        points(scores.get("success_rate")),
        "" if queries is None else f"{queries:.1f}",
        points(scores.get("edit_rate")),
        points(scores.get("no_op_rate")),
    ]


def planned(value: Value) -> None:
    """Print a plan: every step, done or to do, and what it costs."""
    steps = [step | {"id": step["id"][:12]} for step in value["steps"]]
    show_rows(steps)
    show_one({key: item for key, item in value.items() if key != "steps"})


def explained(value: Value) -> None:
    """Print the fields in which a step differs from the nearest stored one."""
    console().print(f"{value['name']} ({value['id'][:12]})")
    if value["nearest"] is None:
        console().print("no other step of its kind is stored")
        return
    console().print(f"nearest: {value['nearest_name']} ({value['nearest'][:12]})")
    show_rows(value["differences"])


def verified(value: Value) -> None:
    """Print how many steps were checked and every fault."""
    faults = [fault for step in value["steps"] for fault in step["faults"]]
    console().print(f"{value['checked']} steps checked, {len(faults)} faults")
    for fault in faults:
        console().print(Text(fault, style="red"))


def print_steps(steps: Sequence[Value]) -> None:
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
