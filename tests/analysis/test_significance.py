from __future__ import annotations

from itertools import product
from math import comb, erfc, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from adaptx.analysis.significance import correct_p_values, mcnemar, permutation
from adaptx.errors import DataFault

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)
COUNTS = st.tuples(st.integers(0, 60), st.integers(0, 60))


@given(COUNTS)
def test_mcnemar_does_not_depend_on_which_side_is_first(counts: tuple[int, int]) -> None:
    found = mcnemar(*counts)
    assert found == mcnemar(*counts[::-1])
    assert all(0.0 <= test["p"] <= 1.0 for test in found.values())
    assert found["exact"]["p"] == 1.0 or counts[0] != counts[1]


def test_mcnemar_of_no_difference_has_only_the_exact_test() -> None:
    assert mcnemar(0, 0) == {"exact": {"statistic": 0.0, "p": 1.0}}


@given(P_VALUES, st.randoms())
def test_corrections_keep_the_order_of_p_values_and_the_order_of_tests_does_not_matter(p_values, random) -> None:
    found = {name: answer["p_adjusted"] for name, answer in correct_p_values(p_values).items()}
    assert found["fdr_bh"] == pytest.approx(stats.false_discovery_control(p_values))
    for row, p in enumerate(p_values):
        assert p - 1e-12 <= found["fdr_bh"][row] <= found["holm"][row] + 1e-12
        assert found["holm"][row] <= found["bonferroni"][row] + 1e-12 <= 1 + 2e-12
    order = random.sample(range(len(p_values)), len(p_values))
    shuffled = correct_p_values([p_values[row] for row in order])
    assert shuffled["holm"]["p_adjusted"] == [found["holm"][row] for row in order]


def test_no_tests_are_corrected_to_none() -> None:
    assert correct_p_values([])["holm"] == {"reject": [], "p_adjusted": []}


def test_sign_flips_of_two_rows_prove_nothing() -> None:
    assert permutation([0.0, 0.0], [1.0, 1.0])["two-sided"] == {"statistic": 1.0, "p": 0.5}
    with pytest.raises(DataFault, match="1 values against 2"):
        permutation([0.0], [1.0, 2.0])


def upper_tail(chi2: float) -> float:
    """Return the p value of one degree of freedom, by its definition."""
    return erfc(sqrt(chi2 / 2))


@pytest.mark.parametrize(("first", "second"), [(10, 2), (2, 10), (7, 0), (1, 0), (30, 21)])
def test_mcnemar_is_the_binomial_test_and_two_of_chi_square(first: int, second: int) -> None:
    n, least = first + second, min(first, second)
    exact = min(1.0, 2 * sum(comb(n, k) for k in range(least + 1)) / 2**n)
    plain, corrected = (first - second) ** 2 / n, (abs(first - second) - 1) ** 2 / n
    found = mcnemar(first, second)
    assert list(found) == ["exact", "chi2", "chi2_corrected"]
    assert found["exact"] == {"statistic": least, "p": pytest.approx(exact)}
    assert found["chi2"] == {"statistic": pytest.approx(plain), "p": pytest.approx(upper_tail(plain))}
    assert found["chi2_corrected"] == {"statistic": pytest.approx(corrected), "p": pytest.approx(upper_tail(corrected))}


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=8))
def test_all_sign_flips_are_counted_where_there_are_few(differences: list[int]) -> None:
    first = [5.0] * len(differences)
    second = [5.0 + difference for difference in differences]
    flips = [np.dot(signs, differences) for signs in product((1, -1), repeat=len(differences))]
    observed = sum(differences)
    greater = sum(flip >= observed for flip in flips) / len(flips)
    less = sum(flip <= observed for flip in flips) / len(flips)
    found = permutation(first, second)
    assert found["greater"] == {
        "statistic": pytest.approx(observed / len(differences)),
        "p": pytest.approx(greater),
    }
    assert found["two-sided"]["p"] == pytest.approx(min(1.0, 2 * min(greater, less)))


def test_of_many_rows_random_flips_give_nearly_the_normal_tail_and_the_same_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adaptx.analysis.significance.FLIPS", 2**14)
    differences = np.random.default_rng(3).normal(0.3, 1.0, 40)
    found = permutation([0.0] * 40, list(differences))
    normal = stats.norm.sf(differences.sum() / np.sqrt((differences**2).sum()))
    assert found["greater"]["p"] == pytest.approx(normal, abs=0.01)
    assert permutation([0.0] * 40, list(differences)) == found
    assert permutation(list(differences), [0.0] * 40)["greater"]["p"] == pytest.approx(1 - normal, abs=0.01)


def test_corrections_by_hand() -> None:
    found = correct_p_values([0.01, 0.04, 0.03, 0.5])
    assert found["bonferroni"]["p_adjusted"] == pytest.approx([0.04, 0.16, 0.12, 1.0])
    assert found["holm"]["p_adjusted"] == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert found["fdr_bh"]["p_adjusted"] == pytest.approx([0.04, 4 / 75, 4 / 75, 0.5])
    assert [answer["reject"] for answer in found.values()] == [[True, False, False, False]] * 3
    assert correct_p_values([0.01, 0.04, 0.03, 0.5], alpha=0.09)["holm"]["reject"] == [True, True, True, False]


def test_a_p_value_at_the_level_itself_is_significant() -> None:
    assert {name: answer["reject"] for name, answer in correct_p_values([0.05]).items()} == {
        "bonferroni": [True],
        "holm": [True],
        "fdr_bh": [True],
    }
    assert correct_p_values([0.0501])["holm"]["reject"] == [False]


@pytest.mark.parametrize(("first", "second"), [([0.0], [1.0]), ([], []), ([1.0, 2.0], [1.0, 2.0, 3.0])])
def test_too_few_rows_or_unequal_lists_are_refused_with_what_to_give(first: list[float], second: list[float]) -> None:
    with pytest.raises(DataFault) as caught:
        permutation(first, second)
    assert str(caught.value) == f"{len(first)} values against {len(second)}"
    assert caught.value.hint == "give one of each for at least two rows"
