"""The study's main job on real rows, through the command line: train, stack, compare, attack; tables and wall time.

Runs `adaptx` as a user would, one process a step, and records what ``--json`` printed with the wall seconds of the
command, and the same as Markdown. Steps that the store holds already are reused and say so: wall time is of a first run
only where nothing was reused. No path of this machine is recorded: the backbone is called by ``--backbone-name``.

    python benchmarks/real.py --data FOLDER --backbone FOLDER --store FOLDER [--steps stack-mnli-xnli ...]
        [--common "--seed 1"] [--options "stack-mnli-xnli=--lr mnli=1e-3 --epochs mnli=4"] [--tag lr1e-3]
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from readable import bullets, from_rich, write
from record import record

from adaptx.reporting.comparison import arms_sheet, contrasts_sheet, measures_of
from adaptx.reporting.numbers import points
from adaptx.reporting.table import rich_table
from adaptx.reporting.tables import language_table

if TYPE_CHECKING:
    from adaptx.schema.commands import CompareResult, StackResult, TrainResult

STEPS = {
    "train-squad": "train --adapter squad",
    "stack-squad-pawsx": "stack squad pawsx --attack charswap",
    "stack-mnli-xnli": "stack mnli xnli --attack charswap",
    "compare-squad-xnli": "compare squad xnli",
}
PLACES = ("--backbone", "--source", "--store")  # options whose values are paths of this machine


def run(command: Sequence[str]) -> tuple[dict[str, Any], float]:
    """Run one command with ``--json``; return its object and the wall seconds. Progress goes to stderr as it comes."""
    program = Path(sys.executable).with_name("adaptx")
    begin = perf_counter()
    done = subprocess.run([str(program), *command, "--json"], stdout=subprocess.PIPE, text=True, check=False)
    seconds = perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"adaptx {shlex.join(command)} ended with code {done.returncode}")
    value: dict[str, Any] = json.loads(done.stdout)
    return value, seconds


def without_paths(value: Any, names: Mapping[str, str]) -> Any:
    """Return a JSON value with every path of this machine in its strings replaced by a name."""
    if isinstance(value, dict):
        return {key: without_paths(item, names) for key, item in value.items() if key != "path"}
    if isinstance(value, list):
        return [without_paths(item, names) for item in value]
    if isinstance(value, str):
        for path, name in names.items():
            value = value.replace(path, name)
    return value


def shown(command: Sequence[str], names: Mapping[str, str]) -> str:
    """Return the command as one types it, paths named."""
    return "adaptx " + shlex.join(names.get(word, word) for word in command)


def trained(value: TrainResult) -> str:
    """Return what was trained, as a list."""
    best = value["best"]
    dev = "not measured" if best["score"] is None else f"{points(best['score'])} points at step {best['step']}"
    return bullets(
        {
            "stack": " → ".join(value["stack"]),
            "method": f"{value['method']}, {value['precision']}, seed {value['seed']}",
            "best score on English dev": dev,
            "trainable parameters": f"{value['trainable_parameters']:,}",
            "committed bytes": f"{value['bytes']:,}",
            "id": value["id"][:12],
        }
    )


def stacked(value: StackResult) -> str:
    """Return the per-language table of a stack, with its flags."""
    told = (
        f"{value['metric']} in points on {value['split']}, 95 % intervals in brackets (these models); "
        f"{value['method']}, {value['precision']}, seed {value['seed']}."
    )
    return f"{told}\n\n{from_rich(language_table(value))}\n\n{flags(value)}"


def compared(value: CompareResult) -> str:
    """Return arms and contrasts of a comparison, one pair of tables a measure."""
    told = f"{value['metric']} in points on {value['split']}, {value['precision']}, seeds {value['seeds']}."
    parts = [told]
    for measure in measures_of(value):
        parts += [f"### Arms, {measure}", from_rich(rich_table(arms_sheet(value, measure)))]
        parts += [f"### Contrasts, {measure}", from_rich(rich_table(contrasts_sheet(value, measure)))]
    return "\n\n".join([*parts, *value["notes"], flags(value)])


def flags(value: StackResult | CompareResult) -> str:
    """Return the flags in one line; nothing where there are none."""
    return f"Flags: {'; '.join(value['flags'])}." if value["flags"] else ""


READABLE: Mapping[str, Callable[[Any], str]] = {"train": trained, "stack": stacked, "compare": compared}


def one_step(name: str, args: argparse.Namespace, options: Mapping[str, str]) -> None:
    """Run one step and record it as JSON and Markdown."""
    asked = shlex.split(STEPS[name]) + shlex.split(args.common) + shlex.split(options.get(name, ""))
    places = [str(args.backbone), str(args.data), str(args.store)]
    command = asked + [word for pair in zip(PLACES, places, strict=True) for word in pair]
    names = dict(zip(places, (args.backbone_name or args.backbone.name, "DATA", "RUNS"), strict=True))
    value, seconds = run(command)
    value = without_paths(value, names)
    made = [step for step in value["steps"] if step["status"] == "made"]
    facts = {
        "command": shown(command, names),
        "wall_seconds": round(seconds, 1),
        "steps": len(value["steps"]),
        "made": len(made),
        "seconds_by_kind": {
            kind: round(sum(step["seconds"] for step in made if step["kind"] == kind), 1)
            for kind in ("train", "eval", "attack")
        },
    }
    file = "-".join(filter(None, ("real", name, args.tag)))
    record(file, {**facts, "result": value})
    write(file, f"# `{facts['command']}`", bullets(facts), READABLE[asked[0]](value))
    print(f"{file}: {seconds:.1f} s, {len(made)} of {len(value['steps'])} steps made")


def main() -> None:
    """Run the chosen steps one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of rows, as --source takes it")
    parser.add_argument("--backbone", type=Path, required=True, help="encoder folder")
    parser.add_argument("--backbone-name", help="how results call it (default: the folder's base name)")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--common", default="", help="options of every step, as typed")
    parser.add_argument("--options", action="append", default=[], metavar="STEP=OPTIONS", help="options of one step")
    parser.add_argument("--tag", default="", help="end of the result files' names")
    args = parser.parse_args()
    options = dict(text.split("=", 1) for text in args.options)
    if unknown := options.keys() - STEPS.keys():
        parser.error(f"--options names no step: {', '.join(sorted(unknown))}; steps: {', '.join(STEPS)}")
    for name in args.steps:
        one_step(name, args, options)


if __name__ == "__main__":
    main()
