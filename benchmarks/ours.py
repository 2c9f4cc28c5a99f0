"""adaptx's training loop under a clock, as `peer` has the peer's.

The clock runs from the loop's first report, or from a later one that leaves the warm-up out, to its last; on a GPU both
ends wait for the queue. Loading the model, the fingerprints and DeepSpeed's set-up are outside, as they are for the
peer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from adaptx.model.forms import Feature
    from adaptx.model.stack import StackModel
    from adaptx.spec import Optimisation
    from adaptx.training.settings import ComputeSettings
    from adaptx.training.train import TrainOutcome

__all__ = ["Spent", "train_ours"]


@dataclass(slots=True)
class Spent:
    """Seconds between two moments of a training loop."""

    wall: float = 0.0
    processor: float = 0.0

    def begin(self) -> None:
        """Start both clocks."""
        _finish_queue()
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def end(self) -> None:
        """Turn them into differences."""
        _finish_queue()
        self.wall, self.processor = time.perf_counter() - self.wall, time.process_time() - self.processor


def _finish_queue() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def train_ours(
    model: StackModel,
    features: Sequence[Feature],
    plan: Optimisation,
    how: ComputeSettings,
    *,
    seed: int,
    after: int = 0,
    checkpoints: bool = True,
) -> tuple[Spent, TrainOutcome]:
    """Train with adaptx's loop, DeepSpeed and all; return the time from the end of step ``after`` and the outcome."""
    from adaptx.training.train import Part, TrainJob, train

    spent = Spent()

    def progress(entry: Mapping[str, Any]) -> None:
        if entry["step"] == after:
            spent.begin()
        elif entry["step"] == entry["steps"]:
            spent.end()

    with TemporaryDirectory() as work:
        job = TrainJob(
            model=model,
            parts=[Part(form=model.form, features=features)],
            evaluate_dev=None,
            optimisation=plan,
            seed=seed,
            precision=model.precision,
            work=Path(work),
            how=how,
            checkpoint_seconds=60.0 if checkpoints else float("inf"),
        )
        return spent, train(job, progress)
