"""What a plan will cost before it runs: trainable parameters, memory, disk and time.

Time is tokens over speed. ``measured``: rows are read, and the speed comes from a short warm-up on real rows with the
real model. Without it rows are counted and not read, and the speed is arithmetic over the machine's matrix peak: good
to a factor of three, which is enough to announce hours. What a step costs is asked of its kind (`StepKind.price`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from adaptx.data.cell import Cell
from adaptx.data.counts import count_rows
from adaptx.data.reader import RowsReader
from adaptx.families import linear_block, shape_of
from adaptx.methods import method_named
from adaptx.model import stack
from adaptx.model.backbone import local_folder, read_config
from adaptx.model.footprint import artefact_bytes, count, step_bytes
from adaptx.model.forms import Limits
from adaptx.model.forms.collate import collate
from adaptx.model.products import DTYPES, chosen_dtype
from adaptx.spec import content_id
from adaptx.steps.step import Load, kind_of
from adaptx.steps.train import train_spec
from adaptx.tasks.forms import form_named
from adaptx.tasks.mlm import MLM
from adaptx.training.engine import join
from adaptx.training.throughput import matmul_peak

if TYPE_CHECKING:
    from adaptx.execution.job import Job
    from adaptx.planning.request import PlannedRequest
    from adaptx.schema.commands import Plan, PlannedStep
    from adaptx.spec import MethodSpec, RowsSpec
    from adaptx.steps.step import Step
    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

    Sizes = dict[Hashable, tuple[int, float]]  # rows that many steps of a grid read -> how many, and their tokens

__all__ = ["estimate", "mean_tokens"]

SAMPLE = 64  # rows of a warm-up
WARM_UP_S = 2.0
BYTES_PER_TOKEN = 4.0  # UTF-8 bytes a sub-word token spans, on average over the XNLI languages with XLM-R
USUAL_SHARE = 0.35  # of the matrix peak that training reaches; 0.40 to 0.61 was seen on MNLI pairs
USUAL_TOKENS = 64  # of a row that was counted and not read; pairs of sentences have 40 to 60


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens per second, padding left out."""

    training: float
    forward: float

    def seconds(self, load: Load) -> float:
        """Return how long a step takes."""
        return round(load.total_tokens / (self.training if load.training else self.forward), 1)


class _Pricing:
    """Prices the steps of one request; sizes of rows are shared by all requests of a command."""

    def __init__(self, planned: PlannedRequest, sizes: Sizes, job: Job, *, measured: bool) -> None:
        self.planned, self.sizes, self.measured = planned, sizes, measured
        self.config = read_config(local_folder(planned.backbone), planned.backbone.name).to_dict()
        self.rows = RowsReader(planned.source, strict=job.strict, text=planned.text_folder)
        self.method = _method(planned)
        self._loads: dict[str, Load] = {}
        self._steps = {step.id: step for step in planned.plan.steps}

    def artefact_bytes(self, method: MethodSpec) -> int:
        return artefact_bytes(self.config, method)

    def load(self, step_id: str) -> Load:
        if step_id not in self._loads:
            step = self._steps[step_id]
            self._loads[step_id] = kind_of(step.kind).price(step, self)
        return self._loads[step_id]

    def size(self, tasks: Sequence[Task], rows: Sequence[RowsSpec], limit: int) -> tuple[int, float]:
        key = (*rows, limit)
        if key not in self.sizes:
            parts = [(task, spec) for task, spec in zip(tasks, rows, strict=True) if task is not MLM]
            self.sizes[key] = self._read(parts, limit) if self.measured else self._counted(parts, limit)
        return self.sizes[key]

    def _read(self, parts: Sequence[tuple[Task, RowsSpec]], limit: int) -> tuple[int, float]:
        examples = [(task, example) for task, spec in parts for example in self.rows.read(task, spec).examples]
        return len(examples), mean_tokens(examples, limit)

    def _counted(self, parts: Sequence[tuple[Task, RowsSpec]], limit: int) -> tuple[int, float]:
        source = self.planned.source
        counts = [count_rows(Cell(source, task, spec.language, spec.split), spec.limit) for task, spec in parts]
        return sum(counts), float(min(USUAL_TOKENS, limit))


