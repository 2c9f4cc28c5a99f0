"""One row under attack: its randomness, what it asks twice, and the outcome that follows from its sessions."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from adaptx.robustness.attack import Attack, Edit, attack, resolve_request
from adaptx.robustness.deadline import Patience
from adaptx.robustness.example_attack import AttackContext, ExampleAttack
from adaptx.robustness.questions import starts
from adaptx.tasks.example import ClassPrediction, TagPrediction
from adaptx.tasks.forms import form_named
from adaptx.testing import pair, tagging, task_of

# Three labels: O, B-X, I-X. Two entities among ten tokens; of the clean tags one entity is right and one is made up.
TOKENS = tuple("abcdefghij")
GOLD = (1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
HALF = (1, 0, 1, 0, 0, 0, 0, 0, 0, 0)  # F1 2/4
SENTENCE = tagging("t", "en", TOKENS, GOLD)
PAIR = pair("p", "en", "some words", "more words")


def context(asking: Attack, form: str, *, budget: int = 4, seconds: float = 5.0) -> AttackContext:
    task = replace(task_of(form), metric="f1" if form == "tagging" else "accuracy")
    request = resolve_request(asking, {}, budget=budget)
    begin = starts(request, task.name, "en", {})
    return AttackContext(
        form=form_named(form),
        task=task,
        request=request,
        language="en",
        starts=begin,
        patience=Patience(seconds=seconds),
    )


def tags(*values: int) -> TagPrediction:
    return TagPrediction(tuple(values), (math.log(0.5),) * len(values))


def label(right: bool, probability: float = 0.9) -> ClassPrediction:
    logs = (math.log(1 - probability), math.log(probability))
    return ClassPrediction(int(right), logs if right else logs[::-1])


def drive(
    row: ExampleAttack, answer, see=lambda example: json.dumps(dict(example.texts)).encode()
) -> list[tuple[str, ...]]:
    """Answer a row's questions until it ends, as the engine does; return the texts that the model was asked."""
    asked = []
    while row.questions:
        for example in row.unread():
            if row.read(example, see(example)):
                asked.append(tuple(example.texts.values()))
                row.known[see(example)] = answer(example)
        row.answer()
    return asked


def asks(*rounds, field="sentence1"):
    """Return an attack that asks to replace the first character of its field, by one text a candidate."""

    @attack("asks", needs="scores", version=1)
    def asking(example, *, rng, budget):
        for candidates in rounds:
            yield [(Edit(field, 0, 1, new),) if new is not None else () for new in candidates]

    return asking


@pytest.mark.parametrize("predicted", [(1, 1, 1, 1, 1, 1, 0, 0, 0, 0), HALF])
def test_an_adversarial_text_that_leaves_the_value_as_it_was_leaves_its_terms_too(predicted):
    """Two of four and four of eight are one F1; the row's share of the cell's score must not move by it."""
    row = ExampleAttack(context(asks(["x"], field="tokens"), "tagging"), SENTENCE, tags(*HALF))
    assert (row.clean_value, row.clean_terms) == (0.5, (2.0, 4.0))
    drive(row, lambda _: tags(*predicted))
    outcome = row.outcome()
    assert (outcome["value_under_attack"], outcome["terms_under_attack"]) == (0.5, [2.0, 4.0])
    assert outcome["edits"] == '[["tokens", 0, 1, "x"]]'


def test_a_lower_value_brings_its_own_terms():
    row = ExampleAttack(context(asks(["x"], field="tokens"), "tagging"), SENTENCE, tags(*HALF))
    drive(row, lambda _: tags(0, 0, 1, 1, 0, 0, 0, 0, 0, 0))
    outcome = row.outcome()
    assert (outcome["value_under_attack"], outcome["terms_under_attack"]) == (0.0, [0.0, 4.0])


def test_a_higher_value_is_never_stored_for_an_attacker_may_leave_the_text_alone():
    row = ExampleAttack(context(asks(["x"], field="tokens"), "tagging"), SENTENCE, tags(*HALF))
    drive(row, lambda _: tags(*GOLD))
    outcome = row.outcome()
    assert (outcome["value_under_attack"], outcome["terms_under_attack"]) == (0.5, [2.0, 4.0])


def test_a_row_answered_wrong_has_no_sessions_and_keeps_its_value():
    row = ExampleAttack(context(asks(["x"]), "classification"), PAIR, label(right=False))
    assert (row.sessions, row.questions, row.unread()) == ([], 0, [])
    outcome = row.outcome()
    assert (outcome["status"], outcome["clean_correct"], outcome["attacked"]) == ("wrong", False, False)
    assert (outcome["clean_value"], outcome["value_under_attack"], outcome["baseline_value"]) == (0.0, 0.0, 0.0)
    assert (outcome["queries"], outcome["baseline_queries"], outcome["candidates"]) == (0, 0, 0)
    assert outcome["original"] == outcome["adversarial"] == dict(PAIR.texts)
    assert outcome["error"] is None


