from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from adaptx.analysis.intervals import BOOTSTRAPS, bootstrap, proportion, t_interval
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


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_students_interval_has_the_confidence_that_is_asked_for(confidence: float) -> None:
    values = [0.3, 0.5, 0.4, 0.8, 0.75, 0.1]
    wanted = stats.t.interval(confidence, 5, loc=np.mean(values), scale=stats.sem(values))
    assert t_interval(values, confidence) == pytest.approx(wanted)


def test_two_seeds_have_an_interval_that_holds_both_and_far_more() -> None:
    low, high = t_interval([0.5, 0.6]) or (0.0, 0.0)
    assert (low, high) == pytest.approx((0.55 - 12.7062 * 0.05, 0.55 + 12.7062 * 0.05), abs=1e-4)


@pytest.mark.parametrize("method", BOOTSTRAPS)
def test_a_bootstrap_is_scipys_by_its_seed_resamples_and_confidence(method: str) -> None:
    values = np.random.default_rng(0).exponential(size=30)
    wanted = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=300,
        confidence_level=0.8,
        method=method,
        rng=np.random.default_rng(5),
        batch=1000,
    )
    found = bootstrap(list(values), confidence=0.8, resamples=300, seed=5)[method]
    assert (found["low"], found["high"]) == pytest.approx(tuple(wanted.confidence_interval))
    assert found["standard_error"] == pytest.approx(wanted.standard_error)
    other = bootstrap(list(values), confidence=0.8, resamples=300, seed=6)[method]
    assert other != found


def test_a_bootstrap_of_skewed_values_differs_by_kind_and_its_error_is_that_of_the_mean() -> None:
    values = list(np.random.default_rng(1).exponential(size=50))
    found = bootstrap(values)
    assert list(found) == list(BOOTSTRAPS)
    assert len({interval["low"] for interval in found.values()}) == 3
    for interval in found.values():
        assert interval["standard_error"] == pytest.approx(np.std(values) / 50**0.5, rel=0.02)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_a_bootstrap_of_too_few_is_refused_with_what_to_give(values: list[float]) -> None:
    with pytest.raises(DataFault) as caught:
        bootstrap(values)
    assert (str(caught.value), caught.value.hint) == (f"{len(values)} values have no interval", "give at least two")


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize(("count", "n"), [(3, 10), (0, 7), (7, 7), (1, 200)])
def test_the_intervals_of_a_proportion_are_their_formulas(count: int, n: int, confidence: float) -> None:
    z, share, tail = stats.norm.ppf((1 + confidence) / 2), count / n, (1 - confidence) / 2
    middle, reach = (
        (share + z**2 / (2 * n)) / (1 + z**2 / n),
        z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5,
    )
    exact = (
        stats.beta.ppf(tail, count, n - count + 1) if count else 0.0,
        stats.beta.ppf(1 - tail, count + 1, n - count) if count < n else 1.0,
    )
    spread = z * (share * (1 - share) / n) ** 0.5
    found = proportion(count, n, confidence)
    assert found["wilson"] == pytest.approx((middle - reach, middle + reach), abs=1e-9)
    assert found["clopper_pearson"] == pytest.approx(exact, abs=1e-9)
    assert found["normal"] == pytest.approx((max(0.0, share - spread), min(1.0, share + spread)), abs=1e-9)


def test_95_percent_is_meant_where_nothing_is_said() -> None:
    assert proportion(3, 10) == proportion(3, 10, 0.95)
    assert t_interval([1.0, 2.0, 4.0]) == t_interval([1.0, 2.0, 4.0], 0.95)
