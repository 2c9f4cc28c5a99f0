"""Rows of a context and a question whose answer is a span of it, or that nothing in it answers.

The sentences of a context are of different families, so a question is about one of them at most; a question without an
answer is one about a fact of the context that was changed in a part that the question tells.
"""

from __future__ import annotations

from adaptx.mini.facts import ATTACHED, FAMILIES, Draw, Fact, facts, is_directed, swap_roles
from adaptx.mini.lexicon import language
from adaptx.mini.sentences import Row, Split, SurfaceForm, change_any, choose_form, drop_some_optional, passage

__all__ = ["reading"]

FAMILIES_USED = ("transfer", "social", "travel", "work", "obtain", "spatial", "act")
WITHIN = {
    "delhi": ("adriana", "madrid"),
    "paris": ("farid",),
    "january": ("november",),
    "february": ("december",),
}
"""Words that a script without spaces or with endings writes inside others: such an answer would stand twice."""
SHARE = 3  # every third question has no answer, where some have none


def reading(split: Split, index: int, *, may_abstain: bool = False, breaks: bool = False) -> Row:
    """Tell two to four facts and ask for a part of one; with ``breaks`` the row says where sentences are."""
    draw = split.draw(index)
    has_answer = not may_abstain or index % SHARE > 0
    surfaces, number, question, role = _draw_question(draw, split.name, has_answer=has_answer)
    context = passage(split.language, surfaces)
    start, end = context.answer(number, role)
    spans = [(start, end)] if has_answer else []
    return {
        "id": split.id(index),
        "title": "mini",
        "context": context.text,
        "question": split.language.ask(question, role).text,
        "answers": {"text": [context.text[a:b] for a, b in spans], "answer_start": [a for a, _ in spans]},
        **({"sentence_breaks": context.breaks} if breaks else {}),
    }


def _draw_question(draw: Draw, split: str, *, has_answer: bool) -> tuple[list[SurfaceForm], int, Fact, str]:
    """Return the facts to tell, the index of the one that is asked about, the fact of the question and its role."""
    while True:
        families = draw.some(FAMILIES_USED, 2 + draw.below(3))
        surfaces = [choose_form(draw, drop_some_optional(draw, fact)) for fact in facts(draw, families, split)]
        number = draw.below(len(surfaces))
        fact = surfaces[number].fact
        role = draw.one([each for each in sorted(language("en").question_roles(fact.family)) if each in fact])
        question = fact if has_answer else _unanswerable(draw, fact, role)
        words = {word for surface in surfaces for word in surface.fact.words.values()}
        if question is not None and words.isdisjoint(WITHIN.get(fact[role], ())):
            return surfaces, number, question, role


def _unanswerable(draw: Draw, fact: Fact, role: str) -> Fact | None:
    """Return a fact that is asked for ``role`` in another question, to which ``fact`` is no answer; None for none."""
    if is_directed(fact) and not draw.below(3):
        return swap_roles(fact)
    return change_any(draw, fact, _roles_in_question(fact, role))


def _roles_in_question(fact: Fact, role: str) -> list[str]:
    """Return the roles that a question for ``role`` tells, without the verb: who sold a thing may have lent it too."""
    family = FAMILIES[fact.family]
    asked = {role, *(each for (phrase, _), each in ATTACHED.items() if phrase == role)}
    if role == "institution":
        asked.add("seat")  # stands in the same phrase
    return [each for each in family.roles if each not in (*family.optional, *asked, "verb")]
