"""What an attack costs beyond the model: greedy charswap over the time to forward exactly the same texts.

Real XNLI rows and MiniLM. The head is untrained, so each row's label is set to what the model says of the clean text:
every row is attacked. The reference pass forwards every text that the attack forwarded, in one call, length-sorted,
tokenised beforehand. Wall and processor seconds; the median of ``--repeats``, the two taking turns.

    python benchmarks/attack.py --backbone FOLDER --source FOLDER [--rows 200] [--language en]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import torch
from record import record

from adaptx.backbone import resolve
from adaptx.data.cell import Cell
from adaptx.data.rows import load
from adaptx.data.source import open_source
from adaptx.evaluation.predictor import Predictor
from adaptx.model import stack
from adaptx.robustness.attack import requested
from adaptx.robustness.attacks.charswap import charswap
from adaptx.robustness.engine import attack_cell
from adaptx.spec import MethodSpec
from adaptx.store import Store
from adaptx.tasks.catalog import task_named
from adaptx.tasks.example import ClassPrediction, Example, Prediction
from adaptx.tasks.forms import form_named

GOAL = 1.20
MAX_LENGTH = 128


class Recorded(Predictor):
    """A predictor that remembers which examples it was asked about."""

    asked: list[Example]

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Predict, and note what was asked."""
        self.asked = [*getattr(self, "asked", []), *examples]
        found: list[Prediction] = super().predict(examples)
        return found


def clocks() -> tuple[float, float]:
    """Return wall and processor seconds."""
    return perf_counter(), process_time()


def since(start: tuple[float, float]) -> dict[str, float]:
    """Return the seconds gone by on both clocks."""
    wall, processor = clocks()
    return {"wall": wall - start[0], "processor": processor - start[1]}


def attacked(
    model: stack.StackModel, args: argparse.Namespace, rows: Sequence[Example]
) -> tuple[dict[str, Any], list[Example]]:
    """Attack the rows once; return the times and counters, and the texts that were forwarded."""
    task = model.task
    predictor = Recorded(model, task, max_length=MAX_LENGTH)
    clean = predictor.predict(rows)
    named = [replace(e, label=p.label) for e, p in zip(rows, clean, strict=True) if isinstance(p, ClassPrediction)]
    predictor.asked, before = [], replace(predictor.counters)
    request = requested(charswap, {}, search="greedy", budget=args.budget)
    start = clocks()
    cell = attack_cell(predictor, form_named(task.form), task, named, clean, request, language=args.language)
    times = since(start)
    counters = predictor.counters
    phases = {
        name: getattr(counters, f"seconds_{name}") - getattr(before, f"seconds_{name}")
        for name in ("tokenise", "forward", "decode")
    }
    padded = counters.padded_tokens - before.padded_tokens
    facts = {**times, "phases": phases, "padded_tokens": padded, "scores": cell.scores}
    return facts, predictor.asked


def forwarded(model: stack.StackModel, texts: Sequence[Example]) -> dict[str, Any]:
    """Forward the texts in one call, tokenised beforehand, longest first."""
    predictor = Predictor(model, model.task, max_length=MAX_LENGTH)
    predictor.fingerprints(texts)
    start = clocks()
    predictor.predict(texts)
    return {**since(start), "padded_tokens": predictor.counters.padded_tokens}


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--language", default="en")
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--budget", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--store", type=Path, default=Path("runs"))
    args = parser.parse_args()
    store, task = Store(args.store), task_named("xnli")
    rows = load(Cell(open_source(args.source, store), task, args.language, "dev"), limit=args.rows).examples
    method = MethodSpec(name="lora", version=1, parameters={"targets": "query+value"})
    model = stack.trainable(resolve(args.backbone, store), [], method, task, precision="fp32", seed=0, device="cpu")
    model.eval()
    runs: list[dict[str, Any]] = []
    for _ in range(args.repeats):
        attack, texts = attacked(model, args, rows)
        reference = forwarded(model, texts)
        ratios = {clock: attack[clock] / reference[clock] for clock in ("wall", "processor", "padded_tokens")}
        runs.append({"attack": attack, "reference": reference, "texts": len(texts), "ratio": ratios})
        print(ratios, attack["phases"], reference, flush=True)
    result = {
        "rows": len(rows),
        "language": args.language,
        "budget": args.budget,
        "threads": torch.get_num_threads(),
        "goal": GOAL,
        "ratio_wall": median(run["ratio"]["wall"] for run in runs),
        "ratio_processor": median(run["ratio"]["processor"] for run in runs),
        "runs": runs,
    }
    record("attack", result)


if __name__ == "__main__":
    main()