def estimate(planned: Sequence[PlannedRequest], missing: frozenset[str], job: Job, *, measured: bool) -> Plan:
    """Return ``{"steps", "trainable_parameters", "memory_bytes", "disk_bytes", "seconds", "measured"}``."""
    device = join(job.how).device
    rows: dict[str, PlannedStep] = {}
    memory, parameters = 0.0, 0
    sizes: Sizes = {}
    speeds: dict[Hashable, Speed] = {}  # a grid asks the same of the machine many times
    for one in planned:
        pricing = _Pricing(one, sizes, job, measured=measured)
        parameters = max(parameters, count(pricing.config, pricing.method) if pricing.method else 0)
        tokens = job.how.training_tokens(device)
        dtype = chosen_dtype(one.precision, job.how.compute_dtype, device)
        memory = max(memory, step_bytes(pricing.config, pricing.method, precision=dtype, tokens=tokens))
        for step in one.plan.steps:
            if step.id in missing and step.id not in rows:
                if _alike(one) not in speeds:
                    speeds[_alike(one)] = _speed(pricing, job, device, measured=measured)
                rows[step.id] = _to_do(step, pricing.load(step.id), speeds[_alike(one)])
            rows.setdefault(step.id, _done(step))
    return {
        "steps": list(rows.values()),
        "trainable_parameters": parameters,
        "memory_bytes": int(memory),
        "disk_bytes": sum(step.get("disk_bytes", 0) for step in rows.values()),
        "seconds": round(sum(step.get("seconds", 0.0) for step in rows.values()), 1),
        "measured": measured,
    }


def _done(step: Step) -> PlannedStep:
    return {"id": step.id, "kind": step.kind, "name": step.name, "status": "done", "seconds": 0.0, "disk_bytes": 0}


def _to_do(step: Step, load: Load, speed: Speed) -> PlannedStep:
    return {
        "id": step.id,
        "kind": step.kind,
        "name": step.name,
        "status": "to do",
        "seconds": speed.seconds(load),
        "disk_bytes": load.disk_bytes,
        "rows": load.rows,
    }


def _method(planned: PlannedRequest) -> MethodSpec | None:
    return train_spec(planned.plan.layers[-1]).method if planned.plan.layers else None


def mean_tokens(examples: Sequence[tuple[Task, Example]], limit: int) -> float:
    """Return the mean tokens per row, guessed from bytes on a sample spread over the rows.

    A row is as many inputs of at most ``limit`` tokens as its form says.
    """
    sample = examples[:: max(1, len(examples) // SAMPLE)]
    inputs = [texts for task, example in sample for texts in form_named(task.form).inputs_of(example, task)]
    lengths = [sum(len(text.encode()) for text in texts) / BYTES_PER_TOKEN + len(texts) + 2 for texts in inputs]
    return sum(min(length, limit) for length in lengths) / max(1, len(sample))


def _alike(planned: PlannedRequest) -> Hashable:
    """Return what two requests share that run at one speed: they may differ in seed and in what is below."""
    if not planned.plan.layers:
        return planned.backbone.revision
    spec = train_spec(planned.plan.layers[-1])
    return content_id(replace(spec, below=None, seed=0))


def _speed(pricing: _Pricing, job: Job, device: str, *, measured: bool) -> Speed:
    # Nothing is trained on a bare backbone, and arithmetic is good enough for a forward alone.
    dtype = chosen_dtype(pricing.planned.precision, job.how.compute_dtype, device)
    if measured and pricing.planned.plan.layers:
        return _measured(pricing, job, device, dtype)
    return _assumed(pricing, device, dtype)


def _assumed(pricing: _Pricing, device: str, dtype: str) -> Speed:
    """Two operations per weight of the layers and token forward, as many backward, as many for weight gradients."""
    shape = shape_of(pricing.config)
    forward = 2.0 * shape.layers * linear_block(shape.hidden, shape.ffn)
    all_weights = pricing.method is not None and method_named(pricing.method.name).trains_all
    training = (3 if all_weights else 2) * forward
    rate = USUAL_SHARE * matmul_peak(device, DTYPES[dtype])
    return Speed(rate / training, rate / forward)


def _measured(pricing: _Pricing, job: Job, device: str, dtype: str) -> Speed:
    """Time forward and backward over a few micro-batches of the top layer's training rows."""
    step = pricing.planned.plan.layers[-1]
    spec = train_spec(step)
    model = stack.trainable(
        pricing.planned.backbone,
        (),
        spec.method,
        step.task,
        precision=spec.precision,
        seed=spec.seed,
        device=device,
        compute_dtype=dtype,
    )
    cell = Cell(pricing.planned.source, step.task, spec.rows.language, spec.rows.split)
    rows = pricing.rows.load(cell, SAMPLE).examples
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
