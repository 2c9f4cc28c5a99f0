"""Intervals of independent values: of a proportion, of a mean over seeds, and the bootstrap of scipy in three kinds.

Owns what an interval is here, and the confidence that is meant where none is said. Rows that share something are not
independent: the tables of adaptx resample clusters (`analysis.resampling`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import mean, stdev
from typing import TypedDict

from adaptx.errors import DataFault

__all__ = [
    "BOOTSTRAPS",
    "CONFIDENCE",
    "BootstrapInterval",
    "Interval",
    "bootstrap",
    "proportion",
    "t_interval",
]

CONFIDENCE = 0.95
BOOTSTRAPS = ("percentile", "basic", "BCa")
BOOTSTRAP_RESAMPLES = 20_000  # of one column: ten times what a table of many can afford
FEWEST = 2  # values: a spread needs two

Interval = tuple[float, float]


class BootstrapInterval(TypedDict):
    """An interval of a mean, and the standard error of the resamples behind it."""

    low: float
    high: float
    standard_error: float


def t_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """Return Student's interval of the mean of independent values (one per seed), or None below two."""
    if len(values) < FEWEST:
        return None
    from scipy.special import stdtrit

    middle, error = mean(values), stdev(values) / len(values) ** 0.5
    reach = error * float(stdtrit(len(values) - 1, (1 + confidence) / 2))
    return middle - reach, middle + reach


def bootstrap(
    values: Sequence[float], *, confidence: float = CONFIDENCE, resamples: int = BOOTSTRAP_RESAMPLES, seed: int = 0
) -> dict[str, BootstrapInterval]:
    """Return intervals of the mean by `BOOTSTRAPS`: ``{method: {"low", "high", "standard_error"}}``; rows independent.

    Pass differences for a paired comparison. Raises `DataFault` below two values.
    """
    import numpy as np
    from scipy import stats

    if len(values) < FEWEST:
        raise DataFault(f"{len(values)} values have no interval", hint="give at least two")
    data = (np.asarray(values, dtype=np.float64),)
    found: dict[str, BootstrapInterval] = {}
    for method in BOOTSTRAPS:
        rng = np.random.default_rng(seed)
        result = stats.bootstrap(
            data, np.mean, n_resamples=resamples, confidence_level=confidence, method=method, rng=rng, batch=1000
        )
        low, high = result.confidence_interval
        found[method] = {"low": float(low), "high": float(high), "standard_error": float(result.standard_error)}
    return found


def proportion(count: int, n: int, confidence: float = CONFIDENCE) -> Mapping[str, Interval]:
    """Return intervals of a share: ``wilson``, ``clopper_pearson`` and ``normal`` (cut at 0 and 1).

    Wilson's has a width where all rows agree, and a bootstrap has none.
    """
    from scipy import stats
    from scipy.special import ndtri

    test = stats.binomtest(count, n)
    named = {"wilson": "wilson", "clopper_pearson": "exact"}
    found = {name: test.proportion_ci(confidence_level=confidence, method=method) for name, method in named.items()}
    share = count / n
    reach = float(ndtri((1 + confidence) / 2)) * sqrt(share * (1 - share) / n)
    intervals = {name: (float(interval.low), float(interval.high)) for name, interval in found.items()}
    return intervals | {"normal": (max(0.0, share - reach), min(1.0, share + reach))}
