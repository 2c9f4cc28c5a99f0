"""F1 of the paraphrases, where a page asks for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.metrics.sums import scores_of, terms_of
from adaptx.tasks.catalog import task_named
from adaptx.tasks.example import ClassPrediction, Example
from adaptx.tasks.forms.classification import Classification

FORM = Classification()
PAIRS = replace(task_named("pawsx"), metric="f1")

labels = st.integers(0, 1)


def record(said: int, gold: int, task=PAIRS):
    row = {"id": 1, "sentence1": "a", "sentence2": "b", "label": gold}
    example: Example = FORM.read(row, task, id="1", language="de")
    return FORM.record(example, ClassPrediction(said, (-0.5, -0.9)), task)


@given(st.lists(st.tuples(labels, labels), min_size=1, max_size=30))
@settings(deadline=None)
def test_stored_sums_make_the_cells_f1_so_that_rows_can_be_resampled(pairs: list[tuple[int, int]]) -> None:
    records = [record(*pair) for pair in pairs]
    scores = FORM.score(records, PAIRS, "de")
    resampled = float(scores_of(np.array([terms_of(one) for one in records]).sum(axis=0)))
    assert scores["f1"] == (0.0 if np.isnan(resampled) else resampled)
    assert scores["accuracy"] == sum(one["value"] for one in records) / len(records)


def test_a_page_scored_by_accuracy_stores_no_terms_of_f1() -> None:
    assert "sums" not in record(1, 1, task_named("pawsx"))
    assert FORM.score([record(1, 1, task_named("pawsx"))], task_named("pawsx"), "de") == {"accuracy": 1.0}
