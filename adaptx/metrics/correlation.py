"""Correlations of grades with gold grades, as GLUE scores STS-B: Pearson, Spearman, and Kendall's tau-b, by scipy.

Owns these scores only. A side that does not vary has no correlation: scipy says NaN, here it is 0, as in
`adaptx.metrics.sums`, so that a model which answers one number does not spoil a mean over languages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adaptx.metrics.pairs import check_pairs

__all__ = ["VERSION", "kendall", "pearson", "spearman"]

VERSION = 1

Grades = Sequence[float]


def pearson(predictions: Grades, golds: Grades) -> float:
    """Return Pearson's r, in [-1, 1]; raise `DataFault` for no rows or lists of unequal length."""
    from scipy.stats import pearsonr

    return _statistic(pearsonr, predictions, golds)


def spearman(predictions: Grades, golds: Grades) -> float:
    """Return Spearman's rho, ties given their mean rank; raises as `pearson`."""
    from scipy.stats import spearmanr

    return _statistic(spearmanr, predictions, golds)


def kendall(predictions: Grades, golds: Grades) -> float:
    """Return Kendall's tau-b; raises as `pearson`."""
    from scipy.stats import kendalltau

    return _statistic(kendalltau, predictions, golds)


def _statistic(test: Callable[[Grades, Grades], Any], predictions: Grades, golds: Grades) -> float:
    check_pairs(predictions, golds)
    if min(predictions) == max(predictions) or min(golds) == max(golds):
        return 0.0
    return float(test(predictions, golds).statistic)
