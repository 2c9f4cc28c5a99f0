"""Tests of hypotheses on independent rows, by scipy, and the correction of their p values for being many.

Owns McNemar's test, the paired permutation test and the corrections; how wide an interval is, `analysis.intervals`
says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from adaptx.errors import DataFault

__all__ = ["CorrectedTests", "SignificanceTest", "correct_p_values", "mcnemar", "permutation"]

FEWEST = 2  # rows: one difference says nothing
FLIPS = 2**20  # sign flips: exact up to 20 rows


class SignificanceTest(TypedDict):
    """A test's statistic and its p value."""

    statistic: float
    p: float


class CorrectedTests(TypedDict):
    """Many tests after a correction: which are significant, and their adjusted p values."""

    reject: list[bool]
    p_adjusted: list[float]


def mcnemar(only_first: int, only_second: int) -> dict[str, SignificanceTest]:
    """Return McNemar's test from the counts of rows that one side alone has right: ``{name: {"statistic", "p"}}``.

    ``exact`` is binomial, its statistic the lesser count; ``chi2`` and ``chi2_corrected`` (by 1, Edwards 1948) are
    left out where no row differs. The corrected p is below 1 for equal counts: so is statsmodels'.
    """
    from scipy import stats

    n = only_first + only_second
    exact = float(stats.binomtest(only_first, n).pvalue) if n else 1.0
    found: dict[str, SignificanceTest] = {"exact": {"statistic": float(min(only_first, only_second)), "p": exact}}
    for name, correction in (("chi2", 0), ("chi2_corrected", 1)) if n else ():
        statistic = (abs(only_first - only_second) - correction) ** 2 / n
        found[name] = {"statistic": statistic, "p": float(stats.chi2.sf(statistic, 1))}
    return found


def permutation(first: Sequence[float], second: Sequence[float]) -> dict[str, SignificanceTest]:
    """Return the paired test of mean(second - first) = 0 over sign flips: ``{"two-sided", "greater"}``.

    Exact over all 2^n flips as far as those are at most `FLIPS`, else over that many random ones. Two-sided p is twice
    the lesser tail (scipy). Raises `DataFault` below two rows, and for lists of unequal length.
    """
    import numpy as np
    from scipy import stats

    if len(first) != len(second) or len(first) < FEWEST:
        raise DataFault(f"{len(first)} values against {len(second)}", hint="give one of each for at least two rows")
    differences = np.subtract(second, first)
    found: dict[str, SignificanceTest] = {}
    for alternative in ("two-sided", "greater"):
        result = stats.permutation_test(
            (differences,),
            np.mean,
            permutation_type="samples",
            n_resamples=FLIPS,
            alternative=alternative,
            vectorized=True,
            rng=np.random.default_rng(0),
            batch=1000,
        )
        found[alternative] = {"statistic": float(result.statistic), "p": float(result.pvalue)}
    return found


def correct_p_values(p_values: Sequence[float], alpha: float = 0.05) -> dict[str, CorrectedTests]:
    """Return ``{"bonferroni", "holm", "fdr_bh"}`` -> ``{"reject", "p_adjusted"}``, in the order of the p values."""
    n = len(p_values)
    order = sorted(range(n), key=lambda row: p_values[row])
    holm, fdr = [0.0] * n, [0.0] * n
    highest, lowest = 0.0, 1.0
    for rank, row in enumerate(order):
        highest = max(highest, min(1.0, (n - rank) * p_values[row]))
        holm[row] = highest
    for rank in range(n, 0, -1):
        row = order[rank - 1]
        lowest = min(lowest, n / rank * p_values[row])
        fdr[row] = lowest
    corrected = {"bonferroni": [min(1.0, n * p) for p in p_values], "holm": holm, "fdr_bh": fdr}
    return {name: {"reject": [p <= alpha for p in ps], "p_adjusted": ps} for name, ps in corrected.items()}
