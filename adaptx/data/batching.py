"""Which rows are read together: the training order, micro-batches by token budget, and length-sorted prediction.

Owns index arithmetic only: everything here works on lengths (tokens per row) and returns row indices; it may not see
texts or tensors. The order of a training run is a pure function of (seed, epoch), so that a resumed run needs no
sampler state. An epoch of n rows with effective batch B has ceil(n / B) batches, all of exactly B rows but one: where
B does not divide n, the rest is kept as a smaller batch, drawn at random before sorting so that neither short nor long
rows are favoured.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import ceil
from random import Random

__all__ = ["ORDERS", "WINDOW", "epoch_batches", "micro_batches", "prediction_batches"]

ORDERS = ("bucketed", "iid")
WINDOW = 100  # batches per sorting window: 2 % padding on MNLI pairs at B = 32 (57 % in iid order)


def epoch_batches(
    lengths: Sequence[int], batch: int, *, order: str = "bucketed", seed: int = 0, epoch: int = 0
) -> list[list[int]]:
    """Return the batches of one epoch in training order; every row is in exactly one of them.

    ``bucketed`` sorts shuffled windows of ``WINDOW * batch`` rows by length, cuts them and shuffles the batches;
    ``iid`` cuts the shuffled rows as they are. Raises ValueError for another order or a batch below 1.
    """
    if order not in ORDERS or batch < 1:
        raise ValueError(f"order must be one of {', '.join(ORDERS)} and batch at least 1, not {order!r}, {batch}")
    random = Random(f"order:{seed}:{epoch}")  # a str seed is hashed by sha512: the same on every platform
    rows = list(range(len(lengths)))
    random.shuffle(rows)
    rest = len(rows) % batch
    small, rows = rows[:rest], rows[rest:]
    if order == "bucketed":
        rows = _sort_windows(rows, lengths, WINDOW * batch)
    batches = _chunks(rows, batch) + ([small] if small else [])
    random.shuffle(batches)
    return batches


def _sort_windows(rows: list[int], lengths: Sequence[int], window: int) -> list[int]:
    return [row for part in _chunks(rows, window) for row in sorted(part, key=lambda row: lengths[row])]


def _chunks(rows: list[int], size: int) -> list[list[int]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def micro_batches(
    rows: Sequence[int], lengths: Sequence[int], token_budget: int, *, ranks: int = 1
) -> list[list[list[int]]]:
    """Cut one effective batch into micro-batches: per rank a list of row lists, all ranks equally many.

    A micro-batch of k rows padded to length L costs k * L tokens, at most ``token_budget`` unless it holds a single
    longer row. Rows are dealt to ranks by length in turn, so that all ranks do nearly the same work; where a rank needs
    fewer micro-batches than another it gets empty lists: fillers, which the caller runs with weight 0.
    """
    by_length = sorted(rows, key=lambda row: (-lengths[row], row))
    cuts = [_within_budget(by_length[rank::ranks], lengths, token_budget) for rank in range(ranks)]
    count = max(map(len, cuts))
    return [cut + [[] for _ in range(count - len(cut))] for cut in cuts]


def _within_budget(rows: Sequence[int], lengths: Sequence[int], token_budget: int) -> list[list[int]]:
    """Cut rows sorted by falling length into the fewest even pieces whose first row sets the padded length."""
    if not rows:
        return []
    pieces: list[list[int]] = []
    start = 0
    while start < len(rows):
        most = max(1, token_budget // max(1, lengths[rows[start]]))
        remaining = len(rows) - start
        size = ceil(remaining / ceil(remaining / most))  # two pieces of 17 and 16 rather than of 32 and 1
        pieces.append(list(rows[start : start + size]))
        start += size
    return pieces


def prediction_batches(
    lengths: Sequence[int], token_budget: int, multiple: int = 16, block: int = 8, shared: int = 192
) -> list[list[int]]:
    """Cut rows for prediction, longest first, into batches of whole blocks of ``block`` rows.

    A block is padded to the ``multiple`` above its longest row; blocks of one padded length make a batch of at most
    ``token_budget`` tokens, a single block whatever it costs. Rows beyond ``shared`` tokens meet only rows of their own
    padded length: kernels split longer sums by their length, and a row's rounding would depend on its company. A last
    block may be incomplete: the caller fills it up.
    """
    padded = [ceil(max(1, length) / multiple) * multiple for length in lengths]
    by_length = sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))
    pieces: list[list[int]] = []
    for _, same_width in groupby(by_length, key=lambda row: max(padded[row], shared)):
        width = 0
        for rows in _chunks(list(same_width), block):
            if padded[rows[0]] != width or (len(pieces[-1]) + block) * width > token_budget:
                width = padded[rows[0]]
                pieces.append([])
            pieces[-1] += rows
    return pieces
