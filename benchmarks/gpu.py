"""XLM-R Large's real shape on one GPU, random weights: each method at each ZeRO stage, and Trainer beside it.

Rows of made-up tokens, 16 to ``--length`` of them, whose label shows in the tokens, so that the loss must fall. Every
contestant in a process of its own: tokens per second (real ones, without padding, from the tenth part of the run on),
share of the bf16 matrix peak measured in that process, peak memory, first and last loss. One GPU is a world of one: the
stages show what they cost, not what they save. Exit code 3 without CUDA, 1 if a contestant failed (the others count).

    python benchmarks/gpu.py [--methods lora bottleneck full] [--stages 0 1 2 3] [--steps 100] [--batch 128]
    python benchmarks/gpu.py --device cpu --tiny        # a smoke test of the script; writes no results
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

from ours import Spent, train_ours
from peer import Peer, built, rows_of, trained, trainer
from readable import table, write
from record import record
from xlmr_large_cpu import SHAPE, write_backbone

from adaptx.methods import method_named, methods_to_compare
from adaptx.spec import MethodSpec, Optimisation

MISSING = 3
METHODS = methods_to_compare()
RATES = {"lora": 5e-4, "bottleneck": 5e-4, "full": 2e-5}
TINY = {
    **SHAPE,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 400,
}
QUICK = {"steps": 10, "batch": 8, "length": 32, "stages": [0, 1]}
LABELS, WORDS = 3, 300  # a third of the words is typical of each label


def rows(count: int, length: int) -> list[Any]:
    """Return features of 16 to ``length`` tokens; half of a row's tokens are typical of its label."""
    from adaptx.model.forms import Feature

    random, found, third = Random("gpu"), [], WORDS // LABELS

    def word(label: int) -> int:
        typical = label if random.random() < 0.5 else random.randrange(LABELS)
        return 5 + third * typical + random.randrange(third)

    for number in range(count):
        label = number % LABELS
        words = [word(label) for _ in range(random.randint(14, length - 2))]
        found.append(Feature(number, (0, *words, 2), None, (label,)))
    return found


def plan_of(method: str, args: argparse.Namespace) -> Optimisation:
    """Return one pass over ``steps * batch`` rows."""
    return Optimisation(lr=RATES[method], epochs=1, batch=args.batch, max_length=args.length, select="last")


