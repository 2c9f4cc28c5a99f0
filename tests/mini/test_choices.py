"""Choices: the right option follows from what is told, and no option gives itself away."""

from __future__ import annotations

from collections import Counter

import pytest
from parser import parser
from seeds import of_any_seed

from adaptx.mini import suite
from adaptx.mini.choices import KINDS, split_concepts
from adaptx.mini.facts import ACTS, concepts
from adaptx.mini.lexicon import language, tags
from adaptx.mini.suite import Suite

SOME = Suite(train=60, dev=30, test=30)
PASSED_ON = {"give", "lend", "sell", "send", "bring"}


def facts_of(tag, text):
    return [fact for sentence in parser(tag).sentences(text) for fact in parser(tag).facts(sentence)]


def owners(told):
    """Return (thing, quality) -> who has it after the transfers."""
    return {
        (fact["thing"], fact["quality"]): fact["patient"] if fact["verb"] in PASSED_ON else fact["agent"]
        for fact in told
    }


def test_only_the_right_ending_passes_on_what_its_giver_has():
    rows = list(suite.rows("hellaswag", "en", "train", SOME))
    for row in rows:
        has = owners(facts_of("en", row["ctx"]))
        endings = [parser("en").facts(ending)[0] for ending in row["endings"]]
        possible = [has[fact["thing"], fact["quality"]] == fact["agent"] for fact in endings]
        assert [place for place, is_right in enumerate(possible) if is_right] == [row["label"]]
        assert len({fact["agent"] for fact in endings}) == len({fact["thing"] for fact in endings}) == 2
    assert Counter(row["label"] for row in rows) == dict.fromkeys(range(4), 15)


@pytest.mark.parametrize(
    ("task", "columns", "labels"),
    [("cosmosqa", [f"answer{n}" for n in range(4)], "0123"), ("siqa", ["answerA", "answerB", "answerC"], "123")],
)
def test_the_right_name_has_the_thing_and_all_names_stand_in_the_story(task, columns, labels):
    for row in suite.rows(task, "en", "train", SOME):
        (question,) = parser("en").questions(row["question"])
        owner = owners(facts_of("en", row["context"]))[question.fact["thing"], question.fact["quality"]]
        names = [row[column] for column in columns]
        assert names[labels.index(row["label"])] == language("en").words[owner]["head"]
        assert all(name in row["context"] for name in names)
        assert len(set(names)) == len(names)


def follows(event, state):
    if event.family == "transfer":
        return owners([event])[event["thing"], event["quality"]] == state["agent"]
    return ACTS[event["verb"]][1] == state["state"] and event["thing"] == state["thing"]


@pytest.mark.parametrize("tag", tags())
@of_any_seed
def test_only_the_right_choice_is_the_cause_or_the_effect_in_every_language(tag, asked):
    rows = list(suite.rows("xcopa", tag, "test", asked))
    for row in rows:
        premise, *choices = (parser(tag).facts(row[key])[0] for key in ("premise", "choice1", "choice2"))
        pairs = [(premise, choice) if row["question"] == "effect" else (choice, premise) for choice in choices]
        assert [follows(*pair) for pair in pairs] == [row["label"] == 0, row["label"] == 1]


@pytest.mark.parametrize("tag", tags())
@of_any_seed
def test_a_pronoun_means_who_has_the_thing(tag, asked):
    for row in suite.rows("xwinograd", tag, "test", asked):
        options = [row["option1"], row["option2"]]
        told = facts_of(tag, row["sentence"].replace("_", options[int(row["answer"]) - 1]))
        assert len(told) == 2
        assert follows(*told)
        assert row["sentence"].count("_") == 1
        assert len(set(options)) == 2


def test_one_of_five_words_is_of_the_kind_and_no_split_asks_for_the_words_of_another():
    kind_of = {language("en").words[word]["head"]: kind for kind in KINDS for word in concepts()[kind]}
    asked = {}
    for split in ("train", "dev", "test"):
        for row in suite.rows("commonsenseqa", "en", split, SOME):
            kinds = [KINDS[kind_of[text]] for text in row["choices"]["text"]]
            right = row["choices"]["label"].index(row["answerKey"])
            assert [place for place, question in enumerate(kinds) if question == row["question"]] == [right]
            asked.setdefault(split, set()).update(row["choices"]["text"])
    assert not asked["train"] & asked["test"]
    assert not asked["dev"] & (asked["train"] | asked["test"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_of_a_kind_are_shared_out(kind):
    parts = [split_concepts(kind, split) for split in ("train", "dev", "test")]
    assert sorted(word for part in parts for word in part) == sorted(concepts()[kind])
    assert all(parts)
