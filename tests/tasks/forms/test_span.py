"""Answers as substrings; what an attack aims at and may not touch."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.errors import RowFault
from adaptx.tasks.catalog import task_named
from adaptx.tasks.example import NO_ANSWER_THRESHOLD, Example, SpanPrediction
from adaptx.tasks.forms.span import SPAN_F1_THRESHOLD, Span

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

FORM = Span()
SQUAD = task_named("squad")
V2, SHIFTED = replace(SQUAD, scorer="squad_v2"), replace(SQUAD, repairs=("shifted-offsets",))
MLQA = replace(SQUAD, scorer="mlqa")
CONTEXT = " The 12th mill, and the mill of 12, stood at Mill Lane."


def read(
    answers: Any, context: str = CONTEXT, question: str = "Which mill was it?", task: Task = SQUAD, language: str = "en"
) -> Example:
    row = {"id": "q", "question": question, "context": context, "answers": answers}
    return FORM.read(row, task, id="q", language=language)


def at(*answers: tuple[str, int]) -> dict[str, list[Any]]:
    return {"text": [text for text, _ in answers], "answer_start": [start for _, start in answers]}


def test_answers_come_as_the_hubs_two_lists_or_as_squads_own_list() -> None:
    theirs = [{"text": "mill", "answer_start": 10}, {"text": "12", "answer_start": 32}]
    assert read(at(("mill", 10), ("12", 32))).answers == read(theirs).answers
    assert [answer.text for answer in read(theirs).answers] == ["mill", "12"]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (at(("mill", 9)), "answer 'mill' is not in its context at 9"),
        (at(("mill", -4)), "is not in its context at -4"),
        (at(("mill", 10_000)), "is not in its context"),
        (at(("mill", 10), ("watermill", 10)), "answer 'watermill' is not in its context"),
        (at(), "no gold answer"),
        ([], "no gold answer"),
        (at(("", 0)), "text '' with answer_start 0"),
        ({"text": ["mill"], "answer_start": ["10"]}, "answer_start '10'"),
        ({"text": ["mill"], "answer_start": [True]}, "answer_start True"),
        ({"text": ["mill"], "answer_start": []}, "not two lists of the same length"),
        ({"text": "mill", "answer_start": 10}, "not two lists of the same length"),
        (None, "missing"),
        ("mill", "str instead of answers"),
        ([3], "list instead of answers"),
    ],
)
def test_answers_that_cannot_be_used_are_a_row_fault(answers: Any, reason: str) -> None:
    with pytest.raises(RowFault) as caught:
        read(answers)
    assert caught.value.field == "answers"
    assert reason in caught.value.reason


def test_offsets_count_code_points_of_the_context_as_it_came() -> None:
    context = "  e\u0301te\u0301 😀 1672"
    example = read(at(("1672", context.index("1672"))), context=context)
    assert example.texts["context"] == context
    assert example.answers[0].start == 10


def test_the_answer_and_all_its_copies_are_protected_in_context_and_question() -> None:
    protected = FORM.protected_spans(read(at(("mill", 10))))
    assert {field: [CONTEXT[a:b] for a, b in spans] for field, spans in protected.items() if field == "context"} == {
        "context": ["mill", "mill"]
    }
    assert protected["question"] == ((6, 10),)


@given(st.text("ab ", min_size=1, max_size=40), st.data())
@settings(deadline=None)
def test_every_occurrence_of_an_answer_is_inside_a_protected_span(context: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(context) - 1))
    answer = context[start : data.draw(st.integers(start + 1, len(context)))]
    if not answer.strip():
        return
    spans = FORM.protected_spans(read(at((answer, start)), context=context)).get("context", ())
    assert list(spans) == sorted(spans)
    assert all(left[1] < right[0] for left, right in pairwise(spans))
    for place in range(len(context)):
        if context.startswith(answer, place):
            assert any(begin <= place and place + len(answer) <= end for begin, end in spans)


@pytest.mark.parametrize(
    ("said", "kept"),
    [("mill", True), ("the 12th mill", True), ("Mill Lane.", True), ("at Mill Lane.", False), ("", False)],
)
def test_an_answer_counts_as_right_from_the_threshold_on(said: str, kept: bool) -> None:
    example = read(at(("12th mill", 5)))
    prediction = SpanPrediction(said, 0, -1.0, -1.0)
    assert FORM.correct(example, prediction, SQUAD) is kept
    assert (FORM.record(example, prediction, SQUAD)["f1"] >= SPAN_F1_THRESHOLD) is kept
    assert FORM.goal(example, prediction, prediction, SQUAD)[0] is not kept


def test_goal_gives_no_direction_where_no_gold_span_lies_in_a_window() -> None:
    example = read(at(("mill", 10)))
    unseen, seen = SpanPrediction("mill", 10, -1.0, None), SpanPrediction("mill", 10, -1.0, -7.0)
    assert FORM.goal(example, unseen, seen, SQUAD)[1] == 0.0
    assert FORM.goal(example, seen, seen, SQUAD)[1] == 7.0


def test_scores_are_computed_from_texts_not_taken_from_stored_values() -> None:
    record = FORM.record(read(at(("mill", 10))), SpanPrediction("mill", 10, -1.0, -1.0), SQUAD)
    spoilt = {**record, "value": 0.0, "f1": 0.0, "em": 0.0}
    assert FORM.score([spoilt], SQUAD, "en") == {"f1": 1.0, "em": 1.0}
    assert FORM.value(spoilt, SQUAD, "en") == 1.0


def test_only_a_page_scored_as_squad_v2_has_questions_without_an_answer() -> None:
    assert read(at(), task=V2).answers == ()
    with pytest.raises(RowFault, match="no gold answer"):
        read(at())


@pytest.mark.parametrize(("none", "said"), [(-2.0, "mill"), (-1.0 + NO_ANSWER_THRESHOLD, "mill"), (-0.5, "")])
def test_a_question_is_left_unanswered_where_no_answer_is_likelier_than_the_best_span(none: float, said: str) -> None:
    prediction = SpanPrediction("mill", 10, -1.0, -1.0, none)
    answerable, unanswerable = read(at(("mill", 10)), task=V2), read(at(), task=V2)
    assert prediction.answer == said
    assert FORM.correct(answerable, prediction, V2) is bool(said)
    assert FORM.correct(unanswerable, prediction, V2) is not bool(said)
    record = FORM.record(unanswerable, prediction, V2)
    assert (record["prediction"], record["span"], record["no_answer"]) == (said, "mill", none)


def test_an_attack_on_a_question_without_an_answer_aims_at_the_probability_of_none() -> None:
    unanswerable, silent = read(at(), task=V2), SpanPrediction("mill", 10, -3.0, None, -0.5)
    assert FORM.goal(unanswerable, silent, silent, V2) == (False, 0.5)
    assert FORM.goal(unanswerable, SpanPrediction("mill", 10, -0.5, None, -4.0), silent, V2) == (True, 4.0)


def test_best_scores_are_those_of_the_best_threshold_and_follow_from_records_alone() -> None:
    answerable, unanswerable = read(at(("mill", 10)), task=V2), read(at(), task=V2)
    # Both are answered at the threshold of 0; one at 0.6 parts them.
    said = (SpanPrediction("mill", 10, -1.0, -1.0, -1.5), SpanPrediction("mill", 10, -1.5, None, -1.6))
    records = [FORM.record(e, p, V2) for e, p in zip((answerable, unanswerable), said, strict=True)]
    scores = FORM.score(records, V2, "en")
    assert (scores["f1"], scores["em"]) == (0.5, 0.5)
    assert (scores["best_f1"], scores["best_em"]) == (1.0, 1.0)


def test_answers_are_compared_in_the_language_of_the_context_where_the_page_says_mlqa() -> None:
    example = read(at(("Mühle", 4)), context="Die Mühle", task=MLQA, language="de")
    prediction = SpanPrediction("Die Mühle", 0, -1.0, -1.0)
    assert FORM.record(example, prediction, MLQA)["em"] == 1.0
    assert FORM.record(example, prediction, SQUAD)["em"] == 0.0
    assert FORM.score([FORM.record(example, prediction, MLQA)], MLQA, "de") == {"f1": 1.0, "em": 1.0}


@pytest.mark.parametrize(("stated", "found"), [(10, 10), (12, 10), (28, 24), (1000, 45)])
def test_a_shifted_offset_is_mended_to_the_nearest_place_of_its_answer(stated: int, found: int) -> None:
    context = CONTEXT.replace("Mill", "mill")
    example = read(at(("mill", stated)), context=context, task=SHIFTED)
    assert [answer.start for answer in example.answers] == [found]
    assert example.repaired == (("shifted-offsets",) if stated != found else ())


@pytest.mark.parametrize(("text", "stated", "reason"), [("ab", 2, "as near before as after"), ("no", 0, "is not in")])
def test_a_shifted_answer_that_is_nowhere_or_in_two_places_is_a_row_fault(text: str, stated: int, reason: str) -> None:
    with pytest.raises(RowFault, match=reason):
        read(at((text, stated)), context="ab  ab", task=SHIFTED)
