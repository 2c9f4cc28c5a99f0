"""Scores from sums: how a cell's metric follows from what its rows contribute, so that rows can be resampled.

Owns `terms_of` and `scores_of`. Every metric of a cell here is a function of sums over rows: a mean is (sum of values,
number of rows); micro F1 is (twice the hits, predicted plus gold); Pearson's r is six moments. Resampling clusters then
means adding up other rows' terms, for every metric alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MOMENTS", "RATIO", "moments_of", "scores_of", "terms_of"]

RATIO = 2  # terms: numerator, denominator
MOMENTS = 6  # terms: n, sums of x, y, x * x, y * y, x * y
NOTHING = 1e-13  # of n times the sum of squares: a side that varies less counts as constant


def terms_of(record: Mapping[str, Any]) -> tuple[float, ...]:
    """Return what a stored row adds to its cell's score: its ``sums``, or its value and 1."""
    sums = record.get("sums")
    return tuple(sums) if sums is not None else (record["value"], 1.0)


def moments_of(x: float, y: float) -> list[float]:
    """Return the terms of one pair for Pearson's r."""
    return [1.0, x, y, x * x, y * y, x * y]


def scores_of(sums: Floats) -> Floats:
    """Return the scores of summed terms, ``(..., terms)`` to ``(...)``; NaN where nothing was summed.

    Two terms are a ratio, six are Pearson's r (Pearson 1895), which is 0 where either side does not vary.
    """
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        if sums.shape[-1] == RATIO:
            return np.asarray(sums[..., 0] / sums[..., 1])
        n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
        spread_x, spread_y = n * xx - x * x, n * yy - y * y
        # Rounding leaves a constant side with a spread of about 1e-16 of its size.
        constant = (spread_x <= NOTHING * n * xx) | (spread_y <= NOTHING * n * yy)
        return np.where(n == 0, np.nan, np.where(constant, 0.0, (n * xy - x * y) / np.sqrt(spread_x * spread_y)))
