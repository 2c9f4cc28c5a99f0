"""Train the top of a stack: one loop for every method, ZeRO stage and number of processes.

Owns the run: when to step, evaluate, log, checkpoint and stop. May not import deepspeed (`engine`), nor know what a
task or a method is: it sees a model that turns a batch into an output and a form that turns an output into a loss.
What is frozen is proved still: fingerprint before and after. The best dev score wins, the earliest of equal ones.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from adaptx.data.batching import micro_batches
from adaptx.errors import AdaptxError, Interrupted
from adaptx.model.dropout import random_words, row_keys
from adaptx.model.forms.collate import collate
from adaptx.model.products import DTYPES, choose_dtype
from adaptx.spec import Optimisation, Sampling, digest, request
from adaptx.training import checkpoint
from adaptx.training.checkpoint import Best, State
from adaptx.training.engine import Engine, Group, join
from adaptx.training.gradient_cache import Contrastive, accumulate
from adaptx.training.schedule import Schedule
from adaptx.training.settings import ComputeSettings
from adaptx.training.throughput import Meter, matmul_peak, work_per_token

if TYPE_CHECKING:
    from adaptx.model.forms import Batch, Feature, ModelForm
    from adaptx.model.stack import StackModel

__all__ = ["Part", "Progress", "TrainJob", "TrainOutcome", "train"]

Progress = Callable[[Mapping[str, object]], None]
LOG_ENTRIES = 200  # per run at most, evaluations apart
STOPPED_BY = (signal.SIGINT, signal.SIGTERM)
GO_ON, SAVE, STOP = range(3)
PIECES = 2**16  # more rows of input than any feature is


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one task contributes; ``share`` of all batches, where the sampling is not to decide."""

    form: ModelForm
    features: Sequence[Feature]
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainJob:
    """One training run. ``evaluate_dev`` scores the model as it stands; ``work`` holds what an interrupted run left."""

    model: StackModel
    parts: Sequence[Part]
    evaluate_dev: Callable[[], float] | None
    optimisation: Optimisation
    seed: int
    precision: str  # "fp32" or "bf16", computed in what ``how`` says
    work: Path
    how: ComputeSettings = field(default_factory=ComputeSettings)
    sampling: Sampling | None = None
    checkpoint_seconds: float = 60.0
    checkpoint_steps: int | None = None  # besides, every so many steps


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOutcome:
    """What became of a run; the model itself now holds the chosen weights."""

    log: list[dict[str, float]]
    best: Mapping[str, float | None]
    facts: dict[str, object]


def train(job: TrainJob, progress: Progress) -> TrainOutcome:
    """Train ``job.model`` and leave the chosen weights in it.

    ``progress`` is called on rank 0 with every log entry: step, steps, loss (per unit), lr, tokens_per_second (without
    padding), padding, peak_share, eta_seconds; dev at an evaluation. Raises `Interrupted` on SIGINT or SIGTERM after
    writing a checkpoint, `AdaptxError` if the loss is not finite, the trainable set is not what the model declares, or
    a frozen tensor changed.
    """
    with torch.random.fork_rng(), _listening() as came:
        frozen = job.model.fingerprint()  # before the engine, which may partition the parameters
        run = _Run(job, join(job.how), progress, came)
        run.go()
        if job.model.fingerprint() != frozen:
            raise AdaptxError(
                "a frozen tensor changed during training; nothing was stored", hint="report this as a bug"
            )
    return run.outcome(frozen)


