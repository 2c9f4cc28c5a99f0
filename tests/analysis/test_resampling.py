from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.analysis.resampling import Resampled, clusters_of, resample

ONE = [1.0]
FRACTIONS = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@pytest.fixture
def golden(shared_golden: Path) -> dict[str, Any]:
    return json.loads((shared_golden / "statistics.json").read_text("utf-8"))


@pytest.mark.shared
@pytest.mark.parametrize(("resamples", "allowed"), [(1_000, 0.3), (10_000, 0.1)])
def test_the_bootstrap_of_a_mean_equals_scipys(golden: dict[str, Any], resamples: int, allowed: float) -> None:
    for case in [case for case in golden["bootstrap"] if case["statistic"] == "mean(a)"]:
        expected = case["expected"]["percentile"]
        step = 1 / len(case["a"]) if case["kind"] == "binary" else 0
        found = resample(case["a"], range(len(case["a"])), resamples=resamples).interval(ONE, case["confidence"])
        within = allowed * expected["standard_error"] + step
        assert found == pytest.approx((expected["low"], expected["high"]), abs=within)


@pytest.mark.shared
def test_the_bootstrap_of_a_paired_difference_equals_scipys(golden: dict[str, Any]) -> None:
    for case in [case for case in golden["bootstrap"] if "b" in case]:
        n, expected = len(case["a"]), case["expected"]["percentile"]
        columns, rows = np.repeat([0, 1], n), np.tile(np.arange(n), 2)
        resampled = resample(case["a"] + case["b"], rows, columns, resamples=10_000)
        step = 1 / n if case["kind"] == "paired_binary" else 0
        within = 0.1 * expected["standard_error"] + step
        assert resampled.mean([-1, 1]) == pytest.approx(np.mean(case["b"]) - np.mean(case["a"]))
        assert resampled.interval([-1, 1]) == pytest.approx((expected["low"], expected["high"]), abs=within)


@given(FRACTIONS, st.integers(0, 9))
def test_an_interval_is_ordered_within_the_range_of_values_and_the_same_again(values: list[float], seed: int) -> None:
    low, high = resample(values, range(len(values)), resamples=50, seed=seed).interval(ONE)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert (low, high) == resample(values, range(len(values)), resamples=50, seed=seed).interval(ONE)


@given(FRACTIONS, st.randoms())
def test_the_order_of_rows_does_not_move_an_interval(values: list[float], random) -> None:
    order = random.sample(range(len(values)), len(values))
    one = resample(values, range(len(values)), resamples=50)
    other = resample([values[row] for row in order], range(len(values)), resamples=50)
    assert one.interval(ONE) == pytest.approx(other.interval(ONE))
    assert one.means == pytest.approx(np.mean(values))


def test_rows_of_a_cluster_are_drawn_together() -> None:
    values = np.repeat(np.arange(40) % 2, 10)
    apart = resample(values, range(400)).interval(ONE)
    together = resample(values, np.repeat(np.arange(40), 10)).interval(ONE)
    widths = [high - low for low, high in (apart, together)]
    assert widths[1] / widths[0] == pytest.approx(10**0.5, rel=0.1)


def test_collapsing_equal_clusters_does_not_change_the_distribution() -> None:
    rng = np.random.default_rng(0)
    values, clusters = rng.random(600) < 0.3, rng.integers(0, 200, 600)
    clusters = clusters_of(clusters.tolist())
    found = resample(values, clusters, resamples=4000).draws[:, 0]
    sums, sizes = np.bincount(clusters, weights=values), np.bincount(clusters)
    drawn = rng.integers(0, len(sizes), (4000, len(sizes)))
    one_by_one = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    assert found.mean() == pytest.approx(one_by_one.mean(), abs=0.002)
    assert found.std() == pytest.approx(one_by_one.std(), rel=0.06)


def test_a_95_percent_interval_covers_about_95_percent() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(300):
        effects = rng.normal(0.6, 0.1, 100)
        values = (rng.random((100, 3)) < effects[:, None]).ravel()
        low, high = resample(values, np.repeat(np.arange(100), 3), resamples=400, seed=trial).interval(ONE)
        covered += low <= 0.6 <= high
    assert 0.91 <= covered / 300 <= 0.98


def test_the_difference_of_equal_columns_has_no_width() -> None:
    values = np.random.default_rng(2).random(50)
    resampled = resample(np.tile(values, 2), np.tile(np.arange(50), 2), np.repeat([0, 1], 50))
    assert resampled.interval([1, -1]) == pytest.approx((0, 0))


