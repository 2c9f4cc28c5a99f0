"""Classification, light half: one or more texts and one label out of a page's list, or a grade out of its range.

Owns reading; records, scores and goals are in `labelled` and `graded`, the head in `adaptx.model.forms.classification`.
A page with a ``range`` has grades, any other has labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from adaptx.metrics import accuracy, classification, correlation
from adaptx.tasks.example import Example, Prediction
from adaptx.tasks.forms import Goal, Placeholder, PredictionRecord, one_input, read_text
from adaptx.tasks.forms.graded import Graded, read_grade
from adaptx.tasks.forms.labelled import HIDDEN, Labelled, read_label

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

__all__ = ["Classification"]

PLACEHOLDER_TEXTS = ("", "NS")  # PAWS-X writes these where a sentence was never translated
NOT_THERE = object()  # a column that a row does not have: a bad row, not one that was never filled in
UNLABELLED = (HIDDEN, "-")  # SNLI's rows without a gold label, on the hub and in its own files


class Classification:
    """The light half of classification and regression."""

    name = "classification"
    version = 1
    metrics: Mapping[str, int] = MappingProxyType(
        {"accuracy": accuracy.VERSION, "f1": classification.VERSION, "pearson": correlation.VERSION}
    )
    columns: tuple[str, ...] = ("label",)
    labelled = True
    by_label = True
    scorers: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ("drop-placeholders", "drop-unlabelled")
    searches = False
    reads_layer = False

    def read(self, row: Mapping[str, object], task: Task, *, id: str, language: str) -> Example:
        """Turn a row into an example; raise `RowFault`, or `Placeholder` where the page declares such rows."""
        columns = [task.columns[field] for field in task.fields]
        if "drop-placeholders" in task.repairs:
            _refuse_placeholders(row, columns)
        label_column = task.columns["label"]
        if "drop-unlabelled" in task.repairs and row.get(label_column) in UNLABELLED:
            raise Placeholder(label_column, "the annotators did not agree on a label")
        return Example(
            id=id,
            parallel=id,
            group=id,
            language=language,
            texts={field: read_text(row, column) for field, column in zip(task.fields, columns, strict=True)},
            languages=dict.fromkeys(task.fields, language),
            label=None if task.range else read_label(row, label_column, task.labels),
            grade=read_grade(row, label_column, task.range) if task.range else None,
        )

    def inputs_of(self, example: Example, task: Task) -> list[list[str]]:
        """Return all texts as one input."""
        return one_input(example)

    def record(self, example: Example, prediction: Prediction, task: Task) -> PredictionRecord:
        """Return the stored row of a label or of a grade."""
        return _kind(task).record(example, prediction, task)

    def score(self, records: Sequence[PredictionRecord], task: Task, language: str) -> dict[str, float]:
        """Return ``{"accuracy"}`` and perhaps ``"f1"``, or ``{"pearson", "spearman"}``, the same in every language."""
        return _kind(task).score(records, task, language)

    def value(self, record: PredictionRecord, task: Task, language: str) -> float:
        """Return how right one row is, from 0 to 1."""
        return _kind(task).value(record, task, language)

    def correct(self, example: Example, prediction: Prediction, task: Task) -> bool:
        """Return whether the label is the gold one, or the grade near it."""
        return _kind(task).correct(example, prediction, task)

    def goal(self, example: Example, prediction: Prediction, clean: Prediction, task: Task) -> Goal:
        """Return whether the label is lost or the grade moved, and how near the attack is to that."""
        return _kind(task).goal(example, prediction, clean, task)

    def protected_spans(self, example: Example) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """Return nothing: no part of a text is the answer."""
        return {}

    def majority(self, records: Sequence[PredictionRecord]) -> float | None:
        """Return the share of the most frequent gold label; None for no records and for grades."""
        return LABELLED.majority([record for record in records if not isinstance(record["gold"], float)])


LABELLED, GRADED = Labelled(), Graded()


def _kind(task: Task) -> Labelled | Graded:
    return GRADED if task.range else LABELLED


def _refuse_placeholders(row: Mapping[str, object], columns: Sequence[str]) -> None:
    for column in columns:
        found = row.get(column, NOT_THERE)
        if found is None or (isinstance(found, str) and found.strip() in PLACEHOLDER_TEXTS):
            raise Placeholder(column, f"placeholder {found!r}")
