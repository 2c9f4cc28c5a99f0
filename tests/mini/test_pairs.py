"""Pairs: labels that an independent reading of the facts confirms, and nothing that gives them away."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from parser import parser
from seeds import of_any_seed

from adaptx.mini import suite
from adaptx.mini.facts import FAMILIES, concepts
from adaptx.mini.lexicon import tags
from adaptx.mini.pairs import INFERENCES
from adaptx.mini.suite import Suite

MANY = Suite(train=1200, dev=300, test=300)


def words(text):
    return sorted(text.rstrip(".?").lower().split())


def fronts(text):
    """Return whether a sentence begins with something else than who did it."""
    return text.split()[0] in ("In", "On", "From", "Under", "Behind", "Beside")


def carried(question):
    return question.rpartition(": ")[0]


def relation(premise, hypothesis):
    """Return how a fact stands to another telling of the same event."""
    shared = premise.words.keys() & hypothesis.words.keys()
    if any(premise[role] != hypothesis[role] for role in shared):
        return "contradiction"
    return "neutral" if hypothesis.words.keys() - shared else "entailment"


def share_of_best_guess(rows, feature, label="label"):
    """Return the accuracy of the best rule that knows one feature of a row."""
    counts = {}
    for row in rows:
        counts.setdefault(feature(row), Counter())[row[label]] += 1
    return sum(max(found.values()) for found in counts.values()) / len(rows)


@pytest.mark.parametrize("tag", tags())
@of_any_seed
def test_a_paraphrase_tells_one_fact_and_a_swap_another_in_every_language(tag, asked):
    for row in suite.rows("pawsx", tag, "test", asked):
        ((one,), (two,)) = (parser(tag).facts(row[key]) for key in ("sentence1", "sentence2"))
        swaps = {role for pair in FAMILIES[one.family].swaps for role in pair}
        assert {role for role in one.words if one[role] != two[role]} == (set() if row["label"] else swaps)
        assert row["sentence1"] != row["sentence2"]


def test_what_may_be_true_of_one_event_is_no_contradiction(meanings):
    for row in suite.rows("mnli", "en", "train", replace(MANY, train=2400)):
        premise, hypothesis = (meanings[row[key]] for key in ("premise", "hypothesis"))
        other = [role for role in premise.words.keys() & hypothesis.words.keys() if premise[role] != hypothesis[role]]
        assert not {"quality", "verb"}.intersection(other), row
        things = {fact["thing"] for fact in (premise, hypothesis) if "thing" in fact}
        assert "bird" not in things or things <= {"bird"} or not {"duck", "hen"} & things, row


@pytest.mark.parametrize("tag", tags())
@of_any_seed
def test_an_inference_is_what_its_sentences_say_in_every_language(tag, asked):
    for row in suite.rows("xnli", tag, "test", asked):
        ((premise,), (hypothesis,)) = (parser(tag).facts(row[key]) for key in ("premise", "hypothesis"))
        assert INFERENCES[row["label"]] == relation(premise, hypothesis)


def test_what_is_beside_a_thing_has_it_beside_itself_and_makes_no_pair(meanings):
    list(suite.rows("pawsx", "en", "train", MANY))
    relations = {fact["relation"] for fact in meanings.values() if fact.family == "spatial"}
    assert relations == set(concepts()["relation"]) - {"beside"}


def test_a_paraphrase_pair_is_one_bag_of_words_in_two_orders():
    for row in suite.rows("pawsx", "en", "train", MANY):
        assert words(row["sentence1"]) == words(row["sentence2"])
        assert row["sentence1"] != row["sentence2"]


def test_the_forms_of_a_paraphrase_pair_do_not_know_its_label():
    rows = list(suite.rows("pawsx", "en", "train", MANY))
    assert share_of_best_guess(rows, lambda row: tuple(fronts(row[key]) for key in ("sentence1", "sentence2"))) < 0.55
    assert share_of_best_guess(rows, lambda row: len(row["sentence1"].split())) < 0.55
    assert Counter(row["label"] for row in rows) == {0: 600, 1: 600}


@pytest.mark.parametrize(
    ("task", "columns"), [("mnli", ("premise", "hypothesis")), ("sick", ("sentence_A", "sentence_B"))]
)
def test_an_inference_is_what_the_facts_say(task, columns, meanings):
    rows = list(suite.rows(task, "en", "train", MANY))
    for row in rows:
        premise, hypothesis = (meanings[row[column]] for column in columns)
        assert INFERENCES[row["label"]] == relation(premise, hypothesis)
        assert row[columns[0]] != row[columns[1]]
    assert Counter(row["label"] for row in rows) == {0: 400, 1: 400, 2: 400}


def test_a_longer_premise_tells_one_fact_of_the_family_of_its_hypothesis(meanings):
    for row in suite.rows("anli", "en", "train", MANY):
        hypothesis = meanings[row["hypothesis"]]
        told = [meanings[f"{text.rstrip('.')}."] for text in row["premise"].split(". ")]
        (premise,) = (fact for fact in told if fact.family == hypothesis.family)
        assert len(told) in (2, 3)
        assert INFERENCES[row["label"]] == relation(premise, hypothesis)


def test_neither_side_of_an_inference_knows_its_label(meanings):
    rows = list(suite.rows("mnli", "en", "train", replace(MANY, train=3000)))
    for side in ("premise", "hypothesis"):
        texts = [{"text": row[side], "label": row["label"]} for row in rows]
        assert share_of_best_guess(texts, lambda row: tuple(sorted(meanings[row["text"]].words))) < 0.40
        assert share_of_best_guess(texts, lambda row: fronts(row["text"])) < 0.37


def test_two_questions_are_one_if_they_ask_for_the_same_role_of_the_same_fact():
    rows = list(suite.rows("qqp", "en", "train", MANY))
    for row in rows:
        plain = [row[key].rpartition(": ")[2].lower() for key in ("question1", "question2")]
        assert (plain[0] == plain[1]) == (row["label"] == 1)
        assert row["question1"] != row["question2"]
    assert share_of_best_guess(rows, lambda row: carried(row["question1"]) + carried(row["question2"])) < 0.56


def test_a_question_is_answered_by_the_sentence_that_tells_its_fact(meanings):
    for row in suite.rows("qnli", "en", "train", MANY):
        question, sentence = meanings[row["question"]], meanings[row["sentence"]]
        assert (question == sentence) == (row["label"] == 0)
        assert question.family == sentence.family


def test_a_grade_counts_the_parts_in_common(meanings):
    for task, columns, least in (
        ("stsb", ("sentence1", "sentence2", "label"), 0),
        ("sick-relatedness", ("sentence_A", "sentence_B", "relatedness_score"), 1),
    ):
        rows = list(suite.rows(task, "en", "train", MANY))
        for row in rows:
            one, two = (meanings[row[column]] for column in columns[:2])
            same = sum(one[role] == two[role] for role in one.words)
            assert row[columns[2]] == pytest.approx(least + (5 - least) * same / 5)
        assert len({row[columns[2]] for row in rows}) == 6
