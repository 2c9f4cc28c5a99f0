"""Scores from sums of rows' terms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from adaptx.metrics.sums import moments_of, scores_of, terms_of

VALUES = st.floats(-100, 100, allow_subnormal=False).map(lambda value: round(value, 3))
PAIRS = st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=30)


def total(pairs: list[tuple[float, float]]) -> float:
    return float(scores_of(np.array([moments_of(*pair) for pair in pairs]).sum(axis=0)))


def test_a_row_without_sums_adds_its_value_and_itself():
    assert terms_of({"value": 0.25}) == (0.25, 1.0)
    assert terms_of({"value": 0.25, "sums": [2, 7]}) == (2, 7)


def test_two_terms_are_a_ratio_and_nothing_is_not_a_number():
    assert scores_of(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == pytest.approx([0.75, np.nan], nan_ok=True)


@given(PAIRS)
def test_six_terms_are_scipys_pearson(pairs):
    x, y = np.array(pairs).T
    if np.ptp(x) < 0.01 or np.ptp(y) < 0.01:
        return
    assert total(pairs) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-6)


@given(st.lists(VALUES, min_size=2, max_size=20), VALUES)
def test_a_constant_side_has_no_correlation_and_no_nan(values, constant):
    assert total([(value, constant) for value in values]) == 0.0
