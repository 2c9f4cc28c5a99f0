"""Rows of two texts and a label: paraphrases, inferences, questions, and how alike two sentences are.

A paraphrase pair has the same words in two different orders, so neither a bag of words nor the forms know the label. In
a row of inference the hypothesis tells roles of the same distribution whatever the label, and so does the premise.
"""

from __future__ import annotations

from collections.abc import Sequence

from adaptx.mini.facts import FAMILIES, Draw, Fact, facts, is_directed, split_of, swapped, without
from adaptx.mini.lexicon import language
from adaptx.mini.sentences import Row, Split, SurfaceForm, changed, forms, partly, passage, tell, within

__all__ = ["INFERENCES", "answered", "inference", "paraphrase", "questions", "related"]

INFERENCES = ("entailment", "neutral", "contradiction")  # in the order of the pages' labels
SWAPPING = ("transfer", "social", "travel", "spatial")
TELLING_MORE = tuple(name for name, family in FAMILIES.items() if len(family.optional) > 1)
ASKED = ("transfer", "social", "travel")  # roles can be swapped and each of them asked for
OTHERS = ("travel", "work", "spatial", "have")  # of a longer premise: nothing that a hypothesis is about
COMPATIBLE = ("verb", "quality")  # what somebody lent may have been sold too, and what is red may be heavy
HYPERNYMS = ({"duck", "bird"}, {"hen", "bird"})
PARTS = ("agent", "patient", "verb", "place", "day")  # of a grade
CARRIERS = ("{}", "Tell me: {}", "Do you know: {}", "I want to know: {}")


def paraphrase(cell: Split, index: int) -> Row:
    """Tell a fact in two forms (label 1), or the fact and the one with its roles exchanged (label 0)."""
    draw, label = cell.draw(index), index % 2
    fact = partly(draw, _directed(draw, cell.split), least=2)
    one, two = draw.some(forms(fact), 2)
    sentence1, sentence2 = (
        cell.say(SurfaceForm(fact, one)),
        cell.say(SurfaceForm(fact if label else swapped(fact), two)),
    )
    return {"id": cell.id(index), "sentence1": sentence1, "sentence2": sentence2, "label": label}


def _directed(draw: Draw, split: str) -> Fact:
    family = draw.one(SWAPPING)
    while True:
        (fact,) = facts(draw, [family], split)
        if is_directed(fact):
            return fact


def inference(
    cell: Split,
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
    draw, label = cell.draw(index), index % len(labels)
    kind = labels[label] if labels[label] in INFERENCES else draw.one(INFERENCES[1:])
    premise, hypothesis = _inferred(draw, cell.split, kind)
    around = facts(draw, draw.some(OTHERS, 1 + draw.below(2)), cell.split) if longer else []
    told = draw.some([premise, *(tell(draw, fact) for fact in around)], 1 + len(around))
    texts = passage(cell.language, told).text, cell.say(hypothesis)
    return {id: cell.id(index), **dict(zip(columns, texts, strict=True)), "label": label}


def _inferred(draw: Draw, split: str, kind: str) -> tuple[SurfaceForm, SurfaceForm]:
    """Return a premise that leaves one optional role untold, and a hypothesis that stands to it as ``kind`` says."""
    while True:
        (fact,) = facts(draw, [draw.one(TELLING_MORE)], split)
        optional = FAMILIES[fact.family].optional
        untold = draw.one(optional)
        premise = without(fact, [untold])
        told = [role for role in optional if role != untold]
        count = 1 + draw.below(len(told))
        more = [untold] if kind == "neutral" else []
        kept = [*more, *draw.some(told, count - len(more))]
        follows = without(fact, [role for role in optional if role not in kept])
        hypothesis = _contradicted(draw, follows) if kind == "contradiction" else follows
        if hypothesis is not None:
            return _worded(draw, premise, hypothesis)


def _contradicted(draw: Draw, fact: Fact) -> Fact | None:
    """Return the fact with a told part changed or its roles exchanged; None where that is not surely another event."""
    if is_directed(fact) and not draw.below(4):
        return swapped(fact)
    found = changed(draw, fact, [role for role in fact.words if role not in COMPATIBLE])
    is_same = found is not None and "thing" in fact and {fact["thing"], found["thing"]} in HYPERNYMS
    return None if is_same else found


def _worded(draw: Draw, premise: Fact, hypothesis: Fact) -> tuple[SurfaceForm, SurfaceForm]:
    """Choose forms: two different ones where both sentences tell the same roles."""
    if premise.words.keys() == hypothesis.words.keys():
        one, two = draw.some(forms(premise), 2)
        return SurfaceForm(premise, one), SurfaceForm(hypothesis, two)
    return tell(draw, premise), tell(draw, hypothesis)


def questions(cell: Split, index: int) -> Row:
    """Ask the same question twice in other words (label 1), or with roles exchanged, or for another role (label 0)."""
    draw, label = cell.draw(index), index % 2
    (fact,) = facts(draw, [draw.one(ASKED)], cell.split)
    roles = sorted(language("en").asked(fact.family))
    first, other = draw.some(roles, 2)
    asked = [(fact, first), (fact, first)]
    if not label:
        asked[1] = draw.one([(swapped(fact), first), (fact, other)])
    carriers = draw.some(CARRIERS, 2)
    question1, question2 = (
        within(carrier, cell.language.ask(*question)) for carrier, question in zip(carriers, asked, strict=True)
    )
    return {"id": cell.id(index), "question1": question1, "question2": question2, "label": label}


def answered(cell: Split, index: int) -> Row:
    """Put a question beside a sentence that answers it (label 0), or one that tells another fact (label 1)."""
    draw, label = cell.draw(index), index % 2
    while True:
        (fact,) = facts(draw, [draw.one(ASKED)], cell.split)
        role = draw.one(sorted(language("en").asked(fact.family)))
        told = _unanswering(draw, fact, role) if label else fact
        if told is not None:
            sentence = cell.say(tell(draw, told))
            return {"question": cell.language.ask(fact, role).text, "sentence": sentence, "label": label}


def _unanswering(draw: Draw, fact: Fact, role: str) -> Fact | None:
    """Return a fact that does not answer: roles exchanged, or another person than the question's."""
    people = [each for each in ("agent", "patient") if each in fact and each != role]
    return changed(draw, fact, people) if people and draw.below(2) else swapped(fact)


def related(cell: Split, index: int, *, columns: tuple[str, str, str], least: float, most: float) -> Row:
    """Tell two facts, graded by how many parts they have in common: who, whom, what was done, where and when."""
    draw, same = cell.draw(index), index % (1 + len(PARTS))
    fact, other = facts(draw, ["social", "social"], cell.split)
    mixed = _mixed(draw, fact, other, same)
    while split_of(mixed) != cell.split:
        mixed = _mixed(draw, fact, other, same)
    grade = least + (most - least) * same / len(PARTS)
    values = (cell.say(tell(draw, fact)), cell.say(tell(draw, mixed)), grade)
    return {"id": cell.id(index), **dict(zip(columns, values, strict=True))}


def _mixed(draw: Draw, fact: Fact, other: Fact, same: int) -> Fact:
    kept = draw.some(PARTS, same)
    return Fact(fact.family, {part: (fact if part in kept else other)[part] for part in PARTS})
