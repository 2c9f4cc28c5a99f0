"""What happens at which step: task, rows, learning rate, evaluations, random seeds.

Owns pure functions of (optimisation, sampling, seed, step): a resumed run needs to remember nothing but its step. Steps
count from 0; "after step k" means k steps are done. A mixture reads batches of one task each, in shares that are exact
over the run and in an order drawn once. No torch.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from math import ceil
from random import Random
from typing import TYPE_CHECKING

from adaptx.data.batching import epoch_batches
from adaptx.spec import Sampling

if TYPE_CHECKING:
    from adaptx.spec import Optimisation

__all__ = ["Schedule", "shares"]

Shares = Sequence[float | None]


class Schedule:
    """The plan of one run over the rows of one or several tasks.

    ``lengths`` holds the tokens of every row, per task; rows are numbered through, task after task. ``fixed`` gives
    some tasks a share of all batches, in place of what ``sampling`` says; the steps of the others do not change.
    """

    def __init__(
        self,
        lengths: Sequence[Sequence[int]],
        optimisation: Optimisation,
        seed: int,
        sampling: Sampling | None = None,
        fixed: Shares = (),
    ) -> None:
        self.lengths, self.optimisation, self.seed = lengths, optimisation, seed
        sampling, fixed = sampling or Sampling(), fixed or [None] * len(lengths)
        sizes = [len(rows) for rows in lengths]
        epoch = sum(
            ceil(min(size, sampling.cap or size) / optimisation.batch)
            for size, share in zip(sizes, fixed, strict=True)
            if share is None
        )
        free = 1 - sum(share for share in fixed if share is not None)
        self.steps = max(1, round(optimisation.epochs * epoch / free))
        self.turns = _turns(self.steps, shares(sizes, sampling, fixed), seed)
        self._nth = _count_earlier(self.turns)
        self._starts = [0, *accumulate(sizes)]
        self._epochs: dict[int, tuple[int, list[list[int]]]] = {}
        self.warm_up = ceil(self.steps * optimisation.warmup)
        count = min(optimisation.evaluations, self.steps)
        self.evaluations = frozenset(ceil(self.steps * k / count) for k in range(1, count + 1))

    def rows(self, step: int) -> list[int]:
        """Return the rows of the effective batch of ``step``, all of the task whose turn it is."""
        part = self.turns[step]
        epoch, place = divmod(self._nth[step], ceil(len(self.lengths[part]) / self.optimisation.batch))
        if self._epochs.get(part, (-1,))[0] != epoch:
            plan, seed = self.optimisation, self.seed if part == 0 else _number(f"part:{self.seed}:{part}")
            batches = epoch_batches(self.lengths[part], plan.batch, order=plan.order, seed=seed, epoch=epoch)
            self._epochs[part] = (epoch, batches)
        return [self._starts[part] + row for row in self._epochs[part][1][place]]

    def lr(self, step: int) -> float:
        """Return the learning rate of ``step``: linear up over the warm-up share, then down to 0 after the end."""
        if step < self.warm_up:
            return self.optimisation.lr * (step + 1) / self.warm_up
        return self.optimisation.lr * (self.steps - step) / max(1, self.steps - self.warm_up)

    def dropout_seed(self, step: int) -> int:
        """Return the seed of all dropout in ``step``, so that a resumed run drops the same units."""
        return _number(f"dropout:{self.seed}:{step}")


def shares(sizes: Sequence[int], sampling: Sampling, fixed: Shares) -> list[float]:
    """Return the share of all batches that each task gets; they add up to 1."""
    clipped = [min(size, sampling.cap or size) for size in sizes]
    power = {"proportional": 1.0, "uniform": 0.0, "temperature": 1 / (sampling.temperature or 1.0)}[sampling.kind]
    weights = [float(size) ** power if share is None else 0.0 for size, share in zip(clipped, fixed, strict=True)]
    free = 1 - sum(share for share in fixed if share is not None)
    return [
        free * weight / sum(weights) if share is None else share for weight, share in zip(weights, fixed, strict=True)
    ]


def _turns(steps: int, wanted: Sequence[float], seed: int) -> list[int]:
    """Return whose turn each step is: counts by largest remainder, order drawn once."""
    if len(wanted) == 1:
        return [0] * steps
    exact = [steps * share for share in wanted]
    counts = [int(count) for count in exact]
    by_remainder = sorted(range(len(wanted)), key=lambda part: counts[part] - exact[part])
    for part in by_remainder[: steps - sum(counts)]:
        counts[part] += 1
    order = [part for part, count in enumerate(counts) for _ in range(count)]
    Random(f"turns:{seed}").shuffle(order)
    return order


def _count_earlier(task_of_step: Sequence[int]) -> list[int]:
    """Return for every step how many earlier steps were of the same task."""
    seen: Counter[int] = Counter()
    nth = []
    for part in task_of_step:
        nth.append(seen[part])
        seen[part] += 1
    return nth


def _number(words: str) -> int:
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big") >> 1
