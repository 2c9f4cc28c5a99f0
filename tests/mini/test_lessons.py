from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptx.mini.facts import split_of, swap_roles
from adaptx.mini.lessons import DIFFERS, NEW, STAGES, Lesson
from adaptx.mini.lexicon import language

INDEX = st.integers(0, 10**9)
WHOLE = len(STAGES) - 1
LESSONS = ("text", "translation", "doubt", "answer")
shared_fixture = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.mark.parametrize("kind", LESSONS)
@shared_fixture
@given(index=INDEX, stage=st.integers(0, WHOLE))
def test_pretraining_tells_no_fact_of_a_task(meanings, kind, index, stage):
    meanings.clear()
    getattr(Lesson(index, stage), kind)()
    assert {split_of(fact) for fact in meanings.values()} <= {"text"}


@pytest.mark.parametrize("kind", LESSONS)
@given(index=INDEX)
def test_a_lesson_follows_from_its_place_alone(kind, index):
    assert getattr(Lesson(index, WHOLE), kind)() == getattr(Lesson(index, WHOLE), kind)()


@given(index=INDEX)
def test_the_first_stage_knows_two_families_in_one_language(index):
    lesson = Lesson(index, 0)
    assert set(lesson.families) == set(STAGES[0])
    first, second = lesson._tags()
    assert first == second


@shared_fixture
@given(index=INDEX)
def test_what_is_marked_is_another_word_than_was_meant_or_one_that_was_not_told(meanings, index):
    meanings.clear()
    pair = Lesson(index, WHOLE).doubt()
    second = meanings[pair.second]
    told = [fact for text, fact in meanings.items() if text in pair.first]
    like = [fact for fact in told if fact.family == second.family]
    agrees = any(second.words.items() <= fact.words.items() for fact in like)
    assert not (agrees and any(mark.says == DIFFERS for mark in pair.marks))
    if not pair.marks and like:
        assert any(second.words.items() <= fact.words.items() for fact in like)
    for mark in pair.marks:
        assert 0 <= mark.start < mark.end <= len(pair.second)
        assert mark.says in (DIFFERS, NEW)


@shared_fixture
@given(index=INDEX)
def test_an_answer_is_a_phrase_of_the_fact_that_is_asked_for(meanings, index):
    meanings.clear()
    pair = Lesson(index, WHOLE).answer()
    if pair.answer is not None:
        start, end = pair.answer
        assert pair.second[start:end].strip() == pair.second[start:end] != ""
        asked = meanings[pair.first].words.items()  # or, under the same question, another in a word it does not tell
        assert any(len(fact.words.items() - asked) <= 1 for text, fact in meanings.items() if text in pair.second)


@shared_fixture
@given(index=INDEX)
def test_a_twin_is_no_translation(meanings, index):
    meanings.clear()
    lesson = Lesson(index, WHOLE).translation()
    if lesson.twin:
        assert meanings[lesson.twin] == swap_roles(meanings[lesson.second])
    elif lesson.second in meanings:
        assert meanings[lesson.first] == meanings[lesson.second]


@given(index=INDEX)
def test_a_word_is_translated_by_a_word_of_the_same_concept(index):
    lesson = Lesson(index, WHOLE)._word("en", "de")
    english, german = language("en").words, language("de").words
    assert any(
        lesson.first in english[concept].values() and lesson.second in german[concept].values() for concept in english
    )
