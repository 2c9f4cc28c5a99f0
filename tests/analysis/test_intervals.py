from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.analysis.intervals import bootstrap, proportion, t_interval
from adaptx.errors import DataFault


@pytest.mark.shared
def test_the_intervals_of_a_proportion_equal_statsmodels(shared_golden: Path) -> None:
    for case in json.loads((shared_golden / "statistics.json").read_text("utf-8"))["proportion_interval"]:
        found = proportion(case["count"], case["n"], case["confidence"])
        for name, interval in found.items():
            assert interval == pytest.approx(case["expected"][name], abs=1e-9)


def test_the_t_interval_is_students() -> None:
    # scipy.stats.t.interval(0.95, 4, loc=mean, scale=sem) of 1..5: 3 -+ 2.776445 * sqrt(0.5)
    assert t_interval([1, 2, 3, 4, 5]) == pytest.approx((1.0367568385, 4.9632431615))


@pytest.mark.parametrize("values", [[], [0.7]])
def test_one_seed_has_no_interval(values: list[float]) -> None:
    assert t_interval(values) is None


def test_a_bootstrap_interval_holds_the_mean_and_is_the_same_each_time() -> None:
    values = [0.1 * (row % 7) for row in range(60)]
    found = bootstrap(values, resamples=500)
    for interval in found.values():
        assert interval["low"] < sum(values) / len(values) < interval["high"]
    assert found == bootstrap(values, resamples=500)
    with pytest.raises(DataFault, match="no interval"):
        bootstrap([1.0])


@given(st.integers(1, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_proportions_intervals_lie_in_zero_to_one(counted: tuple[int, int]) -> None:
    for low, high in proportion(*counted).values():
        assert 0.0 <= low <= high <= 1.0
