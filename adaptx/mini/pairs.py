"""Rows of two texts and a label: paraphrases, inferences, questions, and how alike two sentences are.

A paraphrase pair has the same words in two different orders, so neither a bag of words nor the forms know the label. In
a row of inference the hypothesis tells roles of the same distribution whatever the label, and so does the premise.
"""

from __future__ import annotations

from collections.abc import Sequence

from adaptx.mini.facts import FAMILIES, Draw, Fact, drop_roles, facts, is_directed, split_of, swap_roles
from adaptx.mini.lexicon import language
from adaptx.mini.sentences import (
    Row,
    Split,
    SurfaceForm,
    change_any,
    choose_form,
    drop_some_optional,
    fill_saying,
    forms,
    passage,
)

__all__ = ["INFERENCES", "answerability", "inference", "paraphrase", "questions", "relatedness"]

INFERENCES = ("entailment", "neutral", "contradiction")  # in the order of the pages' labels
SWAPPABLE = ("transfer", "social", "travel", "spatial")
WITH_OPTIONAL = tuple(name for name, family in FAMILIES.items() if len(family.optional) > 1)
ASKED = ("transfer", "social", "travel")  # roles can be swapped and each of them asked for
OTHERS = ("travel", "work", "spatial", "have")  # of a longer premise: nothing that a hypothesis is about
COMPATIBLE = ("verb", "quality")  # what somebody lent may have been sold too, and what is red may be heavy
HYPERNYMS = ({"duck", "bird"}, {"hen", "bird"})
PARTS = ("agent", "patient", "verb", "place", "day")  # of a grade
CARRIERS = ("{}", "Tell me: {}", "Do you know: {}", "I want to know: {}")


def paraphrase(split: Split, index: int) -> Row:
    """Tell a fact in two forms (label 1), or the fact and the one with its roles exchanged (label 0)."""
    draw, label = split.draw(index), index % 2
    fact = drop_some_optional(draw, _draw_directed(draw, split.name), least=2)
    one, two = draw.some(forms(fact), 2)
    sentence1, sentence2 = (
        split.say(SurfaceForm(fact, one)),
        split.say(SurfaceForm(fact if label else swap_roles(fact), two)),
    )
    return {"id": split.id(index), "sentence1": sentence1, "sentence2": sentence2, "label": label}


def _draw_directed(draw: Draw, split: str) -> Fact:
    family = draw.one(SWAPPABLE)
    while True:
        (fact,) = facts(draw, [family], split)
        if is_directed(fact):
            return fact


def inference(
    split: Split,
    index: int,
    *,
    labels: Sequence[str] = INFERENCES,
    columns: tuple[str, str] = ("premise", "hypothesis"),
    id: str = "id",
    longer: bool = False,
) -> Row:
    """Tell of one event twice: the second sentence follows from the first, tells more, or tells something else.

    Of two ``labels`` the second is whatever does not follow. A ``longer`` premise tells of other facts too.
    """
    draw, label = split.draw(index), index % len(labels)
    kind = labels[label] if labels[label] in INFERENCES else draw.one(INFERENCES[1:])
    premise, hypothesis = _premise_and_hypothesis(draw, split.name, kind)
    around = facts(draw, draw.some(OTHERS, 1 + draw.below(2)), split.name) if longer else []
    surfaces = draw.some([premise, *(choose_form(draw, fact) for fact in around)], 1 + len(around))
    texts = passage(split.language, surfaces).text, split.say(hypothesis)
    return {id: split.id(index), **dict(zip(columns, texts, strict=True)), "label": label}


def _premise_and_hypothesis(draw: Draw, split: str, kind: str) -> tuple[SurfaceForm, SurfaceForm]:
    """Return a premise that leaves one optional role untold, and a hypothesis that stands to it as ``kind`` says."""
    while True:
        (fact,) = facts(draw, [draw.one(WITH_OPTIONAL)], split)
        optional = FAMILIES[fact.family].optional
        left_out = draw.one(optional)
        premise = drop_roles(fact, [left_out])
        others = [role for role in optional if role != left_out]
        count = 1 + draw.below(len(others))
        more = [left_out] if kind == "neutral" else []
        mentioned = [*more, *draw.some(others, count - len(more))]
        follows = drop_roles(fact, [role for role in optional if role not in mentioned])
        hypothesis = _contradiction(draw, follows) if kind == "contradiction" else follows
        if hypothesis is not None:
            return _choose_forms(draw, premise, hypothesis)


