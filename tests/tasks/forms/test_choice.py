"""Options in every shape in which upstream writes them, and the repairs that a page may ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.errors import RowFault
from adaptx.tasks.example import ClassPrediction, Example
from adaptx.tasks.forms.choice import Choice

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

FORM = Choice()


def read(task: Task, options: Any, answer: Any = "B", question: Any = "Where?", **more: Any) -> Example:
    row = {"question": question, "choices": options, "answer": answer, **more}
    return FORM.read(row, task, id="7", language="sw")


def options_of(example: Example) -> list[str]:
    return [text for field, text in example.texts.items() if field.startswith("option")]


def test_options_come_as_a_list_a_table_or_columns_and_stand_after_the_fields(choices: Task) -> None:
    listed = read(choices, ["here", "there"])
    table = read(choices, {"label": ["A", "B"], "text": ["here", "there"]})
    columns = replace(choices, columns={**choices.columns, "options": ("one", "two")})
    apart = read(columns, None, one="here", two="there")
    assert listed == table == apart
    assert list(listed.texts) == list(listed.languages) == ["question", "option0", "option1"]
    assert listed.label == 1
    assert set(listed.languages.values()) == {"sw"}


def test_a_table_spells_its_own_labels_in_its_own_order(choices: Task) -> None:
    assert read(choices, {"label": ["2", "1"], "text": ["here", "there"]}, "1").label == 1


@given(st.integers(2, 3), st.data())
@settings(deadline=None)
def test_rows_may_have_fewer_options_than_the_page_has_labels(choices: Task, count: int, data: st.DataObject) -> None:
    label = data.draw(st.integers(0, count - 1))
    for spelled in (label, str(label), "ABC"[label]):
        example = read(choices, [f"o{n}" for n in range(count)], spelled)
        assert (example.label, len(options_of(example))) == (label, count)


@pytest.mark.parametrize(
    ("options", "answer", "field", "reason"),
    [
        (["only"], "A", "choices", "1 options, the page has labels for 2 to 3"),
        ([], "A", "choices", "0 options"),
        (["a", "b", "c", "d"], "A", "choices", "4 options"),
        (["a", " "], "A", "choices", "blank"),
        (["a", 3], "A", "choices", "int instead of a text"),
        (None, "A", "choices", "missing"),
        ("a or b", "A", "choices", "str instead of a list of options"),
        ({"label": ["A"], "text": ["a", "b"]}, "A", "choices", "labels ['A'] for 2 options"),
        ({"label": [1, 2], "text": ["a", "b"]}, "A", "choices", "labels [1, 2] for 2 options"),
        (["a", "b"], "C", "answer", "label 'C' is out of range"),
        (["a", "b"], 2, "answer", "label 2 is out of range"),
        (["a", "b"], "", "answer", "placeholder label"),
    ],
)
def test_a_row_that_is_no_choice_is_a_row_fault(
    choices: Task, options: Any, answer: Any, field: str, reason: str
) -> None:
    with pytest.raises(RowFault) as caught:
        read(choices, options, answer)
    assert caught.value.field == field
    assert reason in caught.value.reason


def test_an_empty_premise_is_a_row_fault_of_its_column(choices: Task) -> None:
    with pytest.raises(RowFault, match="question"):
        read(choices, ["a", "b"], question=" ")


def test_copas_questions_are_asked_in_words_and_every_row_says_so(choices: Task) -> None:
    copa = replace(choices, repairs=("copa-questions",))
    example = read(copa, ["a", "b"], question="effect")
    assert example.texts["question"] == "What happened as a result?"
    assert example.languages["question"] == "en"
    assert example.languages["option0"] == "sw"
    assert example.repaired == ("copa-questions",)
    with pytest.raises(RowFault, match="neither cause nor effect"):
        read(copa, ["a", "b"], question="why")


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("[header] How to fish [title] Get a rod. [step] Buy one.", "How to fish. Get a rod. Buy one."),
        ("[substeps] Small ones bite more.", "Small ones bite more."),
        ("A lady  walks.", "A lady  walks."),
    ],
)
def test_wikihows_marks_are_taken_out_of_contexts_and_endings(choices: Task, raw: str, clean: str) -> None:
    hellaswag = replace(choices, repairs=("hellaswag-contexts",))
    example = read(hellaswag, [raw, "plain"], question=raw)
    assert list(example.texts.values()) == [clean, clean, "plain"]
    assert example.repaired == (("hellaswag-contexts",) if raw != clean else ())


def test_an_ending_of_marks_alone_is_a_row_fault(choices: Task) -> None:
    with pytest.raises(RowFault, match="blank"):
        read(replace(choices, repairs=("hellaswag-contexts",)), ["[step]", "plain"])


@pytest.mark.parametrize(
    "row",
    [
        {"question": "The cup did not fit the bag as _ was big."},
        {
            "question": "The cup did not fit the bag as it was big.",
            "tokens": ["The", "cup", "did", "not", "fit", "the", "bag", "as", "it", "was", "big", "."],
            "pronoun_span": [8, 9],
        },
        {
            "question": 'The "cup" did not fit the bag as it was big.',
            "tokens": ["The", "``", "cup", "''", "did", "not", "fit", "the", "bag", "as", "it", "was", "big", "."],
            "pronoun_span": [10, 11],
        },
    ],
)
def test_an_option_is_the_rest_of_the_sentence_in_the_pronouns_place(choices: Task, row: dict[str, Any]) -> None:
    example = read(replace(choices, repairs=("fill-pronoun",)), ["the cup", "the bag"], **row)
    assert options_of(example) == ["the cup was big.", "the bag was big."]
    assert example.texts["question"] == row["question"]


@pytest.mark.parametrize("more", [{}, {"tokens": ["x"], "pronoun_span": [0, 1]}, {"tokens": [], "pronoun_span": [3]}])
def test_a_pronoun_that_cannot_be_found_is_a_row_fault(choices: Task, more: dict[str, Any]) -> None:
    with pytest.raises(RowFault, match="question"):
        read(replace(choices, repairs=("fill-pronoun",)), ["a", "b"], question="It is big.", **more)


def test_a_choice_is_scored_stored_and_attacked_as_a_label(choices: Task) -> None:
    example = read(choices, ["here", "there"])
    right, lost = ClassPrediction(1, (-2.0, -0.1)), ClassPrediction(0, (-0.1, -2.0))
    records = [FORM.record(example, found, choices) for found in (right, lost)]
    assert FORM.score(records, choices, "sw") == {"accuracy": 0.5}
    assert FORM.goal(example, lost, right, choices) == (True, 2.0)
    assert FORM.majority(records) == 1.0
    assert FORM.protected_spans(example) == {}