def test_a_text_is_asked_once_and_both_sessions_hear_of_it():
    row = ExampleAttack(context(asks(["x", "x"], ["x", "y"]), "classification"), PAIR, label(right=True))
    asked = drive(row, lambda _: label(right=True))
    assert len(asked) == len(set(asked))
    outcome = row.outcome()
    assert outcome["queries"] == 4  # each candidate counts, known or not
    assert outcome["candidates"] == 2  # different texts
    assert outcome["status"] == "survived"


def test_the_clean_text_is_answered_from_what_is_known():
    row = ExampleAttack(context(asks([None, "x"]), "classification"), PAIR, label(right=True))
    asked = drive(row, lambda _: label(right=True))
    assert tuple(PAIR.texts.values()) not in asked
    outcome = row.outcome()
    assert (outcome["queries"], outcome["candidates"], outcome["no_op_candidates"]) == (2, 2, 1)


def test_a_text_that_the_model_cannot_tell_from_the_clean_one_gets_its_answer_and_is_counted():
    def blind(example):
        return json.dumps([text.lower() for text in example.texts.values()]).encode()

    row = ExampleAttack(context(asks(["S", "x"]), "classification"), PAIR, label(right=True))
    row.sessions[1].asked = []  # the attack alone
    assert drive(row, lambda _: label(right=True, probability=0.95), blind) == [("xome words", "more words")]
    outcome = row.outcome()
    assert (outcome["candidates"], outcome["no_op_candidates"]) == (2, 1)
    assert outcome["no_op"]  # kept for its score, which is the clean text's; the other is surer still
    assert json.loads(outcome["edits"]) == [["sentence1", 0, 1, "S"]]


def test_success_stores_the_text_the_value_and_what_it_took():
    row = ExampleAttack(context(asks(["x"], ["y"], ["z"]), "classification"), PAIR, label(right=True))
    drive(row, lambda example: label(right=not example.texts["sentence1"].startswith("y")))
    outcome = row.outcome()
    assert (outcome["status"], outcome["reached"], outcome["value_under_attack"]) == ("success", True, 0.0)
    assert (outcome["queries"], outcome["edited_clusters"], outcome["clusters"]) == (2, 1, 20)
    assert outcome["adversarial"] == {"sentence1": "yome words", "sentence2": "more words"}
    assert (outcome["clean_terms"], outcome["terms_under_attack"]) == ([1.0, 1.0], [0.0, 1.0])


def test_an_error_of_the_attack_takes_away_all_that_it_found():
    @attack("fails", needs="labels", version=1)
    def fails(example, *, rng, budget):
        yield [(Edit("sentence1", 0, 1, "x"),)]
        raise ValueError("no more")

    row = ExampleAttack(context(fails, "classification"), PAIR, label(right=True, probability=0.6))
    drive(row, lambda _: label(right=True, probability=0.55))
    outcome = row.outcome()
    assert (outcome["status"], outcome["error"], outcome["attacked"]) == ("error", "ValueError: no more", False)
    assert (outcome["reached"], outcome["value_under_attack"], outcome["edits"]) == (False, 1.0, "[]")
    assert outcome["queries"] == 1  # what was asked was asked


def test_an_attack_of_labels_hears_no_score_and_its_baseline_never_does():
    heard = []

    @attack("listens", needs="labels", version=1)
    def listens(example, *, rng, budget):
        heard.extend((yield [(Edit("sentence1", 0, 1, "x"),)]))

    row = ExampleAttack(context(listens, "classification"), PAIR, label(right=True))
    drive(row, lambda _: label(right=True))
    assert [hasattr(reply, "score") for reply in heard] == [False]
    assert [(reply.reached, reply.answer) for reply in heard] == [(False, 1)]


def test_context_is_given_to_an_attack_that_names_it_and_to_no_other():
    given = {}

    @attack("names", needs="labels", version=1)
    def names(example, *, rng, budget, fields, protected, alphabet):
        given.update(fields=fields, protected=protected, alphabet=alphabet)
        yield [()]

    row = ExampleAttack(context(names, "tagging"), SENTENCE, tags(*GOLD))
    drive(row, lambda _: tags(*GOLD))
    assert given["fields"] == ("tokens",)
    assert given["protected"] == {"tokens": tuple((place, place + 1) for place in range(1, 19, 2))}
    assert given["alphabet"] == {}
    assert ExampleAttack(context(asks([None]), "tagging"), SENTENCE, tags(*GOLD)).sessions[0].error is None


def test_the_baseline_runs_beside_with_the_budget_and_is_told_apart():
    row = ExampleAttack(context(asks([None]), "classification", budget=6), PAIR, label(right=True))
    drive(row, lambda example: label(right=example.texts == PAIR.texts))
    outcome = row.outcome()
    assert (outcome["queries"], outcome["reached"], outcome["value_under_attack"]) == (1, False, 1.0)
    assert (outcome["baseline_reached"], outcome["baseline_value"]) == (True, 0.0)
    assert outcome["baseline_terms"] == [0.0, 1.0]
    assert outcome["baseline_edited_clusters"] == 2  # a swap
    assert outcome["candidates"] == 1  # of the attack, not of the baseline