def test_resamples_that_miss_a_column_are_left_out_of_it_and_of_no_other() -> None:
    resampled = resample([0.0, 1.0, 1.0, 0.5], [0, 1, 2, 0], [0, 0, 0, 1])
    assert np.isnan(resampled.draws[:, 1]).any()
    assert resampled.interval([0, 1]) == (0.5, 0.5)
    assert np.isfinite(resampled.interval([1, 0])).all()


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=30))
def test_rows_share_a_cluster_exactly_where_a_chain_of_equal_keys_joins_them(rows: list[tuple[int, int]]) -> None:
    found = clusters_of(*zip(*rows, strict=True))
    parts = [{row} for row in range(len(rows))]
    for one, (a, b) in enumerate(rows):
        for other in range(one):
            if a == rows[other][0] or b == rows[other][1]:
                joined = [part for part in parts if one in part or other in part]
                parts = [part for part in parts if part not in joined] + [set().union(*joined)]
    assert {frozenset(np.flatnonzero(found == code).tolist()) for code in set(found.tolist())} == set(
        map(frozenset, parts)
    )
    assert sorted(set(found.tolist())) == list(range(len(parts)))


def test_equal_values_of_different_keys_do_not_join_rows() -> None:
    assert clusters_of(["a", "b"], ["b", "c"]).tolist() == [0, 1]


def test_a_score_of_nothing_is_zero_with_an_interval_and_not_nan() -> None:
    resampled = resample([[0.0, 0.0]] * 5, range(5), resamples=20)
    assert resampled.mean(ONE) == 0.0
    assert resampled.interval(ONE) == (0.0, 0.0)


def test_the_observed_score_of_a_column_is_the_ratio_of_its_sums() -> None:
    terms = [[1.0, 2.0], [3.0, 4.0], [0.0, 5.0], [5.0, 5.0]]
    resampled = resample(terms, [0, 0, 1, 2], [0, 0, 1, 1])
    assert resampled.means.tolist() == pytest.approx([4 / 6, 5 / 10])
    assert resampled.mean([1, -1]) == pytest.approx(4 / 6 - 5 / 10)
    assert resampled.mean([0.5, 0.5]) == pytest.approx((4 / 6 + 5 / 10) / 2)


def test_draws_are_of_as_many_clusters_as_there_are() -> None:
    resampled = resample([0.0, 1.0], [0, 1], resamples=500, seed=3)
    assert set(resampled.draws[:, 0].tolist()) == {0.0, 0.5, 1.0}
    assert len(resampled.draws) == 500
    share = float((resampled.draws[:, 0] == 0.5).mean())
    assert share == pytest.approx(0.5, abs=0.08)


def test_two_thousand_resamples_are_drawn_unless_told_otherwise_and_by_the_seed() -> None:
    one, same, other = (resample([0.0, 1.0, 1.0], range(3), seed=seed) for seed in (0, 0, 1))
    assert len(one.draws) == 2000
    assert np.array_equal(one.draws, same.draws)
    assert not np.array_equal(one.draws, other.draws)
    assert np.array_equal(one.draws, resample([0.0, 1.0, 1.0], range(3)).draws)


def test_clusters_of_unequal_sums_keep_their_weights() -> None:
    resampled = resample([1.0, 1.0, 1.0, 0.0], [0, 0, 0, 1], resamples=4000)
    values = set(np.round(resampled.draws[:, 0], 6).tolist())
    assert values == {1.0, 0.75, 0.0}  # twice the first, one of each, twice the second


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95])
def test_an_interval_is_the_quantiles_of_the_draws(confidence: float) -> None:
    draws = np.arange(101, dtype=float)[:, None]
    found = Resampled(np.array([50.0]), draws).interval(ONE, confidence)
    tail = (1 - confidence) / 2
    assert found == pytest.approx((100 * tail, 100 * (1 - tail)))


def test_95_percent_is_meant_where_nothing_is_said() -> None:
    resampled = Resampled(np.array([50.0]), np.arange(101, dtype=float)[:, None])
    assert resampled.interval(ONE) == resampled.interval(ONE, 0.95)


def test_blocks_are_averaged_column_by_column() -> None:
    means, draws = np.array([1.0, 2.0, 3.0, 6.0]), np.array([[1.0, 2.0, 3.0, 6.0], [0.0, 0.0, 4.0, 8.0]])
    found = Resampled(means, draws).average_over(2)
    assert found.means.tolist() == [2.0, 4.0]
    assert found.draws.tolist() == [[2.0, 4.0], [2.0, 4.0]]
    assert Resampled(means, draws).average_over(1).means.tolist() == means.tolist()


def test_a_column_without_weight_may_be_undefined() -> None:
    resampled = Resampled(np.array([1.0, np.nan]), np.array([[1.0, np.nan], [3.0, np.nan]]))
    assert resampled.mean([2, 0]) == 2.0
    assert resampled.interval([1, 0], 1.0) == (1.0, 3.0)


def test_where_no_resample_is_defined_the_interval_is_the_score() -> None:
    resampled = Resampled(np.array([0.25]), np.full((5, 1), np.nan))
    assert resampled.interval(ONE) == (0.25, 0.25)


def test_rows_without_keys_in_common_are_numbered_as_they_come() -> None:
    assert clusters_of(["b", "a", "b", "c"]).tolist() == [0, 1, 0, 2]
    assert clusters_of(["b", "a"], [1, 1]).tolist() == [0, 0]