@contextmanager
def _listening() -> Iterator[list[int]]:
    """Collect stop signals instead of dying; only the main thread can."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        came.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    before = {number: signal.signal(number, note) for number in STOPPED_BY}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Run:
    """One run on one rank: its engine, its place in the schedule, and what it has seen."""

    def __init__(self, job: TrainJob, group: Group, progress: Progress, came: list[int]) -> None:
        self.job, self.group, self.progress, self.came = job, group, progress, came
        lengths = [[len(feature) for feature in part.features] for part in job.parts]
        if not all(lengths):
            raise AdaptxError("there is nothing to train on: no row has a label that can be learnt from")
        self.features = [feature for part in job.parts for feature in part.features]
        self.lengths = [length for part in lengths for length in part]
        self.fillers = [min(part.features, key=len) for part in job.parts]
        self.schedule = Schedule(lengths, job.optimisation, job.seed, job.sampling, [part.share for part in job.parts])
        self.id = _identity(job)
        self.work = work_per_token(job.model)
        self.computed_in = choose_dtype(job.precision, job.how.compute_dtype, group.device)
        self.peak = matmul_peak(group.device, DTYPES[self.computed_in]) * group.size
        self.engine = Engine(job.model, job.optimisation, job.how, group)
        _check_trained(job.model, self.engine.trained)
        self.step = self.begun_at = 0
        self.best: Best | None = None
        self.log: list[dict[str, float]] = []
        self.window, self.whole = self._meter(), self._meter()
        self.losses = torch.zeros((), device=group.device)
        self.saved_at, self.save_cost = perf_counter(), 0.0

    def go(self) -> None:
        """Go through the schedule from where an earlier run left off, and leave the chosen weights in the model."""
        self._resume()
        trained = sum(p.numel() for p in self.engine.trained.values())
        self._tell({"trained": trained, "stage": self.engine.stage, "computed_in": self.computed_in})
        self.job.model.train()
        while self.step < self.schedule.steps:
            self._one_step()
            self._after_step()
        self.engine.close()
        if self.best is not None and self.job.optimisation.select == "best-dev":
            with torch.no_grad():
                for name, parameter in self.engine.trained.items():
                    parameter.copy_(self.best.weights[name])
        self.job.model.eval()

    def outcome(self, frozen: str) -> TrainOutcome:
        """Return log and facts of a finished run."""
        self.whole.add(self.window)
        chosen = self.best if self.job.optimisation.select == "best-dev" else None
        best = {"step": chosen.step, "score": chosen.score} if chosen else {"step": self.step, "score": None}
        facts = {
            "steps": self.step,
            "resumed_at": self.begun_at,
            "processes": self.group.size,
            "zero_stage": self.engine.stage,
            "device": self.group.device,
            "computed_in": self.computed_in,
            "matmul_peak": self.peak,
            "trained_parameters": sum(p.numel() for p in self.engine.trained.values()),
            "frozen_fingerprint": frozen,
            "train_seconds": self.whole.seconds,
            **self.whole.rates(),
        }
        return TrainOutcome(log=self.log, best=best, facts=facts)

    def _one_step(self) -> None:
        """Accumulate one effective batch and update; a stop signal is heard after every micro-batch."""
        rows, part = self.schedule.rows(self.step), self.schedule.turns[self.step]
        budget = self.job.how.training_tokens(self.group.device)
        per_rank = micro_batches(rows, self.lengths, budget, ranks=self.group.size)
        mine, units = per_rank[self.group.rank], sum(self.features[row].units for row in rows)
        seed = self.schedule.dropout_seed(self.step)
        torch.manual_seed(seed)  # for what a method draws besides dropout
        form = self.job.parts[part].form
        with self.window.step(*self._tokens(per_rank)):
            if isinstance(form, Contrastive):
                self._contrast(form, [self._batch(micro, part) for micro in mine], units, seed)
            else:
                for micro in mine:
                    self._backward(micro, part, units)
                    self._save_or_stop(STOP if self.came else GO_ON)
            self.engine.step(self.schedule.lr(self.step))
        self.step += 1

    def _contrast(self, form: Contrastive, batches: Sequence[Batch], units: float, seed: int) -> None:
        def backward(loss: Tensor) -> None:
            self.engine.backward(loss)
            self._save_or_stop(STOP if self.came else GO_ON)

        self.losses += accumulate(
            form,
            batches,
            forward=self._forward,
            backward=backward,
            seed=seed,
            units=units,
            group=self.group,
        )

    def _backward(self, rows: Sequence[int], part: int, units: float) -> None:
        batch = self._batch(rows, part)
        loss = self.job.parts[part].form.loss(self._forward(batch), batch) / units
        self.engine.backward(loss)
        self.losses += loss.detach()

    def _forward(self, batch: Batch) -> Tensor:
        with random_words(batch.keys):
            return self.engine.forward(batch)

    def _batch(self, rows: Sequence[int], part: int) -> Batch:
        """Return a padded micro-batch of one task; no rows stand for a filler: one short row of weight 0."""
        device = self.group.device
        features = [self.features[row] for row in rows] or [self.fillers[part]]
        batch = collate(features, self.job.model.tokenizer, device=device, multiple=self._padding_multiple())
        if not rows:
            batch.weights.zero_()
        batch.part = part
        numbers = [row * PIECES + n for row, one in zip(rows or [-1], features, strict=True) for n in _pieces(one)]
        batch.keys = row_keys(self.schedule.dropout_seed(self.step), numbers, device)
        return batch

    def _padding_multiple(self) -> int:
        """Return what lengths are rounded up to: tensor cores want 8; a CPU would only read more padding.

        Where padding comes first the places of a row's tokens, and so its dropout, hang on the length: it is that of
        the whole effective batch.
        """
        if self.job.model.tokenizer.padding_side == "left":
            rows = [self.features[row] for row in self.schedule.rows(self.step)]
            longest = max(len(row) for one in rows for row in one.pieces or (one,))
            return -(-longest // 8) * 8
        return 1 if self.group.device == "cpu" else 8

    def _tokens(self, per_rank: list[list[list[int]]]) -> tuple[int, int]:
        """Count real and padded tokens over all ranks."""
        pieces = [[self.lengths[row] for row in piece] for cut in per_rank for piece in cut if piece]
        return sum(map(sum, pieces)), sum(max(piece) * len(piece) for piece in pieces)

    def _after_step(self) -> None:
        if self.step % max(1, self.schedule.steps // LOG_ENTRIES) == 0 or self.step == self.schedule.steps:
            self._log_loss()
        evaluated = self.step in self.schedule.evaluations and self.job.evaluate_dev is not None
        if evaluated:
            self._evaluate()
        self._save_or_stop(STOP if self.came else SAVE if evaluated or self._is_due() else GO_ON)

    def _log_loss(self) -> None:
        begin = perf_counter()
        loss = self.group.total(float(self.losses)) / max(1, self.window.steps)
        self.window.wait(perf_counter() - begin)  # a GPU finishes its queue here
        if not isfinite(loss):
            raise AdaptxError(f"the loss is {loss} at step {self.step}", hint="a lower --lr, or --precision fp32")
        self.whole.add(self.window)
        left = (self.schedule.steps - self.step) * self.whole.seconds / max(1, self.whole.steps)
        lr = self.schedule.lr(self.step - 1)
        self._note({"loss": loss, "lr": lr, **self.window.rates(), "eta_seconds": left})
        self.window = self._meter()
        self.losses.zero_()

    def _evaluate(self) -> None:
        assert self.job.evaluate_dev is not None, "only called where there is something to evaluate"
        self.job.model.eval()
        score = float(self.group.agree(self.job.evaluate_dev()))
        self.job.model.train()
        if self.best is None or score > self.best.score:
            self.best = Best(self.step, score, self.engine.weights())
        self._note({"dev": score, "best_dev": self.best.score, "best_step": self.best.step})

    def _is_due(self) -> bool:
        """Every so many steps or seconds; no more than a twentieth of the time is spent on writing."""
        every = self.job.checkpoint_steps
        pause = max(self.job.checkpoint_seconds, 20 * self.save_cost)
        return bool(every and self.step % every == 0) or perf_counter() - self.saved_at > pause

    def _save_or_stop(self, wish: int) -> None:
        """Save or stop where any rank wishes to: all do so at the same place."""
        wish = self.group.highest(wish)
        if wish != GO_ON and self.step > self.begun_at:
            self._save()
        if wish == STOP:
            raise Interrupted(
                f"interrupted after step {self.step} of {self.schedule.steps}",
                hint="the same command goes on from there",
            )

    def _save(self) -> None:
        begin = perf_counter()
        weights, moments = self.engine.weights(), self.engine.moments()
        if self.group.rank == 0:
            state = State(run=self.id, step=self.step, weights=weights, moments=moments, best=self.best, log=self.log)
            checkpoint.write(self.job.work, state)
        self.saved_at = perf_counter()
        self.save_cost = self.saved_at - begin

    def _resume(self) -> None:
        state = checkpoint.read(self.job.work, self.id)
        if state is None:
            return
        self._prime()
        self.engine.set_weights(state.weights)
        self.engine.set_moments(state.moments, state.step)
        self.step = self.begun_at = state.step
        self.best, self.log = state.best, state.log

    def _prime(self) -> None:
        """Take one step of weight 0 and rate 0, after which the optimizer has a state that can be written."""
        batch = self._batch([], 0)
        loss = self.job.parts[0].form.loss(self._forward(batch), batch)
        self.engine.backward(loss)
        self.engine.step(0.0)

    def _meter(self) -> Meter:
        return Meter(work=self.work, peak=self.peak)

    def _note(self, entry: Mapping[str, float]) -> None:
        self.log.append({"step": self.step, **entry})
        self._tell(self.log[-1])

    def _tell(self, entry: Mapping[str, object]) -> None:
        if self.group.rank == 0:
            self.progress({"step": self.step, "steps": self.schedule.steps, **entry})


def _pieces(feature: Feature) -> range:
    """Return the numbers of the rows of input that a feature is."""
    return range(max(1, len(feature.pieces)))


def _identity(job: TrainJob) -> str:
    """Return what a checkpoint must match: settings, seed, rows and the shapes of what is trained."""
    shapes = {name: list(p.shape) for name, p in job.model.named_parameters() if p.requires_grad}
    rows = [[len(part.features), sum(map(len, part.features)), part.share] for part in job.parts]
    return digest([request(job.optimisation), request(job.sampling), job.seed, job.precision, rows, shapes])


def _check_trained(model: StackModel, trained: Mapping[str, Tensor]) -> None:
    """Raise if what the optimizer has is not exactly what the model declares, or is not fp32."""
    declared = model.trainable_names()
    if set(trained) != declared or not declared:
        odd = sorted(set(trained) ^ declared)
        raise AdaptxError(f"the trainable set is wrong: {len(trained)} tensors, {len(odd)} unexpected, e.g. {odd[:3]}")
    narrow = sorted(name for name, p in trained.items() if p.dtype != torch.float32)
    if narrow:
        raise AdaptxError(f"trained tensors must be fp32, {narrow[0]} is {trained[narrow[0]].dtype}")
