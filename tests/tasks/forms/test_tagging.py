"""Tokens and tags of one length, the score of a sentence, and what an attack aims at."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.errors import RowFault
from adaptx.metrics import tagging
from adaptx.metrics.sums import scores_of, terms_of
from adaptx.tasks.example import Example, TagPrediction
from adaptx.tasks.forms.tagging import TAGGING_DROP, Tagging, tokens_of

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

FORM = Tagging()

tag_lists = st.lists(st.integers(0, 2), min_size=1, max_size=8)


def read(task: Task, tags: Any, tokens: Any = None) -> Example:
    row = {"tokens": [f"w{n}" for n in range(len(tags))] if tokens is None else tokens, "ner_tags": tags}
    return FORM.read(row, task, id="3", language="vi")


@pytest.mark.parametrize("spelled", [[1, 2, 0], ["B-PER", "I-PER", "O"], ["1", "2", "0"], ["b-per", 2, "O"]])
def test_tags_may_come_as_indices_names_or_numbers(tags: Task, spelled: list[Any]) -> None:
    assert read(tags, spelled).tags == (1, 2, 0)


def test_tokens_are_the_lines_of_the_text_spaces_inside_them_kept(tags: Task) -> None:
    example = read(tags, [0, 1], ["bắt chuyện", "\u200b"])
    assert tokens_of(example) == ["bắt chuyện", "\u200b"]
    assert list(example.texts) == ["tokens"]


@pytest.mark.parametrize(
    ("tokens", "spelled", "field", "reason"),
    [
        (["a", "b"], [0], "ner_tags", "1 tags for 2 tokens"),
        (["a"], [3], "ner_tags", "tag 3 of token 0 is unknown (known: O, B-PER, I-PER)"),
        (["a"], ["B-LOC"], "ner_tags", "tag 'B-LOC' of token 0 is unknown"),
        (["a"], [-1], "ner_tags", "tag -1 of token 0"),
        (["a"], [True], "ner_tags", "tag True"),
        (["a"], None, "ner_tags", "missing"),
        (["a"], "O", "ner_tags", "str instead of a list"),
        ([], [], "tokens", "a sentence without tokens"),
        (["a", ""], [0, 0], "tokens", "token 1 is ''"),
        (["\u3000"], [0], "tokens", "token 0 is"),
        ([7], [0], "tokens", "token 0 is 7"),
        (["a\nb"], [0], "tokens", "token 0 has a line break"),
        (["a\r"], [0], "tokens", "token 0 has a line break"),
        (["half \ud83d"], [0], "tokens", "half of a surrogate pair"),
        (["a" * 150_000, "b" * 50_000], [0, 0], "tokens", "200,001 characters"),
        ("a b", [0, 0], "tokens", "str instead of a list"),
    ],
)
def test_a_sentence_that_cannot_be_used_is_a_row_fault(
    tags: Task, tokens: Any, spelled: Any, field: str, reason: str
) -> None:
    with pytest.raises(RowFault) as caught:
        FORM.read({"tokens": tokens, "ner_tags": spelled}, tags, id="3", language="vi")
    assert caught.value.field == field
    assert reason in caught.value.reason


@given(st.lists(st.tuples(tag_lists, st.randoms(use_true_random=False)), min_size=1, max_size=6))
@settings(deadline=None)
def test_stored_sums_make_the_cells_f1_so_that_sentences_can_be_resampled(tags: Task, drawn: list[Any]) -> None:
    records = []
    for gold, random in drawn:
        found = tuple(random.randrange(3) if random.random() < 0.3 else tag for tag in gold)
        records.append(FORM.record(read(tags, gold), TagPrediction(found), tags))
    scores = FORM.score(records, tags, "vi")
    resampled = float(scores_of(np.array([terms_of(record) for record in records]).sum(axis=0)))
    assert scores["f1"] == pytest.approx(0.0 if np.isnan(resampled) else resampled)
    tokens = [pair for record in records for pair in zip(record["prediction"], record["gold"], strict=True)]
    assert scores["accuracy"] == pytest.approx(sum(a == b for a, b in tokens) / len(tokens))


def test_the_value_of_a_sentence_is_its_own_f1_and_one_where_nothing_is_to_be_found(tags: Task) -> None:
    def value(gold: list[int], found: tuple[int, ...]) -> float:
        return FORM.record(read(tags, gold), TagPrediction(found), tags)["value"]

    assert value([1, 2, 0], (1, 2, 0)) == 1.0
    assert value([1, 0, 1], (1, 0, 0)) == pytest.approx(2 / 3)
    assert (value([0, 0], (0, 0)), value([0, 0], (0, 1))) == (1.0, 0.0)
    assert tagging.sentence_terms(["O", "O"], ["O", "O"]) == (0, 0)


@pytest.mark.parametrize(("wrong", "reached"), [(0, False), (1, False), (2, True), (4, True)])
def test_an_attack_has_to_take_a_quarter_of_what_was_right(tags: Task, wrong: int, reached: bool) -> None:
    assert TAGGING_DROP == 0.25
    example = read(tags, [1] * 8)
    clean = TagPrediction((0,) * 2 + (1,) * 6, (-0.5,) * 8)  # six of eight: less than 4.5 right is reached
    found = TagPrediction((0,) * (2 + wrong) + (1,) * (6 - wrong), (-1.5,) * 8)
    assert FORM.goal(example, found, clean, tags) == (reached, 1.5)


def test_a_sentence_with_no_token_right_is_not_attacked(tags: Task) -> None:
    example = read(tags, [1, 0])
    assert not FORM.correct(example, TagPrediction((0, 1)), tags)
    assert FORM.correct(example, TagPrediction((0, 0)), tags)


def test_goal_stays_finite_where_a_gold_probability_underflows(tags: Task) -> None:
    found = TagPrediction((0,), (-math.inf,))
    assert math.isfinite(FORM.goal(read(tags, [1]), found, found, tags)[1])


@given(st.lists(st.sampled_from(["bắt chuyện", "x", "黑豹队", "e\u0301"]), min_size=1, max_size=9))
@settings(deadline=None)
def test_the_breaks_between_tokens_are_protected_and_nothing_else(tags: Task, tokens: list[str]) -> None:
    example = read(tags, [0] * len(tokens), tokens)
    text, spans = example.texts["tokens"], FORM.protected_spans(example)["tokens"]
    assert [text[start:end] for start, end in spans] == ["\n"] * (len(tokens) - 1)


def test_majority_counts_tokens_not_sentences(tags: Task) -> None:
    records = [FORM.record(read(tags, gold), TagPrediction(tuple(gold)), tags) for gold in ([0], [1, 2, 2])]
    assert FORM.majority(records) == 0.5
    assert FORM.majority([]) is None
