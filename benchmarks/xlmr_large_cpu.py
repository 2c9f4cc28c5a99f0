"""Train one step of each method in XLM-R Large's real shape on a CPU, within 16 GiB, and weigh the committed layer.

Random weights in the published configuration (24 layers of 1024, 250 002 pieces), bf16 precision, one forward, backward
and AdamW step on 8 x 128 tokens, then the commit. Each method runs in a process of its own, so that its peak resident
memory is its own; pages of the mapped weight file count as resident too. The first forward also pays for the set-up of
the kernels: times are of a single cold step and say little, sizes are exact.

    python benchmarks/xlmr_large_cpu.py [--rows 8] [--tokens 128] [--method lora ...]
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adaptx.methods import method_named, methods_to_compare

RESULT = Path(__file__).parent / "results" / "xlmr_large_cpu.json"
METHODS = methods_to_compare()
LIMIT_GIB = 16
SHAPE: dict[str, Any] = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "vocab_size": 250002,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
}


def write_backbone(folder: Path, shape: Mapping[str, Any] = SHAPE) -> None:
    """Write random weights in ``shape``, with a tokenizer of a few words."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    AutoModel.from_config(AutoConfig.for_model("xlm-roberta", **shape)).save_pretrained(folder)
    words = {word: index for index, word in enumerate(("<s>", "<pad>", "</s>", "<unk>", "word"))}
    core = Tokenizer(models.WordLevel(words, unk_token="<unk>"))  # noqa: S106 - a piece, no password
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": "<pad>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=core, **special).save_pretrained(folder)


def one_step(method_name: str, folder: Path, rows: int, tokens: int) -> dict[str, Any]:
    """Train one step and commit; return sizes in bytes and times in seconds."""
    import torch

    from adaptx.backbone import folder_ref
    from adaptx.model import stack
    from adaptx.model.footprint import artefact_bytes, count, step_bytes
    from adaptx.model.forms import Batch
    from adaptx.tasks.catalog import task_named

    ref, task = folder_ref(folder, name="xlmr-large-shape"), task_named("mnli")
    method = method_named(method_name).spec()
    clock = Clock()
    model = stack.trainable(ref, [], method, task, precision="bf16", seed=0, device="cpu")
    clock.lap("load_s")
    fingerprint = model.fingerprint()
    clock.lap("fingerprint_s")
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    batch = Batch(
        input_ids=torch.randint(4, SHAPE["vocab_size"], (rows, tokens)),
        attention_mask=torch.ones(rows, tokens, dtype=torch.long),
        token_type_ids=None,
        weights=torch.ones(rows),
        targets=torch.arange(rows)[:, None] % 3,
    )
    clock.lap("prepare_s")
    loss = model.train().form.loss(model(batch), batch)
    clock.lap("forward_s")
    torch.autograd.backward(loss)
    clock.lap("backward_s")
    optimizer.step()
    clock.lap("optimizer_s")
    peak_of_step = peak_bytes()
    if not method_named(method_name).trains_all and model.fingerprint() != fingerprint:
        raise SystemExit("a frozen weight moved")
    with tempfile.TemporaryDirectory(dir=folder.parent) as committed:
        model.save(Path(committed))
        artefact = sum(path.stat().st_size for path in Path(committed).iterdir())
    config = model.encoder.config.to_dict()
    return {
        "trainable_parameters": count(config, method),
        "head_parameters": sum(tensor.numel() for tensor in model.head_state().values()),
        "loss": loss.item(),
        "peak_resident_bytes": peak_of_step,
        "estimated_step_bytes": step_bytes(config, method, precision="bf16", tokens=rows * tokens),
        "artefact_bytes": artefact,
        "artefact_bound_without_head_bytes": artefact_bytes(config, method),
        "seconds": clock.laps,
    }


class Clock:
    """Seconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self.last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Record the seconds since the last lap under ``name``."""
        now = time.perf_counter()
        self.laps[name], self.last = round(now - self.last, 2), now


def peak_bytes() -> int:
    """Return this process's peak resident set; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measured(method: str, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run one method in its own process."""
    command = [sys.executable, __file__, "--inside", str(folder), "--method", method]
    command += ["--rows", str(arguments.rows), "--tokens", str(arguments.tokens)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    result["peak_resident_gib"] = round(result["peak_resident_bytes"] / 2**30, 2)
    result["within_16_gib"] = result["peak_resident_gib"] <= LIMIT_GIB
    return result


def main() -> None:
    """Measure the asked methods one after the other and write the results file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps(one_step(arguments.method[0], arguments.inside, arguments.rows, arguments.tokens)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "backbone"
        write_backbone(folder)
        methods = {method: measured(method, folder, arguments) for method in arguments.method}
    import torch

    report = {
        "shape": SHAPE,
        "rows": arguments.rows,
        "tokens_per_row": arguments.tokens,
        "precision": "bf16",
        "machine": {"processor": platform.machine(), "threads": torch.get_num_threads(), "torch": torch.__version__},
        "methods": methods,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(methods, indent=2))


if __name__ == "__main__":
    main()
