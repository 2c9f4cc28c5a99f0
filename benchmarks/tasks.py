"""Every task on real rows: trained where there are training rows, evaluated in every language, attacked.

One command line a task, as a user would type it, with a small encoder and capped rows: what is shown is that each task
runs through and what it scores then, not how well it can be learnt. A task without training rows in the folder stands
on one whose head answers it.

    python benchmarks/tasks.py --data FOLDER --backbone FOLDER --store FOLDER [--tasks xnli udpos ...]
        [--max-train 2000] [--max-eval 200] [--epochs 1] [--budget 8]
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from readable import bullets, table, write
from real import PLACES, run, without_paths
from record import record

from adaptx.reporting.numbers import points

COMMANDS = {
    **{
        name: f"stack {name}"
        for name in (
            *("snli", "mnli", "rte", "sick", "sick-relatedness", "mrpc", "pan-paraphrase", "pawsx", "xnli"),
            *("hellaswag", "cosmosqa", "commonsenseqa", "copa"),
            *("squad", "xquad", "mlqa", "udpos", "ccg-udpos", "panx", "tatoeba", "bucc"),
            *("americasnli", "advglue", "advglue-mnli-mm", "advglue-rte", "masakhaner", "jsick", "xnli-var"),
        )
    },
    "tydiqa": "stack tydiqa --split train --languages sw",  # whose training rows are not trained on
    "anli": "stack mnli --on anli",
    "advglue-qnli": "stack rte --on advglue-qnli",
    "siqa": "stack commonsenseqa --on siqa",
    "xcopa": "stack copa --on xcopa",
    "xwinograd": "stack copa --on xwinograd",
    "mnli+squad+hellaswag": "stack mnli+squad+hellaswag pawsx --languages en",
}
SPLITS = {  # of the folder, where it has not the one that is reported
    **dict.fromkeys(("mnli", "rte", "hellaswag", "cosmosqa", "commonsenseqa", "copa", "siqa", "squad"), "dev"),
    **dict.fromkeys(("anli", "mlqa", "bucc"), "dev"),
}
NOT_ATTACKED = ("bucc",)  # mined pairs have one threshold for all rows


def command_of(name: str, args: argparse.Namespace) -> list[str]:
    """Return the command line of one task, without places."""
    numbers = f"--max-train {args.max_train} --max-eval {args.max_eval} --epochs {args.epochs} --max-length 128"
    attack = "" if name in NOT_ATTACKED else f"--attack charswap --budget {args.budget}"
    split = f"--split {SPLITS[name]}" if name in SPLITS else ""
    return shlex.split(f"{COMMANDS[name]} {numbers} {split} {attack}")


def measured(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Run one command and return what it scored in every language."""
    places = [str(args.backbone), str(args.data), str(args.store)]
    asked = command_of(name, args)
    value, _ = run(asked + [word for pair in zip(PLACES, places, strict=True) for word in pair])
    names = dict(zip(places, (args.backbone.name, "DATA", "RUNS"), strict=True))
    kept = {key: value[key] for key in ("stack", "task", "metric", "split", "languages", "mean", "flags")}
    found: dict[str, Any] = without_paths(kept, names)
    return {"command": shlex.join(["adaptx", *asked]), **found}


def lines_of(found: dict[str, Any]) -> list[list[Any]]:
    """Return a row per language: n, score with interval, score under attack with interval, flags."""
    lines = []
    for language, scores in found["languages"].items():
        attacked = next(iter(scores["attacks"].values()), None)
        lines.append(
            [
                " → ".join(found["stack"]) or "backbone",
                found["task"],
                found["metric"],
                language,
                scores["n"],
                with_interval(scores["clean"], scores["interval"]),
                with_interval(attacked["accuracy"], attacked["interval"]) if attacked else "not attacked",
                " ".join(scores["flags"]),
            ]
        )
    return lines


def with_interval(value: float, interval: list[float]) -> str:
    """Return a score in points with its interval."""
    return f"{points(value)} [{points(interval[0])}, {points(interval[1])}]"


def main() -> None:
    """Run the chosen tasks one after the other, and record what they scored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of rows, as --source takes it")
    parser.add_argument("--backbone", type=Path, required=True, help="encoder folder")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--tasks", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--max-train", type=int, default=2000)
    parser.add_argument("--max-eval", type=int, default=200)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--budget", type=int, default=8)
    args = parser.parse_args()
    found = {}
    for name in args.tasks:
        found[name] = measured(name, args)
        print(name, points(found[name]["mean"]["clean"]), flush=True)
    record("tasks", {"tasks": found})
    columns = ["stack", "task", "metric", "language", "n", "clean", "charswap", "flags"]
    facts = {"commands": len(found), "cells": sum(len(one["languages"]) for one in found.values())}
    shown = table(columns, [line for one in found.values() for line in lines_of(one)])
    write("tasks", "# Every task on real rows", bullets(facts), shown)


if __name__ == "__main__":
    main()
