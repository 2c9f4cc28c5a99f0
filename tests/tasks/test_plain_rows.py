"""Plain rows become examples without gold, and predictions plain answers by name."""

from __future__ import annotations

import math

import pytest

from adaptx.errors import DataFault
from adaptx.tasks.catalog import task_named
from adaptx.tasks.example import ClassPrediction, SpanPrediction, TagPrediction, ValuePrediction
from adaptx.tasks.plain_rows import answer_of, example_of, fields_of


def texts(name: str, row: dict[str, object]) -> dict[str, str]:
    task = task_named(name)
    return dict(example_of(row, task, 0, fields_of(task)).texts)


def test_a_row_has_the_fields_of_its_page_in_reading_order() -> None:
    assert fields_of(task_named("pawsx")) == ("sentence1", "sentence2")
    row = {"sentence2": "b", "sentence1": "a", "label": "not read"}
    assert list(texts("pawsx", row).items()) == [("sentence1", "a"), ("sentence2", "b")]


def test_a_choice_has_any_number_of_options_after_its_fields() -> None:
    row = {"premise": "p", "question": "q", "options": ["x", "y", "z"]}
    assert texts("copa", row) == {"premise": "p", "question": "q", "option0": "x", "option1": "y", "option2": "z"}


def test_a_sentence_to_tag_is_a_list_of_tokens() -> None:
    assert texts("udpos", {"tokens": ["Good", "morning"]}) == {"tokens": "Good\nmorning"}


@pytest.mark.parametrize(
    ("task", "row", "told"),
    [
        ("pawsx", {"sentence1": "a"}, "row 7, field 'sentence2': missing"),
        ("pawsx", {"sentence1": "a", "sentence2": 3}, "row 7, field 'sentence2': int instead of a text"),
        ("copa", {"premise": "p", "question": "q", "options": ["x"]}, "field 'options'"),
        ("copa", {"premise": "p", "question": "q", "options": "xy"}, "field 'options'"),
        ("udpos", {"tokens": []}, "field 'tokens'"),
        ("udpos", {"tokens": ["a\nb"]}, "line break"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_field_and_what_a_row_has(task: str, row: dict, told: str) -> None:
    page = task_named(task)
    with pytest.raises(DataFault, match=told) as caught:
        example_of(row, page, 7, fields_of(page))
    assert str(caught.value.hint).startswith(f"a row of {task} has ")


def test_a_label_is_named_and_every_label_has_its_probability() -> None:
    task = task_named("xnli")
    found = answer_of(ClassPrediction(1, (math.log(0.2), math.log(0.7), math.log(0.1))), task)
    assert found["label"] == task.labels[1]
    assert found["probability"] == pytest.approx(0.7)
    assert found["probabilities"] == pytest.approx(dict(zip(task.labels, (0.2, 0.7, 0.1), strict=True)))


def test_a_row_of_fewer_options_than_the_page_has_labels_is_answered_among_them() -> None:
    task = task_named("commonsenseqa")
    found = answer_of(ClassPrediction(0, (math.log(0.6), math.log(0.4))), task)
    assert list(found["probabilities"]) == list(task.labels[:2])


def test_an_answer_is_a_slice_and_no_answer_is_nowhere() -> None:
    task = task_named("squad2")
    found = answer_of(SpanPrediction("the dog", 4, math.log(0.5), None, math.log(0.25)), task)
    assert (found["answer"], found["start"], found["end"]) == ("the dog", 4, 11)
    assert (found["probability"], found["no_answer_probability"]) == pytest.approx((0.5, 0.25))
    none = answer_of(SpanPrediction("the dog", 4, math.log(0.2), None, math.log(0.7)), task)
    assert (none["answer"], none["start"], none["end"]) == ("", -1, -1)


def test_tags_are_named_with_the_probability_of_each() -> None:
    task = task_named("udpos")
    found = answer_of(TagPrediction((2, 0), (), (math.log(0.9), math.log(0.8))), task)
    assert found["tags"] == [task.labels[2], task.labels[0]]
    assert found["probabilities"] == pytest.approx([0.9, 0.8])


def test_a_grade_is_a_number() -> None:
    assert answer_of(ValuePrediction(3.5), task_named("stsb")) == {"grade": 3.5}
