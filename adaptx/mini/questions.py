"""Rows of a context and a question whose answer is a span of it, or that nothing in it answers.

The sentences of a context are of different families, so a question is about one of them at most; a question without an
answer is one about a fact of the context that was changed in a part that the question tells.
"""

from __future__ import annotations

from adaptx.mini.facts import ATTACHED, FAMILIES, Draw, Fact, facts, is_directed, swapped
from adaptx.mini.lexicon import language
from adaptx.mini.sentences import Row, Split, SurfaceForm, changed, partly, passage, tell

__all__ = ["reading"]

TOLD = ("transfer", "social", "travel", "work", "obtain", "spatial", "act")
WITHIN = {
    "delhi": ("adriana", "madrid"),
    "paris": ("farid",),
    "january": ("november",),
    "february": ("december",),
}
"""Words that a script without spaces or with endings writes inside others: such an answer would stand twice."""
SHARE = 3  # every third question has no answer, where some have none


def reading(cell: Split, index: int, *, may_abstain: bool = False, breaks: bool = False) -> Row:
    """Tell two to four facts and ask for a part of one; with ``breaks`` the row says where sentences are."""
    draw = cell.draw(index)
    has_answer = not may_abstain or index % SHARE > 0
    told, number, question, role = _asked(draw, cell.split, has_answer=has_answer)
    read = passage(cell.language, told)
    start, end = read.answer(number, role)
    spans = [(start, end)] if has_answer else []
    return {
        "id": cell.id(index),
        "title": "mini",
        "context": read.text,
        "question": cell.language.ask(question, role).text,
        "answers": {"text": [read.text[a:b] for a, b in spans], "answer_start": [a for a, _ in spans]},
        **({"sentence_breaks": read.breaks} if breaks else {}),
    }


def _asked(draw: Draw, split: str, *, has_answer: bool) -> tuple[list[SurfaceForm], int, Fact, str]:
    """Return what is told, the number of the telling that is asked about, the fact of the question and its role."""
    while True:
        families = draw.some(TOLD, 2 + draw.below(3))
        told = [tell(draw, partly(draw, fact)) for fact in facts(draw, families, split)]
        number = draw.below(len(told))
        fact = told[number].fact
        role = draw.one([each for each in sorted(language("en").asked(fact.family)) if each in fact])
        question = fact if has_answer else _otherwise(draw, fact, role)
        words = {word for telling in told for word in telling.fact.words.values()}
        if question is not None and words.isdisjoint(WITHIN.get(fact[role], ())):
            return told, number, question, role


def _otherwise(draw: Draw, fact: Fact, role: str) -> Fact | None:
    """Return a fact that is asked for ``role`` in another question, to which ``fact`` is no answer; None for none."""
    if is_directed(fact) and not draw.below(3):
        return swapped(fact)
    return changed(draw, fact, _told_in_question(fact, role))


def _told_in_question(fact: Fact, role: str) -> list[str]:
    """Return the roles that a question for ``role`` tells, without the verb: who sold a thing may have lent it too."""
    family = FAMILIES[fact.family]
    asked = {role, *(each for (phrase, _), each in ATTACHED.items() if phrase == role)}
    if role == "institution":
        asked.add("seat")  # stands in the same phrase
    return [each for each in family.roles if each not in (*family.optional, *asked, "verb")]
