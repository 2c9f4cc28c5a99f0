"""What forms with one label a row share: how a label is spelled, what is stored, scored and aimed at.

Owns `Labelled`, the scoring half of classification and choice, and the reading of labels, for tagging too. Labels may
come as index, as name or as a numeric string; they leave as the index in the page's order, and names win over numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from adaptx.errors import RowFault
from adaptx.metrics import accuracy, classification
from adaptx.tasks.example import ClassPrediction, Example, Prediction

if TYPE_CHECKING:
    from adaptx.tasks.forms import Goal, PredictionRecord
    from adaptx.tasks.task import Task

__all__ = ["HIDDEN", "Labelled", "label_index", "most_frequent", "read_label"]

HIDDEN = -1  # upstream's index where a test label is not published


class Labelled:
    """One right label out of several. ``value`` of a record is 1.0 or 0.0, whatever the cell's metric is."""

    def record(self, example: Example, prediction: Prediction, task: Task) -> PredictionRecord:
        """Return the stored row: label indices in the page's order and the log-probability of every label."""
        predicted = _of_class(prediction)
        record = {
            "id": example.id,
            "parallel": example.parallel,
            "group": example.group,
            "gold": example.label,
            "prediction": predicted.label,
            "value": accuracy.correct(predicted.label, example.label),
            "log_probabilities": list(predicted.log_probabilities),
        }
        if task.metric != "f1":
            return record
        return record | {"sums": [float(term) for term in classification.row_terms(predicted.label, example.label)]}

    def score(self, records: Sequence[PredictionRecord], task: Task, language: str) -> dict[str, float]:
        """Return ``{"accuracy"}``, with F1 of label 1 where that is the page's metric (QQP, MRPC: the paraphrases).

        Raise `DataFault` for no records.
        """
        predictions, golds = ([record[side] for record in records] for side in ("prediction", "gold"))
        scores = {"accuracy": accuracy.accuracy(predictions, golds)}
        return {"f1": classification.f1(predictions, golds), **scores} if task.metric == "f1" else scores

    def value(self, record: PredictionRecord, task: Task, language: str) -> float:
        """Return 1.0 where the stored prediction equals the stored gold."""
        return accuracy.correct(record["prediction"], record["gold"])

    def correct(self, example: Example, prediction: Prediction, task: Task) -> bool:
        """Return whether the predicted label is the gold one."""
        return _of_class(prediction).label == example.label

    def goal(self, example: Example, prediction: Prediction, clean: Prediction, task: Task) -> Goal:
        """Return whether the prediction left the gold label, and -log p(gold): it grows as the gold loses ground."""
        return not self.correct(example, prediction, task), -_gold_log_probability(example, prediction)

    def protected_spans(self, example: Example) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """Return nothing: no part of a text is the answer."""
        return {}

    def majority(self, records: Sequence[PredictionRecord]) -> float | None:
        """Return the share of the most frequent gold label; None for no records."""
        return most_frequent(record["gold"] for record in records)


def most_frequent(values: Iterable[Any]) -> float | None:
    """Return the share of the most frequent value; None for no values."""
    counts = Counter(values)
    return max(counts.values()) / counts.total() if counts else None


def read_label(row: Mapping[str, object], column: str, labels: Sequence[str]) -> int:
    """Return the index of a row's label; raise `RowFault` for none, a hidden one, or one that is not in ``labels``."""
    found = row.get(column)
    if found is None:
        raise RowFault(column, "missing")
    if found in (HIDDEN, str(HIDDEN), ""):
        raise RowFault(column, f"placeholder label {found!r}")
    index = label_index(found, labels)
    if index is None:
        known = ", ".join(f"{number} {name}" for number, name in enumerate(labels))
        raise RowFault(column, f"label {found!r} is out of range (known: {known})")
    return index


def label_index(found: Any, labels: Sequence[str]) -> int | None:
    """Return the index of a label given as name (any case), index or numeric string; None where it is none of them.

    Names win: where the labels themselves are numbers ("1", "2"), 1 is the first of them and 0 is none.
    """
    names = _spellings(tuple(labels))
    if type(found) is int:
        return names.get(str(found))
    spelled = found.strip() if isinstance(found, str) else ""
    return names.get(spelled, names.get(spelled.casefold()))


@lru_cache(maxsize=64)
def _spellings(labels: tuple[str, ...]) -> Mapping[str, int]:
    """Return every spelling of every label with its index; the exact one wins over another case, both over indices."""
    by_index = {} if all(name.isdecimal() for name in labels) else {str(n): n for n in range(len(labels))}
    folded = {name.casefold(): n for n, name in enumerate(labels)}
    return by_index | folded | {name: n for n, name in enumerate(labels)}


def _of_class(prediction: Prediction) -> ClassPrediction:
    assert isinstance(prediction, ClassPrediction), "a head with labels predicts labels"
    return prediction


def _gold_log_probability(example: Example, prediction: Prediction) -> float:
    assert example.label is not None, "an example of a form with labels has one"
    found = _of_class(prediction).log_probabilities[example.label]
    return max(found, -math.log(2.0**149))  # fp32 underflows to -inf, which no search could compare
