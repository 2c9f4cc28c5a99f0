"""Examples and predictions: texts are replaced and never changed, a victim tells an answer and nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from adaptx.tasks.example import (
    NO_ANSWER_THRESHOLD,
    Answer,
    ClassPrediction,
    RetrievalPrediction,
    SpanPrediction,
    TagPrediction,
    ValuePrediction,
)
from adaptx.testing import pair, span


def test_texts_are_replaced_by_name_and_the_others_stay() -> None:
    before = pair("p", "de", "eins", "zwei")
    after = before.with_texts({"sentence2": "drei"})
    assert dict(after.texts) == {"sentence1": "eins", "sentence2": "drei"}
    assert list(after.texts) == list(before.texts), "models read them in this order"
    assert dict(before.texts) == {"sentence1": "eins", "sentence2": "zwei"}
    assert dataclasses.replace(after, texts=before.texts) == before


def test_answers_move_only_where_that_is_said() -> None:
    before = span("s", "en", "Who?", "It was Johann.", "Johann")
    texts = {"context": "Once it was Johann."}
    assert before.with_texts(texts).answers == before.answers
    moved = (Answer("Johann", 12),)
    assert before.with_texts(texts, moved).answers == moved
    assert before.with_texts(texts, ()).answers == ()


def test_an_example_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        pair("p", "de", "eins", "zwei").label = 0


@pytest.mark.parametrize(
    ("no_answer", "answer"),
    [(None, "Rome"), (-2.0, "Rome"), (-1.0, "Rome"), (-1.0 + 1e-9, ""), (-0.5, "")],
)
def test_no_answer_is_told_only_where_it_is_likelier_by_the_threshold(no_answer: float | None, answer: str) -> None:
    assert NO_ANSWER_THRESHOLD == 0.0
    assert SpanPrediction("Rome", 3, -1.0, no_answer=no_answer).answer == answer


def test_every_prediction_tells_one_answer() -> None:
    assert ClassPrediction(1, (-1.0, -0.5)).answer == 1
    assert ValuePrediction(2.5).answer == 2.5
    assert TagPrediction((0, 2)).answer == (0, 2)
    assert RetrievalPrediction(("b", "a"), (0.9, 0.8)).answer == "b"
    assert RetrievalPrediction((), ()).answer == ""
