from __future__ import annotations

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
