"""Reading: spans are exact, answers stand once and answer, and unanswerable questions have no answer."""

from __future__ import annotations

import pytest
from parser import parser
from seeds import of_any_seed

from adaptx.mini import suite
from adaptx.mini.facts import FAMILIES
from adaptx.mini.lexicon import language, tags
from adaptx.mini.suite import Suite

SOME = Suite(train=120, test=24)
MANY = Suite(test=300)


def facts_of(tag, text):
    return [fact for sentence in parser(tag).sentences(text) for fact in parser(tag).facts(sentence)]


def answering(question, told):
    """Return the facts that hold all that a question tells, and what it asks for."""
    return [fact for fact in told if question.about(fact)]


@pytest.mark.parametrize("tag", tags())
@of_any_seed
def test_one_sentence_answers_and_the_answer_is_its_phrase(tag, asked):
    for row in suite.rows("xquad", tag, "test", asked):
        (question,) = parser(tag).questions(row["question"])
        (text,), (start,) = row["answers"]["text"], row["answers"]["answer_start"]
        (said,) = [one for one in parser(tag).sentences(row["context"]) if answering(question, facts_of(tag, one))]
        start -= row["context"].index(said)
        (sentence,) = parser(tag).read(said)
        assert sentence.answers(question.asked, (start, start + len(text)))


@pytest.mark.parametrize("tag", tags())
def test_an_answer_stands_where_it_is_said_to_and_nowhere_else(tag):
    for row in suite.rows("xquad", tag, "test", MANY):
        (text,), (start,) = row["answers"]["text"], row["answers"]["answer_start"]
        assert row["context"][start : start + len(text)] == text
        assert row["context"].count(text) == 1
        assert text not in row["question"]


def test_a_third_of_the_questions_of_squad2_has_no_answer_in_the_context():
    rows = list(suite.rows("squad2", "en", "train", SOME))
    for row in rows:
        (question,) = parser("en").questions(row["question"])
        told = facts_of("en", row["context"])
        assert len(answering(question, told)) == len(row["answers"]["text"]) == len(row["answers"]["answer_start"])
        assert question.fact.family in {fact.family for fact in told}
    assert sum(not row["answers"]["text"] for row in rows) == 40


def test_sentences_of_a_context_are_of_different_families_and_some_begin_otherwise():
    rows = list(suite.rows("squad", "en", "train", SOME))
    for row in rows:
        told = [fact.family for fact in facts_of("en", row["context"])]
        assert 2 <= len(told) == len(set(told)) <= 4
    assert 0.2 < sum(row["context"].startswith(("In ", "On ", "At ")) for row in rows) / len(rows) < 0.8


@pytest.mark.parametrize("tag", ["en", "ja"])
def test_sentence_breaks_cut_a_context_into_its_sentences(tag):
    for row in suite.rows("lareqa", tag, "test", SOME):
        cut = [row["context"][start:end] for start, end in row["sentence_breaks"]]
        assert cut == parser(tag).sentences(row["context"])


def test_every_role_that_a_language_can_ask_for_is_asked():
    asked = {
        (question.fact.family, question.asked)
        for row in suite.rows("squad", "en", "train", Suite(train=500))
        for question in parser("en").questions(row["question"])
    }
    families = [family for family in FAMILIES if family not in ("have", "result")]
    assert asked == {(family, role) for family in families for role in language("en").question_roles(family)}