def _contradiction(draw: Draw, fact: Fact) -> Fact | None:
    """Return the fact with a told part changed or its roles exchanged; None where that is not surely another event."""
    if is_directed(fact) and not draw.below(4):
        return swap_roles(fact)
    found = change_any(draw, fact, [role for role in fact.words if role not in COMPATIBLE])
    is_same = found is not None and "thing" in fact and {fact["thing"], found["thing"]} in HYPERNYMS
    return None if is_same else found


def _choose_forms(draw: Draw, premise: Fact, hypothesis: Fact) -> tuple[SurfaceForm, SurfaceForm]:
    """Choose forms: two different ones where both sentences tell the same roles."""
    if premise.words.keys() == hypothesis.words.keys():
        one, two = draw.some(forms(premise), 2)
        return SurfaceForm(premise, one), SurfaceForm(hypothesis, two)
    return choose_form(draw, premise), choose_form(draw, hypothesis)


def questions(split: Split, index: int) -> Row:
    """Ask the same question twice in other words (label 1), or with roles exchanged, or for another role (label 0)."""
    draw, label = split.draw(index), index % 2
    (fact,) = facts(draw, [draw.one(ASKED)], split.name)
    roles = sorted(language("en").question_roles(fact.family))
    first, other = draw.some(roles, 2)
    asked_for = [(fact, first), (fact, first)]
    if not label:
        asked_for[1] = draw.one([(swap_roles(fact), first), (fact, other)])
    carriers = draw.some(CARRIERS, 2)
    question1, question2 = (
        fill_saying(carrier, split.language.ask(*question))
        for carrier, question in zip(carriers, asked_for, strict=True)
    )
    return {"id": split.id(index), "question1": question1, "question2": question2, "label": label}


def answerability(split: Split, index: int) -> Row:
    """Put a question beside a sentence that answers it (label 0), or one that tells another fact (label 1)."""
    draw, label = split.draw(index), index % 2
    while True:
        (fact,) = facts(draw, [draw.one(ASKED)], split.name)
        role = draw.one(sorted(language("en").question_roles(fact.family)))
        fact_in_sentence = _non_answer(draw, fact, role) if label else fact
        if fact_in_sentence is not None:
            sentence = split.say(choose_form(draw, fact_in_sentence))
            return {"question": split.language.ask(fact, role).text, "sentence": sentence, "label": label}


def _non_answer(draw: Draw, fact: Fact, role: str) -> Fact | None:
    """Return a fact that does not answer: roles exchanged, or another person than the question's."""
    people = [each for each in ("agent", "patient") if each in fact and each != role]
    return change_any(draw, fact, people) if people and draw.below(2) else swap_roles(fact)


def relatedness(split: Split, index: int, *, columns: tuple[str, str, str], least: float, most: float) -> Row:
    """Tell two facts, graded by how many parts they have in common: who, whom, what was done, where and when."""
    draw, same = split.draw(index), index % (1 + len(PARTS))
    fact, other = facts(draw, ["social", "social"], split.name)
    mixed = _mix(draw, fact, other, same)
    while split_of(mixed) != split.name:
        mixed = _mix(draw, fact, other, same)
    grade = least + (most - least) * same / len(PARTS)
    values = (split.say(choose_form(draw, fact)), split.say(choose_form(draw, mixed)), grade)
    return {"id": split.id(index), **dict(zip(columns, values, strict=True))}


def _mix(draw: Draw, fact: Fact, other: Fact, same: int) -> Fact:
    kept = draw.some(PARTS, same)
    return Fact(fact.family, {part: (fact if part in kept else other)[part] for part in PARTS})
