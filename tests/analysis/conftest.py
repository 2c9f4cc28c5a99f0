"""Makers of stored rows as the evaluation and the attack engine write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from adaptx.analysis.scores import Cell

if TYPE_CHECKING:
    from adaptx.tasks.forms import Record

MakeCell = Callable[..., Cell]


def record(row: int, value: float, *, prediction: Any = None, group: str | None = None) -> Record:
    predicted = row % 2 if prediction is None else prediction
    return {
        "id": f"r{row}",
        "parallel": f"r{row}",
        "group": group or f"r{row}",
        "prediction": predicted,
        "value": value,
    }


def outcome(row: int, clean: float, under: float, **fields: Any) -> Record:
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
) -> Cell:
    under = attacks or {}
    return Cell(
        **{"source": "folder", **fields},
        language=language,
        records=[record(row, value) for row, value in enumerate(values)],
        outcomes={
            attack: [outcome(row, clean, value) for row, (clean, value) in enumerate(zip(values, after, strict=True))]
            for attack, after in under.items()
        },
    )


@pytest.fixture(name="record")
def _record() -> Callable[..., Record]:
    return record


@pytest.fixture(name="outcome")
def _outcome() -> Callable[..., Record]:
    return outcome


@pytest.fixture(name="cell")
def _cell() -> MakeCell:
    return cell
