"""What a plan will cost before it runs: trainable parameters, memory, disk and time.

Heavy: reached through `execution.make.cost` only. Time is tokens over speed. With ``measured`` the speed comes from a
short warm-up on real rows with the real model; without, from arithmetic and the machine's matrix peak, good to a
factor of three, which is enough to announce hours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from adaptx.data.union import load_all
from adaptx.families import linear_block, shape_of
from adaptx.methods import method_named
from adaptx.model import stack
from adaptx.model.backbone import local_folder, read_config
from adaptx.model.footprint import artefact_bytes, count, step_bytes
from adaptx.model.forms import Limits
from adaptx.model.forms.collate import collate
from adaptx.spec import AttackSpec, MethodSpec, TrainSpec, content_id
from adaptx.tasks.forms.choice import is_option
from adaptx.tasks.mlm import MLM
from adaptx.training.engine import join
from adaptx.training.throughput import matmul_peak

if TYPE_CHECKING:
    from adaptx.data.source import Source
    from adaptx.execution.make import Job, PlannedRequest
    from adaptx.planning.planner import Step
    from adaptx.spec import RowsSpec
    from adaptx.store import Store
    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

    Sizes = dict[Hashable, tuple[int, float]]  # rows that many steps of a grid read -> how many, and their tokens

__all__ = ["estimate", "mean_tokens"]

SAMPLE = 64  # rows of a warm-up
WARM_UP_S = 2.0
BYTES_PER_TOKEN = 4.0  # UTF-8 bytes a sub-word token spans, on average over the XNLI languages with XLM-R
USUAL_SHARE = 0.35  # of the matrix peak that training reaches; 0.40 to 0.61 was seen on MNLI pairs
ROW_BYTES = {"eval": 200, "attack": 900}  # stored per row, compressed
TRIES = 9  # questions per row of a random search and its baseline


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens per second, padding left out."""

    training: float
    forward: float


@dataclass(frozen=True, slots=True)
class Load:
    """The rows of a step and the tokens of one row."""

    rows: int
    tokens: float
    passes: float

    @property
    def work(self) -> float:
        return self.rows * self.tokens * self.passes


def estimate(makings: Sequence[PlannedRequest], store: Store, job: Job, *, measured: bool) -> dict[str, Any]:
    """Return ``{"steps", "trainable_parameters", "memory_bytes", "disk_bytes", "seconds", "measured"}``."""
    device = join(job.how).device
    told: dict[str, dict[str, Any]] = {}
    memory = 0.0
    parameters = 0
    loads: dict[str, Load] = {}
    sizes: Sizes = {}
    speeds: dict[Hashable, Speed] = {}  # a grid asks the same of the machine many times
    for making in makings:
        config = read_config(local_folder(making.planner.backbone), making.planner.backbone.name).to_dict()
        method, precision = _method(making), making.planner.precision
        parameters = max(parameters, count(config, method) if method else 0)
        memory = max(memory, step_bytes(config, method, precision=precision, tokens=job.how.training_tokens(device)))
        missing = [step for step in making.plan.steps if store.get(step.id) is None and step.id not in told]
        alike = _alike(making)
        if missing and alike not in speeds:
            speeds[alike] = _speed(making, config, job, device, measured=measured)
        for step in making.plan.steps:
            if store.get(step.id) is None and step.id not in told:
                loads[step.id] = _load(step, making, loads, sizes)
                told[step.id] = _to_do(step, loads[step.id], speeds[alike], config, _method(making))
            told.setdefault(step.id, _done(step))
    return {
        "steps": list(told.values()),
        "trainable_parameters": parameters,
        "memory_bytes": int(memory),
        "disk_bytes": sum(step["disk_bytes"] for step in told.values()),
        "seconds": round(sum(step["seconds"] for step in told.values()), 1),
        "measured": measured,
    }


def _done(step: Step) -> dict[str, Any]:
    return {"id": step.id, "kind": step.kind, "name": step.name, "status": "done", "seconds": 0.0, "disk_bytes": 0}


def _to_do(step: Step, load_: Load, speed: Speed, config: dict[str, Any], method: MethodSpec | None) -> dict[str, Any]:
    rate = speed.training if step.kind == "train" else speed.forward
    disk = artefact_bytes(config, method) if method and step.kind == "train" else load_.rows * ROW_BYTES[step.kind]
    told = {"status": "to do", "seconds": round(load_.work / rate, 1), "disk_bytes": disk, "rows": load_.rows}
    return _done(step) | told


def _method(making: PlannedRequest) -> MethodSpec | None:
    if not making.plan.layers:
        return None
    spec = making.plan.layers[-1].spec
    assert isinstance(spec, TrainSpec), "layers are train steps"
    return spec.method