def one_run(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Train one contestant, ``lora/2`` (method/stage) or ``lora/peer``, in this process."""
    import torch
    import transformers

    from adaptx.training.throughput import matmul_peak

    transformers.logging.set_verbosity_error()
    method, _, way = name.partition("/")
    features = rows(args.steps * args.batch, args.length)
    after = max(1, args.steps // 10)
    run = peer_run if way.startswith("peer") else our_run
    facts, spent = run(method, way, features, args, after)
    tokens = sum(map(len, features)) * (args.steps - after) / args.steps
    peak = matmul_peak(args.device, torch.bfloat16)
    rate = tokens / spent.wall
    memory = torch.cuda.max_memory_allocated() if args.device == "cuda" else None
    return {
        **facts,
        "tokens_per_second": rate,
        "step_seconds": spent.wall / (args.steps - after),
        "matmul_peak": peak,
        "peak_share": rate * facts["work_per_token"] / peak,
        "peak_memory_bytes": memory,
    }


def our_run(
    method: str, stage: str, features: Sequence[Any], args: argparse.Namespace, after: int
) -> tuple[dict[str, Any], Spent]:
    """Train with adaptx."""
    from adaptx.backbone import folder_ref
    from adaptx.model import stack
    from adaptx.tasks.catalog import task_named
    from adaptx.training.settings import ComputeSettings
    from adaptx.training.throughput import work_per_token

    ref = folder_ref(args.folder, name="xlmr-large-shape")
    model = stack.trainable(ref, [], spec_of(method), task_named("mnli"), precision="bf16", seed=0, device=args.device)
    facts = {"work_per_token": work_per_token(model), "trained_parameters": trained_parameters(model)}
    how = ComputeSettings(device=args.device, zero=int(stage), micro_tokens=args.micro_tokens)
    spent, outcome = train_ours(model, features, plan_of(method, args), how, seed=0, after=after, checkpoints=False)
    losses = [entry["loss"] for entry in outcome.log if "loss" in entry]
    tenth = max(1, len(losses) // 10)
    told = {"first_loss": mean(losses[:tenth]), "last_loss": mean(losses[-tenth:]), "padding": outcome.facts["padding"]}
    return {**facts, **told}, spent


def peer_run(
    method: str, way: str, features: Sequence[Any], args: argparse.Namespace, after: int
) -> tuple[dict[str, Any], Spent]:
    """Train with Trainer: ``peer`` is tuned, ``peer-default`` pads to the full length in fp32."""
    from transformers import AutoTokenizer

    from adaptx.training.throughput import work_per_token

    default = way == "peer-default"
    peer = Peer(bf16=not default, padded_to=args.length if default else None, grouped=not default, device=args.device)
    model = built(args.folder, spec_of(method), LABELS, seed=0)
    facts = {"work_per_token": work_per_token(model), "trained_parameters": trained_parameters(model)}
    tokenizer = AutoTokenizer.from_pretrained(args.folder)
    running = trainer(model, tokenizer, rows_of(features), plan_of(method, args), peer, 0)
    spent = trained(running, after=after)
    return {**facts, "mean_loss": running.state.log_history[-1]["train_loss"]}, spent


def spec_of(method: str) -> MethodSpec:
    """Return the method with its defaults: LoRA of rank 8, bottlenecks of a sixteenth."""
    return method_named(method).spec()


def trained_parameters(model: Any) -> int:
    """Return how many numbers are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def contestants(args: argparse.Namespace) -> list[str]:
    """Return what to run: every method at every stage, and the peer where it knows the method."""
    ours = [f"{method}/{stage}" for method in args.methods for stage in args.stages]
    peers = {"lora": ("lora/peer", "lora/peer-default"), "full": ("full/peer",)}
    return ours + [name for method in args.methods for name in peers.get(method, ())]


def inside(name: str, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Run one contestant in a process of its own; a failure is a result too."""
    command = [sys.executable, __file__, "--inside", name, "--folder", str(folder), "--device", args.device]
    for key in ("steps", "batch", "length", "micro_tokens"):
        command += [f"--{key.replace('_', '-')}", str(getattr(args, key))]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        result = {"failed": done.stderr.strip().splitlines()[-1:], "code": done.returncode}
    else:
        result = json.loads(done.stdout.splitlines()[-1])
    print(name, json.dumps(result), flush=True)
    return result


def readable(result: dict[str, Any]) -> str:
    """Return the table of all contestants."""
    columns = ("method / ZeRO stage", "tokens/s", "share of peak", "peak GiB", "first loss", "last loss", "trained")

    def row(name: str, run: dict[str, Any]) -> tuple[str, ...]:
        if "failed" in run:
            return (name, *("failed",) * (len(columns) - 1))
        memory = run["peak_memory_bytes"]
        losses = (f"{run[key]:.3f}" if key in run else "" for key in ("first_loss", "last_loss"))
        return (
            name,
            f"{run['tokens_per_second']:,.0f}",
            f"{run['peak_share']:.3f}",
            "" if memory is None else f"{memory / 2**30:.2f}",
            *losses,
            f"{run['trained_parameters']:,}",
        )

    return table(columns, [row(name, run) for name, run in result["runs"].items()])


def main() -> None:
    """Measure, and write ``results/gpu.json`` and ``.md``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--stages", nargs="+", type=int, choices=range(4), default=[0, 1, 2, 3])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch", type=int, default=128, help="rows of an effective batch")
    parser.add_argument("--length", type=int, default=128, help="longest row in tokens")
    parser.add_argument("--micro-tokens", type=int, default=16384)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="two layers of 64 and a few steps, to test the script")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        print(json.dumps(one_run(args.inside, args)))
        return
    import torch

    if args.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device here; --device cpu --tiny only tests the script", file=sys.stderr)
        sys.exit(MISSING)
    if args.tiny:
        vars(args).update(QUICK)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "backbone"
        write_backbone(folder, TINY if args.tiny else SHAPE)
        runs = {name: inside(name, folder, args) for name in contestants(args)}
    settings = {key: getattr(args, key) for key in ("steps", "batch", "length", "micro_tokens")}
    result = {"shape": SHAPE, "settings": settings, "runs": runs}
    print(readable(result))
    if not args.tiny:
        record("gpu", result)
        write("gpu", "# XLM-R Large's shape on one GPU", (__doc__ or "").split("\n\n    python")[0], readable(result))
    sys.exit(any("failed" in run for run in runs.values()))


if __name__ == "__main__":
    main()
