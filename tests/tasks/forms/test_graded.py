"""Grades: the range of a page, what a correlation is made of, what an attack aims at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.errors import DataFault, RowFault
from adaptx.metrics.sums import scores_of, terms_of
from adaptx.tasks.catalog import task_named
from adaptx.tasks.example import Example, ValuePrediction
from adaptx.tasks.forms.classification import Classification
from adaptx.tasks.forms.graded import GRADE_SHIFT

FORM = Classification()
GRADES = replace(task_named("mnli"), metric="pearson", labels=(), range=(1, 5))

grades = st.floats(1, 5)


def read(grade: Any) -> Example:
    row = {"premise": "A.", "hypothesis": "B.", "label": grade}
    return FORM.read(row, GRADES, id="7", language="en")


@pytest.mark.parametrize(("grade", "found"), [(1, 1.0), (4.5, 4.5), ("3.2", 3.2), (5.0, 5.0)])
def test_a_grade_may_come_as_number_or_numeric_string(grade: Any, found: float) -> None:
    assert (read(grade).grade, read(grade).label) == (found, None)


@pytest.mark.parametrize(
    ("grade", "reason"),
    [
        (None, "missing"),
        (-1.0, "outside 1 to 5"),
        (5.1, "outside 1 to 5"),
        ("very", "'very' is not a grade"),
        (True, "True is not a grade"),
        (float("nan"), "nan is not a grade"),
        ([], "is not a grade"),
    ],
)
def test_a_grade_that_cannot_be_used_is_a_row_fault(grade: Any, reason: str) -> None:
    with pytest.raises(RowFault) as caught:
        read(grade)
    assert caught.value.field == "label"
    assert reason in caught.value.reason


@given(st.lists(st.tuples(grades, grades), min_size=3, max_size=20))
@settings(deadline=None)
def test_stored_sums_make_the_cells_pearson_so_that_rows_can_be_resampled(pairs: list[tuple[float, float]]) -> None:
    records = [FORM.record(read(gold), ValuePrediction(found), GRADES) for found, gold in pairs]
    scores = FORM.score(records, GRADES, "en")
    spread = min(np.ptp([record[side] for record in records]) for side in ("gold", "prediction"))
    resampled = float(scores_of(np.array([terms_of(record) for record in records]).sum(axis=0)))
    if spread > 0.01:
        assert resampled == pytest.approx(scores["pearson"], abs=1e-6)
    assert all(-1.000001 <= score <= 1.000001 for score in scores.values())


def test_spearman_looks_at_ranks_and_pearson_does_not() -> None:
    pairs = ((1.0, 1.0), (2.0, 1.1), (3.0, 5.0))
    scores = FORM.score([FORM.record(read(g), ValuePrediction(f), GRADES) for f, g in pairs], GRADES, "en")
    assert scores["spearman"] == pytest.approx(1.0)
    assert scores["pearson"] < 0.9
    with pytest.raises(DataFault):
        FORM.score([], GRADES, "en")


def test_the_value_of_a_row_is_its_nearness_and_never_below_nothing() -> None:
    values = [FORM.record(read(1), ValuePrediction(found), GRADES)["value"] for found in (1.0, 2.0, 5.0, 17.0)]
    assert values == [1.0, 0.75, 0.0, 0.0]


@pytest.mark.parametrize(("found", "reached"), [(3.0, False), (3.7, False), (3.81, True), (2.19, True), (2.3, False)])
def test_an_attack_has_to_move_the_grade_a_fifth_of_the_range_away_from_the_gold(found: float, reached: bool) -> None:
    assert FORM.goal(read(3), ValuePrediction(found), ValuePrediction(3.0), GRADES)[0] is reached


def test_mending_a_wrong_grade_is_no_success_and_a_reached_goal_is_never_a_correct_row() -> None:
    off = ValuePrediction(3.75)
    assert FORM.correct(read(3), off, GRADES)
    assert FORM.goal(read(3), ValuePrediction(2.9), off, GRADES)[0] is False
    reached, score = FORM.goal(read(3), ValuePrediction(4.6), off, GRADES)
    assert reached
    assert score >= GRADE_SHIFT
    assert not FORM.correct(read(3), ValuePrediction(4.6), GRADES)


def test_grades_have_no_majority_class() -> None:
    assert FORM.majority([FORM.record(read(3), ValuePrediction(3.0), GRADES)] * 3) is None
