"""Makers of stored rows as the evaluation and the attack engine write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from adaptx.analysis.scores import EvaluationCell

if TYPE_CHECKING:
    from adaptx.tasks.forms import PredictionRecord

MakeCell = Callable[..., EvaluationCell]


def record(row: int, value: float, *, prediction: Any = None, group: str | None = None) -> PredictionRecord:
    predicted = row % 2 if prediction is None else prediction
    return {
        "id": f"r{row}",
        "parallel": f"r{row}",
        "group": group or f"r{row}",
        "prediction": predicted,
        "value": value,
    }


def outcome(row: int, clean: float, under: float, **fields: Any) -> PredictionRecord:
    right = clean == 1.0
    reached = right and under < clean
    made = {
        "id": f"r{row}",
        "parallel": f"r{row}",
        "group": f"r{row}",
        "clean_value": clean,
        "clean_correct": right,
        "attacked": right,
        "reached": reached,
        "value_under_attack": under,
        "clean_terms": [clean, 1.0],
        "terms_under_attack": [under, 1.0],
        "baseline_terms": [clean, 1.0],
        "queries": 8 if right else 0,
        "edited_clusters": 2 if right else 0,
        "clusters": 40,
        "no_op": False,
        "status": ("success" if reached else "survived") if right else "wrong",
        "baseline_value": clean,
        "baseline_reached": False,
        "baseline_queries": 1,
        "baseline_edited_clusters": 2,
        "candidates": 8 if right else 0,
        "no_op_candidates": 2 if right else 0,
    }
    return made | fields


def cell(
    language: str, values: Sequence[float], *, attacks: dict[str, Sequence[float]] | None = None, **fields: Any
) -> EvaluationCell:
    under = attacks or {}
    return EvaluationCell(
        **{"source": "folder", **fields},
        language=language,
        records=[record(row, value) for row, value in enumerate(values)],
        outcomes={
            attack: [outcome(row, clean, value) for row, (clean, value) in enumerate(zip(values, after, strict=True))]
            for attack, after in under.items()
        },
    )


@pytest.fixture(name="record")
def _record() -> Callable[..., PredictionRecord]:
    return record


@pytest.fixture(name="outcome")
def _outcome() -> Callable[..., PredictionRecord]:
    return outcome


@pytest.fixture(name="cell")
def _cell() -> MakeCell:
    return cell
