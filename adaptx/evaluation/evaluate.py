"""One cell: examples of one task in one language, predicted, recorded and scored.

Owns nothing but the order of those three steps: what a record holds and how it is scored is the form's, and every score
can be computed again from the records alone. Flags that look at labels (chance, majority class) belong to `analysis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from adaptx.errors import DataFault

if TYPE_CHECKING:
    from adaptx.tasks.example import Example, Prediction
    from adaptx.tasks.forms import Form, PredictionRecord
    from adaptx.tasks.task import Task

__all__ = ["EvaluationResult", "Predicts", "evaluate"]


class Predicts(Protocol):
    """What evaluation needs of a model: `Predictor` does it."""

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Return one prediction per example, in order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationResult:
    """A cell's stored rows, one per example in order, and its scores as fractions."""

    records: list[PredictionRecord]
    scores: dict[str, float]


def evaluate(
    predictor: Predicts, form: Form, task: Task, examples: Sequence[Example], language: str
) -> EvaluationResult:
    """Predict ``examples`` and score them; raise `DataFault` for a cell without rows."""
    if not examples:
        raise DataFault(f"{task.name} has no usable rows in {language!r}", hint="the quarantined rows say why")
    predictions = predictor.predict(examples)
    records = [form.record(example, answer, task) for example, answer in zip(examples, predictions, strict=True)]
    return EvaluationResult(records=records, scores=form.score(records, task, language))
