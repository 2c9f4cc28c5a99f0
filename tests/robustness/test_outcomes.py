"""The scores of an attacked cell, number by number."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.robustness.outcomes import Outcome, OutcomeRow, summarise


def row(status: str = "survived", **fields: Any) -> Any:
    """Return a row of forty clusters that was answered rightly and asked eight times, unless told otherwise."""
    right = status != "wrong"
    tried = status in ("survived", "success")
    made = {
        "status": status,
        "attacked": right and status != "error",
        "clean_terms": [float(right), 1.0],
        "terms_under_attack": [float(right and status != "success"), 1.0],
        "baseline_terms": [float(right), 1.0],
        "queries": 8 if tried else 0,
        "edited_clusters": 2 if tried else 0,
        "clusters": 40,
        "candidates": 8 if tried else 0,
        "no_op_candidates": 2 if tried else 0,
        "baseline_edited_clusters": 4 if tried else 0,
    }
    return made | fields


def test_no_rows_have_no_scores() -> None:
    assert summarise([]) == {}


def test_every_number_of_a_mixed_cell() -> None:
    rows = [
        row("success"),
        row("survived", queries=4, edited_clusters=6, baseline_terms=[0.0, 1.0]),
        row("no-proposal"),
        row("wrong"),
        row("error", queries=99, candidates=5, no_op_candidates=1),
    ]
    assert summarise(rows) == {
        "n": 5,
        "attacked": 3,
        "clean": pytest.approx(4 / 5),
        "accuracy": pytest.approx(3 / 5),
        "lost": pytest.approx(1 / 5),
        "random_baseline": pytest.approx(3 / 5),
        "success_rate": pytest.approx(1 / 3),
        "queries": pytest.approx((8 + 4) / 3),
        "edit_rate": pytest.approx((2 + 6) / 80),
        "baseline_edit_rate": pytest.approx(8 / 80),
        "no_op_rate": pytest.approx(5 / 21),
        "no_proposal": 1,
        "errors": 1,
    }


def test_rows_without_an_adversarial_text_do_not_dilute_the_edit_rate() -> None:
    with_text = row(edited_clusters=4, clusters=20)
    assert summarise([with_text, row("no-proposal", clusters=1000)])["edit_rate"] == pytest.approx(0.2)
    assert summarise([with_text, row(baseline_edited_clusters=0, clusters=20)])["baseline_edit_rate"] == 0.2


def test_edits_of_rows_that_were_not_attacked_do_not_count() -> None:
    odd = row("error", edited_clusters=40, baseline_edited_clusters=40)
    assert summarise([row(), odd])["edit_rate"] == pytest.approx(2 / 40)
    assert summarise([row(), odd])["baseline_edit_rate"] == pytest.approx(4 / 40)


def test_nothing_attacked_has_rates_of_nothing() -> None:
    found = summarise([row("wrong"), row("error")])
    assert [found[key] for key in ("success_rate", "queries", "edit_rate", "baseline_edit_rate", "no_op_rate")] == [
        0.0
    ] * 5
    assert (found["attacked"], found["errors"], found["no_proposal"]) == (0, 1, 0)


def test_a_score_that_is_no_mean_is_taken_from_its_sums() -> None:
    rows = [
        row(clean_terms=[2.0, 4.0], terms_under_attack=[0.0, 6.0], baseline_terms=[2.0, 2.0]),
        row(clean_terms=[6.0, 6.0], terms_under_attack=[3.0, 6.0], baseline_terms=[2.0, 6.0]),
    ]
    found = summarise(rows)
    assert (found["clean"], found["accuracy"], found["random_baseline"]) == (0.8, 0.25, 0.5)
    assert found["lost"] == pytest.approx(0.55)


STATUSES = st.lists(st.sampled_from(["success", "survived", "no-proposal", "wrong", "error"]), min_size=1, max_size=20)


@given(STATUSES, st.randoms())
def test_scores_are_fractions_that_the_order_of_rows_does_not_move(statuses: list[str], random: Any) -> None:
    rows = [row(status) for status in statuses]
    found = summarise(rows)
    for key in ("clean", "accuracy", "lost", "random_baseline", "success_rate", "edit_rate", "no_op_rate"):
        assert 0.0 <= found[key] <= 1.0
    assert found["attacked"] == sum(status not in ("wrong", "error") for status in statuses)
    assert summarise(random.sample(rows, len(rows))) == pytest.approx(found)


def test_a_stored_row_has_all_that_is_read_of_it() -> None:
    assert set(OutcomeRow.__annotations__) <= set(Outcome.__annotations__)
    assert set(row()) <= set(OutcomeRow.__annotations__)
