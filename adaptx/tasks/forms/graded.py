"""Regression: what is stored, scored and aimed at where a row has a grade in place of a label (STS-B, SICK).

Owns `Graded`, the other scoring half of classification, and the reading of grades. Grades stay on the page's scale
(``range``); shares of the range compare pages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from adaptx.errors import RowFault
from adaptx.metrics import correlation
from adaptx.metrics.sums import moments_of
from adaptx.tasks.example import Example, Prediction, ValuePrediction

if TYPE_CHECKING:
    from adaptx.tasks.forms import Goal, PredictionRecord
    from adaptx.tasks.task import Task

__all__ = ["GRADE_SHIFT", "Graded", "read_grade"]

GRADE_SHIFT = 0.2  # share of the range: one of STS-B's six steps (0 to 5), which annotators tell apart

METRICS = {"pearson": correlation.pearson, "spearman": correlation.spearman}


class Graded:
    """A number out of a range. ``value`` of a record is 1 minus the share of the range that the prediction is off.

    An attack moves each grade away from its gold and so lowers every value; a correlation need not follow, since grades
    that all move alike keep their order. Read r under attack beside the success rate.
    """

    def record(self, example: Example, prediction: Prediction, task: Task) -> PredictionRecord:
        """Return the stored row: both grades on the page's scale, and the moments that Pearson's r is made of."""
        gold, found = _gold(example), _of_value(prediction)
        return {
            "id": example.id,
            "parallel": example.parallel,
            "group": example.group,
            "gold": gold,
            "prediction": found,
            "value": 1 - _off(found, gold, task),
            "sums": moments_of(found, gold),
        }

    def score(self, records: Sequence[PredictionRecord], task: Task, language: str) -> dict[str, float]:
        """Return ``{"pearson", "spearman"}``, 0 where one side does not vary; raise `DataFault` for no records."""
        predictions, golds = ([record[side] for record in records] for side in ("prediction", "gold"))
        return {name: metric(predictions, golds) for name, metric in METRICS.items()}

    def value(self, record: PredictionRecord, task: Task, language: str) -> float:
        """Return 1 minus the share of the range between the stored grades: a correlation needs more than one row."""
        return 1 - _off(record["prediction"], record["gold"], task)

    def correct(self, example: Example, prediction: Prediction, task: Task) -> bool:
        """Return whether the prediction is less than `GRADE_SHIFT` of the range away from the gold."""
        return _off(_of_value(prediction), _gold(example), task) < GRADE_SHIFT

    def goal(self, example: Example, prediction: Prediction, clean: Prediction, task: Task) -> Goal:
        """Return whether the grade moved `GRADE_SHIFT` of the range away from the gold, and how far off it is now.

        Away from the gold, not merely from the clean grade: an edit that mends a wrong grade is no success.
        """
        off, before = (_off(_of_value(found), _gold(example), task) for found in (prediction, clean))
        return off - before >= GRADE_SHIFT, off


def read_grade(row: Mapping[str, object], column: str, limits: tuple[float, float]) -> float:
    """Return a row's grade, a number or a numeric string; raise `RowFault` for none or one outside ``limits``."""
    found = row.get(column)
    try:
        grade = float(found) if isinstance(found, int | float | str) and not isinstance(found, bool) else math.nan
    except (ValueError, OverflowError):
        grade = math.nan
    if found is None or math.isnan(grade):
        raise RowFault(column, "missing" if found is None else f"{found!r} is not a grade")
    least, most = limits
    if not least <= grade <= most:
        raise RowFault(column, f"grade {found!r} is outside {least} to {most}")
    return grade


def _of_value(prediction: Prediction) -> float:
    assert isinstance(prediction, ValuePrediction), "a head without labels predicts a grade"
    return prediction.grade


def _gold(example: Example) -> float:
    assert example.grade is not None, "an example of a page with a range has a grade"
    return example.grade


def _off(found: float, gold: float, task: Task) -> float:
    """Return the share of the page's range between two grades, at most 1: a head is not bound to the range."""
    assert task.range is not None, "a page with grades has a range"
    least, most = task.range
    return min(abs(found - gold) / (most - least), 1.0)
