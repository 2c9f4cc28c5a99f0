"""What an evaluation costs beyond the model: all languages of a task over the bare forward of the same texts.

XNLI, UDPOS, XQuAD and HellaSwag stand for the forms that predict row by row. A random LoRA stack on a real encoder is
committed and opened as `adaptx stack` opens it. Evaluation goes from examples to scores: tokens, batches, forward,
predictions, records, metric. The bare forward has the same rows tokenised, length-sorted, cut by the same token budget,
padded to the longest of each batch and collated beforehand. The two take turns, language by language; ratios are on the
wall clock and in processor seconds (steadier on a busy machine).

    python benchmarks/evaluation.py --backbone FOLDER --data FOLDER [--tasks xnli udpos] [--rows 150]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import torch
from readable import bullets, table, write
from record import record

from adaptx.backbone import resolve
from adaptx.data.batching import micro_batches
from adaptx.data.cell import Cell
from adaptx.data.rows import load
from adaptx.data.source import open_source
from adaptx.evaluation.evaluate import evaluate
from adaptx.evaluation.predictor import MICRO_TOKENS, Predictor
from adaptx.model import stack
from adaptx.model.forms import Batch, Limits, heavy_form
from adaptx.model.forms.collate import collate
from adaptx.spec import MethodSpec
from adaptx.store import Store
from adaptx.tasks.catalog import task_named
from adaptx.tasks.example import Example
from adaptx.tasks.forms import form_named

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

GOAL = 0.85
MAX_LENGTH = {"xnli": 128, "udpos": 128, "xquad": 384, "hellaswag": 128}
LORA = MethodSpec(name="lora", version=1, parameters={"targets": "query+value"})
Cells = Mapping[str, Sequence[Example]]


def committed(backbone: str, task: Task, precision: str, folder: Path) -> stack.StackModel:
    """Return a stack of one random LoRA on ``backbone``, saved and opened for evaluation."""
    ref = resolve(backbone, Store(folder))
    top = folder / "top"
    top.mkdir()
    stack.trainable(ref, [], LORA, task_named(task.trains_on[-1]), precision=precision, seed=0, device="cpu").save(top)
    (top / "spec.json").write_text(json.dumps({"backbone": ref.revision}), encoding="utf-8")
    layer = stack.TrainedLayer(id="0" * 64, path=top, method=LORA, task=task.name)
    return stack.frozen(ref, [layer], task, precision=precision, device="cpu")


def cells_of(task: Task, data: str, rows: int) -> Cells:
    """Return the first rows of every language that the folder has, of the split that is reported or else of dev."""
    with tempfile.TemporaryDirectory() as folder:
        source = open_source(data, Store(Path(folder)))
        split = task.report_split if source.languages(task, task.report_split) else "dev"
        return {tag: load(Cell(source, task, tag, split), limit=rows).examples for tag in source.languages(task, split)}


def bare_batches(model: stack.StackModel, examples: Sequence[Example], budget: int) -> list[Batch]:
    """Return the rows of a cell in padded, length-sorted batches."""
    form = heavy_form(model.task.form)
    features = form.encode(examples, model.tokenizer, model.task, Limits(MAX_LENGTH[model.task.name]), targets=False)
    cuts = micro_batches(range(len(features)), [len(feature) for feature in features], budget)[0]
    return [collate([features[row] for row in rows], model.tokenizer, multiple=1) for rows in cuts]


def add_time(seconds: dict[str, float], work: Callable[[], object]) -> None:
    """Add the wall and processor seconds of ``work``."""
    wall, processor = perf_counter(), process_time()
    work()
    seconds["wall"] += perf_counter() - wall
    seconds["processor"] += process_time() - processor


def measured(model: stack.StackModel, cells: Cells, budget: int, repeats: int) -> dict[str, Any]:
    """Evaluate and forward in turns, language by language; return medians, ratios, and where the time went."""
    task, form = model.task, form_named(model.task.form)
    bare = {language: bare_batches(model, examples, budget) for language, examples in cells.items()}
    predictor = Predictor(model, task, max_length=MAX_LENGTH[task.name], micro_tokens=budget)

    @torch.inference_mode()
    def forwarded(batches: Sequence[Batch]) -> None:
        for batch in batches:
            model(batch)

    def once() -> tuple[dict[str, float], dict[str, float]]:
        ours, theirs = {"wall": 0.0, "processor": 0.0}, {"wall": 0.0, "processor": 0.0}
        for language, examples in cells.items():
            add_time(ours, partial(evaluate, predictor, form, task, examples, language))
            add_time(theirs, partial(forwarded, bare[language]))
        return ours, theirs

    forwarded(next(iter(bare.values())))  # kernels are chosen and caches filled outside the clock
    runs = [once() for _ in range(repeats)]
    spent = predictor.counters
    whole = sum(ours["wall"] for ours, _ in runs)
    tokens = spent.tokens / repeats
    padded = sum(batch.input_ids.numel() for batches in bare.values() for batch in batches)
    ratio = {clock: median(theirs[clock] / ours[clock] for ours, theirs in runs) for clock in ("wall", "processor")}
    return {
        "rate_over_bare_forward": {clock: round(value, 3) for clock, value in ratio.items()},
        "seconds": {name: round(median(run[side]["wall"] for run in runs), 2)
                    for side, name in enumerate(("evaluation", "bare_forward"))},
        "tokens_per_second": round(tokens / median(ours["wall"] for ours, _ in runs)),
        "share": {name: round(getattr(spent, f"seconds_{name}") / whole, 3)
                  for name in ("tokenise", "forward", "decode")},
        "padding": round(1 - spent.tokens / spent.padded_tokens, 3),
        "bare_padding": round(1 - tokens / padded, 3),
    }  # fmt: skip


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", required=True, help="folder of an encoder")
    parser.add_argument("--data", required=True, help="folder of rows, as --source takes it")
    parser.add_argument("--tasks", nargs="+", choices=MAX_LENGTH, default=list(MAX_LENGTH))
    parser.add_argument("--rows", type=int, default=150, help="rows per language")
    parser.add_argument("--precision", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--budget", nargs="+", type=int, default=[MICRO_TOKENS], help="padded tokens per batch")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    found, rows = {}, {}
    for name in args.tasks:
        task = task_named(name)
        cells = cells_of(task, args.data, args.rows)
        rows[name] = {"languages": len(cells), "rows": sum(map(len, cells.values()))}
        for precision in args.precision:
            with tempfile.TemporaryDirectory() as folder:
                model = committed(args.backbone, task, precision, Path(folder))
                for budget in args.budget:
                    key = f"{name}, {precision}, {budget} tokens"
                    found[key] = measured(model, cells, budget, args.repeats)
                    print(key, found[key], flush=True)
    facts = {"goal": GOAL, "repeats": args.repeats, **rows}
    record("evaluation", {**facts, "measured": found})
    shown = [
        [name, m["rate_over_bare_forward"]["wall"], m["rate_over_bare_forward"]["processor"], m["share"]["tokenise"],
         m["share"]["forward"], m["tokens_per_second"], m["padding"]]
        for name, m in found.items()
    ]  # fmt: skip
    columns = ["", "rate / bare, wall", "rate / bare, processor", "tokenise", "forward", "tokens/s", "padding"]
    write("evaluation", "# Evaluation over the bare forward", bullets(facts), table(columns, shown))


if __name__ == "__main__":
    main()
