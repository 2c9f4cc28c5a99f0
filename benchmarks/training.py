"""LoRA training on real MNLI pairs: adaptx's loop against Hugging Face Trainer with peft.

Speed: the same rows once, effective batch 32, same schedule, LoRA targets, rank and head size; every contestant in a
process of its own, taking turns ``--rounds`` times; the fastest round of each counts. Time is that of the training loop
from its first to its last step. The goal is 4 times `default` and 1.6 times `tuned`, see `peer`. Shares of the peak are
against a bare matrix product measured in the same process; work is counted for real tokens only, and alike for all.

Accuracy: adaptx in bf16 and the tuned peer on more rows, ``--seeds`` seeds each, validation rows; Welch's t-test.

    python benchmarks/training.py --data FOLDER --backbone FOLDER [--quick] [--only speed|accuracy]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory
from typing import Any

from ours import train_ours
from peer import Peer, built, rows_of, trained, trainer
from readable import bullets, table, write
from record import record

from adaptx.spec import MethodSpec, Optimisation

MAX_LENGTH, BATCH = 128, 32
LORA = MethodSpec(name="lora", version=1)
OURS = {"adaptx fp32": "fp32", "adaptx bf16": "bf16"}
PEERS = {
    "default": Peer(bf16=False, padded_to=MAX_LENGTH),
    "tuned fp32": Peer(bf16=False, grouped=True),
    "tuned": Peer(bf16=True, grouped=True),
}
COMPARED = ("adaptx bf16", "tuned")  # in accuracy
GOALS = {"default": 4.0, "tuned": 1.6}
QUICK = {"rounds": 1, "rows": 128, "accuracy_rows": 256, "epochs": 1.0, "seeds": 2, "test_rows": 100}


def examples(data: Path, split: str, limit: int) -> Any:
    """Return MNLI pairs of the folder."""
    from adaptx.data.cell import Cell
    from adaptx.data.rows import load
    from adaptx.data.source import open_source
    from adaptx.store import Store
    from adaptx.tasks.catalog import task_named

    with TemporaryDirectory() as store:
        return load(
            Cell(open_source(str(data), Store(Path(store))), task_named("mnli"), "en", split), limit=limit
        ).examples


def one_run(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Train one contestant in this process; return times, tokens and, where asked for, its accuracy."""
    import torch
    import transformers

    from adaptx.backbone import folder_ref
    from adaptx.model import stack
    from adaptx.model.forms import Limits, heavy_form
    from adaptx.tasks.catalog import task_named
    from adaptx.training.settings import ComputeSettings
    from adaptx.training.throughput import matmul_peak, work_per_token

    transformers.logging.set_verbosity_error()
    task, form = task_named("mnli"), heavy_form("classification")
    plan = Optimisation(lr=args.lr, epochs=args.epochs, batch=BATCH, max_length=MAX_LENGTH, select="last")
    ref = folder_ref(args.backbone)
    precision = OURS.get(name, "bf16" if name not in OURS and PEERS[name].bf16 else "fp32")
    model = stack.trainable(ref, [], LORA, task, precision=precision, seed=args.seed, device="cpu")

    def features(split: str, limit: int, *, targets: bool = True) -> Any:
        rows = examples(args.data, split, limit)
        return form.encode(rows, model.tokenizer, task, Limits(MAX_LENGTH), targets=targets)

    rows = features("train", args.rows)
    facts = {
        "tokens": sum(map(len, rows)) * args.epochs,
        "work_per_token": work_per_token(model),
        "peak": matmul_peak("cpu", torch.bfloat16 if precision == "bf16" else torch.float32),
    }
    if name in OURS:
        spent, _ = train_ours(model, rows, plan, ComputeSettings(device="cpu"), seed=args.seed)
        parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
        score = (
            None if not args.test_rows else accuracy_of_ours(model, task, examples(args.data, "dev", args.test_rows))
        )
    else:
        theirs = built(args.backbone, LORA, len(task.labels), seed=args.seed)
        running = trainer(theirs, model.tokenizer, rows_of(rows), plan, PEERS[name], args.seed)
        spent = trained(running)
        parameters = sum(p.numel() for p in theirs.parameters() if p.requires_grad)
        score = None if not args.test_rows else accuracy_of_peer(running, rows_of(features("dev", args.test_rows)))
    return {**facts, **asdict(spent), "trained_parameters": parameters, "accuracy": score}


def accuracy_of_ours(model: Any, task: Any, rows: Any) -> float:
    """Return accuracy as adaptx evaluates."""
    from adaptx.evaluation.evaluate import evaluate
    from adaptx.evaluation.predictor import Predictor
    from adaptx.tasks.forms import form_named

    predictor = Predictor(model, task, max_length=MAX_LENGTH)
    return evaluate(predictor, form_named(task.form), task, rows, "en").scores["accuracy"]


def accuracy_of_peer(running: Any, rows: Sequence[Any]) -> float:
    """Return accuracy as Trainer evaluates."""
    found = running.predict(rows)
    return float((found.predictions.argmax(-1) == found.label_ids).mean())