def _load(step: Step, making: PlannedRequest, known: Mapping[str, Load], sizes: Sizes) -> Load:
    spec = step.spec
    if isinstance(spec, AttackSpec):
        cell = next(cell for cell in making.plan.cells if cell.id == step.parents["cell"])
        clean = known.get(cell.id) or _load(cell, making, known, sizes)
        passes: float = spec.budget if spec.search == "greedy" else min(spec.budget, TRIES)
        return Load(clean.rows, clean.tokens, passes)
    limit = spec.optimisation.max_length if isinstance(spec, TrainSpec) else spec.max_length
    others = spec.others if isinstance(spec, TrainSpec) else ()
    beside = sum(other.share or 0.0 for other in others)  # batches of masked language modelling, on top of the tasks'
    passes = spec.optimisation.epochs / (1 - beside) if isinstance(spec, TrainSpec) else 1.0
    read = tuple(zip((step.task, *step.others), (spec.rows, *(other.rows for other in others)), strict=True))
    key = (*(rows for _, rows in read), limit)
    if key not in sizes:
        sizes[key] = _size(making.planner.source, read, limit)
    return Load(*sizes[key], passes)


def _size(source: Source, read: Sequence[tuple[Task, RowsSpec]], limit: int) -> tuple[int, float]:
    """Return how many rows there are, and their mean tokens."""
    examples = [
        (task, example)
        for task, rows in read
        if task is not MLM
        for example in load_all(source, task, rows.language, rows.split, limit=rows.limit).examples
    ]
    return len(examples), mean_tokens(examples, limit)


def mean_tokens(examples: Sequence[tuple[Task, Example]], limit: int) -> float:
    """Return the mean tokens per row, guessed from bytes on a sample spread over the rows.

    A row of a choice is as many inputs of at most ``limit`` tokens as it has options, any other row is one.
    """
    sample = examples[:: max(1, len(examples) // SAMPLE)]
    inputs = [texts for task, example in sample for texts in _inputs(task, example)]
    lengths = [sum(len(text.encode()) for text in texts) / BYTES_PER_TOKEN + len(texts) + 2 for texts in inputs]
    return sum(min(length, limit) for length in lengths) / max(1, len(sample))


def _inputs(task: Task, example: Example) -> list[list[str]]:
    """Return the texts of each input of the model: of a choice its fields with every option, else all of them."""
    options = [text for name, text in example.texts.items() if is_option(name, task)]
    fields = [text for name, text in example.texts.items() if not is_option(name, task)]
    return [[*fields, option] for option in options] or [fields]


def _alike(making: PlannedRequest) -> Hashable:
    """Return what two requests share that run at one speed: they may differ in seed and in what is below."""
    if not making.plan.layers:
        return making.planner.backbone.revision
    spec = making.plan.layers[-1].spec
    assert isinstance(spec, TrainSpec), "layers are train steps"
    return spec.backbone, content_id(replace(spec, below=None, seed=0))


def _speed(making: PlannedRequest, config: dict[str, Any], job: Job, device: str, *, measured: bool) -> Speed:
    # Nothing is trained on a bare backbone, and a forward alone is told well enough by arithmetic.
    warmed_up = measured and making.plan.layers
    return _measured(making, job, device) if warmed_up else _assumed(making, config, device)


def _assumed(making: PlannedRequest, config: dict[str, Any], device: str) -> Speed:
    """Two operations per weight of the layers and token forward, as many backward, as many for weight gradients."""
    shape = shape_of(config)
    forward = 2.0 * shape.layers * linear_block(shape.hidden, shape.ffn)
    method = _method(making)
    training = (3 if method and method_named(method.name).trains_all else 2) * forward
    rate = USUAL_SHARE * matmul_peak(device, stack.PRECISIONS[making.planner.precision])
    return Speed(rate / training, rate / forward)


def _measured(making: PlannedRequest, job: Job, device: str) -> Speed:
    """Time forward and backward over a few micro-batches of the top layer's training rows."""
    step = making.plan.layers[-1]
    spec = step.spec
    assert isinstance(spec, TrainSpec), "layers are train steps"
    model = stack.trainable(
        making.planner.backbone, (), spec.method, step.task, precision=spec.precision, seed=spec.seed, device=device
    )
    rows = load_all(making.planner.source, step.task, spec.rows.language, spec.rows.split, limit=SAMPLE).examples
    limits = Limits(spec.optimisation.max_length, spec.optimisation.stride)
    features = model.form.encode(rows, model.tokenizer, step.task, limits, targets=True)
    features.sort(key=len)
    size = max(1, min(len(features), job.how.training_tokens(device) // max(len(feature) for feature in features)))
    batches = [features[start : start + size] for start in range(0, len(features), size)]

    def once(*, backward: bool) -> None:
        for batch in batches:
            padded = collate(batch, model.tokenizer, device=device)
            with torch.set_grad_enabled(backward):
                loss = model.form.loss(model(padded), padded)
            if backward:
                loss.backward()  # type: ignore[no-untyped-call]
                model.zero_grad(set_to_none=True)

    tokens = sum(len(feature) for feature in features)
    return Speed(tokens / _seconds(lambda: once(backward=True)), tokens / _seconds(lambda: once(backward=False)))


def _seconds(work: Callable[[], None]) -> float:
    """Return the seconds of one call: a first one warms up, then as many as fit into `WARM_UP_S`, the best counts."""
    work()
    best, begin = float("inf"), time.perf_counter()
    while time.perf_counter() - begin < WARM_UP_S:
        start = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return best
