"""How fast it goes: tokens per second, padding, and the share of what this machine's matrix unit can do.

Owns counting and the measured peak; may not touch the model or the run. Rates count real tokens only and leave out dev
evaluations and checkpoints. Work per token is 2 operations per weight of every linear layer forward, as many backward
to the inputs, and as many again for each weight that is trained; attention scores are left out (under 5 % below 128
tokens at width 384), so that the share of the peak is a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from time import perf_counter

import torch
from torch import nn

from adaptx.model.products import product_rate

__all__ = ["Meter", "matmul_peak", "work_per_token"]


def work_per_token(model: nn.Module) -> float:
    """Return the floating-point operations of one token's forward and backward."""
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    matrices = [p for p in model.parameters() if p.ndim > 1 and id(p) not in tables]
    trained = sum(p.numel() for p in matrices if p.requires_grad)
    return 4.0 * sum(p.numel() for p in matrices) + 2.0 * trained


@cache
def matmul_peak(device: str, dtype: torch.dtype, *, size: int | None = None, times: int = 4) -> float:
    """Measure the best rate of a square matrix product here, in operations per second; 0.1 s, once a process."""
    return product_rate(device, dtype, size or (1024 if device == "cpu" else 8192), times)  # fills the machine


class Meter:
    """Counts of one window: from the last log entry to the next."""

    def __init__(self, *, work: float, peak: float) -> None:
        self.work, self.peak = work, peak  # operations per token; operations per second of all ranks
        self.tokens = self.padded = self.steps = 0
        self.seconds = 0.0

    @contextmanager
    def step(self, tokens: int, padded: int) -> Iterator[None]:
        """Time one step that reads ``tokens`` real and ``padded`` padded tokens over all ranks."""
        begin = perf_counter()
        yield
        self.seconds += perf_counter() - begin
        self.tokens += tokens
        self.padded += padded
        self.steps += 1

    def wait(self, seconds: float) -> None:
        """Add time in which queued work was finished."""
        self.seconds += seconds

    def add(self, other: Meter) -> None:
        """Add the counts of another window."""
        self.tokens += other.tokens
        self.padded += other.padded
        self.steps += other.steps
        self.seconds += other.seconds

    def rates(self) -> dict[str, float]:
        """Return tokens per second, the share of padding and the share of the peak; empty before the first step."""
        if not self.steps:
            return {}
        rate = self.tokens / max(self.seconds, 1e-9)
        return {
            "tokens_per_second": rate,
            "padding": 1 - self.tokens / self.padded,
            "peak_share": rate * self.work / self.peak,
        }