def inside(name: str, args: argparse.Namespace, **settings: Any) -> dict[str, Any]:
    """Run one contestant in a process of its own."""
    command = [sys.executable, __file__, "--inside", name, "--data", str(args.data), "--backbone", str(args.backbone)]
    for key, value in settings.items():
        command += [f"--{key.replace('_', '-')}", str(value)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{name}: {result['wall']:.1f} s, processor {result['processor']:.1f} s, accuracy {result['accuracy']}")
    return result


def speed(args: argparse.Namespace) -> dict[str, Any]:
    """Let all contestants train in turn; return the fastest round of each and the ratios."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in (*OURS, *PEERS)}
    for _ in range(args.rounds):
        for name, found in runs.items():
            found.append(inside(name, args, rows=args.rows, epochs=1, lr=args.lr, seed=0, test_rows=0))
    best = {name: min(found, key=lambda run: run["wall"]) for name, found in runs.items()}
    for run in best.values():
        run["tokens_per_second"] = run["tokens"] / run["wall"]
        run["peak_share"] = run["tokens_per_second"] * run["work_per_token"] / run["peak"]
    ratios = {ours: {peer: best[peer]["wall"] / best[ours]["wall"] for peer in PEERS} for ours in OURS}
    processor = {ours: {peer: best[peer]["processor"] / best[ours]["processor"] for peer in PEERS} for ours in OURS}
    walls = {name: [run["wall"] for run in found] for name, found in runs.items()}
    return {
        "rows": args.rows,
        "goals": GOALS,
        "ratio_wall": ratios,
        "ratio_processor": processor,
        "best": best,
        "walls": walls,
    }


def accuracy(args: argparse.Namespace) -> dict[str, Any]:
    """Train both contestants with several seeds; return mean, sd, difference with its interval, and p."""
    settings = {
        "rows": args.accuracy_rows,
        "epochs": args.epochs,
        "lr": args.lr,
        "test_rows": args.test_rows,
    }
    scores = {
        name: [float(inside(name, args, seed=seed, **settings)["accuracy"]) for seed in range(args.seeds)]
        for name in COMPARED
    }
    ours, theirs = (scores[name] for name in COMPARED)
    return {**settings, "scores": scores, **welch(ours, theirs)}


def welch(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any]:
    """Return the difference of means with its 95 % interval and the p of Welch's t-test."""
    from scipy.stats import ttest_ind

    test = ttest_ind(ours, theirs, equal_var=False)
    interval = test.confidence_interval(0.95)
    return {
        "difference": mean(ours) - mean(theirs),
        "interval": [float(interval.low), float(interval.high)],
        "p": float(test.pvalue),
    }


def readable(result: dict[str, Any]) -> None:
    """Write the Markdown."""
    parts = ["# LoRA training against Hugging Face Trainer + peft", __doc__.split("\n\n    python")[0]]
    if found := result.get("speed"):
        columns = ("", "seconds", "tokens/s", "share of GEMM peak", *(f"x {name}" for name in OURS), "trained")
        rows = [
            (
                name,
                f"{run['wall']:.1f}",
                f"{run['tokens_per_second']:.0f}",
                f"{run['peak_share']:.2f}",
                *(f"{run['wall'] / found['best'][ours]['wall']:.2f}" for ours in OURS),
                f"{run['trained_parameters']:,}",
            )
            for name, run in found["best"].items()
        ]
        told = f"{found['rows']} rows once; 'x' columns: how many times longer than that run of adaptx."
        parts += ["## Speed", told, table(columns, rows)]
    if found := result.get("accuracy"):
        rows = [
            (name, f"{mean(scores):.4f}", f"{stdev(scores):.4f}", " ".join(f"{score:.4f}" for score in scores))
            for name, scores in found["scores"].items()
        ]
        facts = {key: found[key] for key in ("rows", "epochs", "lr", "test_rows", "difference", "interval", "p")}
        parts += ["## Accuracy", bullets(facts), table(("", "mean", "sd", "by seed"), rows)]
    write("training", *parts)


def main() -> None:
    """Measure, and write ``results/training.json`` and ``.md``; a quick run writes nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backbone", type=Path, required=True)
    parser.add_argument("--only", choices=("speed", "accuracy"))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=2000, help="training rows of a speed run")
    parser.add_argument("--accuracy-rows", type=int, default=3000)
    parser.add_argument("--epochs", type=float, default=2.0, help="of an accuracy run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--test-rows", type=int, default=2000)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--quick", action="store_true", help="a smoke run: few rows, no results file")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        print(json.dumps(one_run(args.inside, args)))
        return
    if args.quick:
        vars(args).update(QUICK)
    result = {
        name: measure(args) for name, measure in (("speed", speed), ("accuracy", accuracy)) if args.only in (None, name)
    }
    if args.quick:
        print(json.dumps(result, indent=1))
    else:
        record("training", result)
        readable(result)


if __name__ == "__main__":
    main()
