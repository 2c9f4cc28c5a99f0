"""Rows of a text and some options, of which one is right: who has a thing in the end, what follows, what a thing is.

The options of a row are alike in their words and in whom they name, so none of them gives itself away. Which concepts
answer a question of common sense is split too: what is an animal in train is not asked for in test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import TypeVar

from adaptx.mini.facts import (
    ACTS,
    GIVEN_AWAY,
    GOODS,
    VERSION,
    Draw,
    Fact,
    concepts,
    facts,
    split_of,
    swap_roles,
)
from adaptx.mini.sentences import Passage, Row, Split, SurfaceForm, choose_form, drop_some_optional, passage

__all__ = ["common_sense", "consequence", "continuation", "pronoun", "split_concepts", "who_has_it"]

T = TypeVar("T")

ENDINGS = 4
STORY = ("transfer", "transfer")
STATES = {verb: state for verb, (_, state) in ACTS.items() if state is not None}  # of acts done to vessels

KINDS: Mapping[str, str] = {
    "animal": "Which of these is an animal?",
    "food": "Which of these can people eat?",
    "drink": "Which of these do people drink?",
    "garment": "Which of these do people wear?",
    "furniture": "Which of these is a piece of furniture?",
    "vehicle": "Which of these can take people from one place to another?",
    "vessel": "In which of these can something be kept?",
    "tool": "Which of these is a tool?",
    "job": "Which of these is a person's work?",
    "place": "Which of these is a city?",
    "month": "Which of these is a part of the year?",
    "day": "Which of these is a part of the week?",
}
DOUBTFUL: Mapping[str, tuple[str, ...]] = {
    "food": ("animal", "drink"),
    "drink": ("food",),
    "vehicle": ("animal",),
    "vessel": ("furniture", "vehicle", "garment"),
    "tool": ("vessel", "vehicle"),
}
"""Kinds whose words might answer the question for another kind too: they are no options beside it."""
LETTERS = ("A", "B", "C", "D", "E")


def owner(fact: Fact) -> str:
    """Return who has the thing after a transfer: only some verbs part with it."""
    return fact["patient"] if fact["verb"] in GIVEN_AWAY else fact["agent"]


def other(fact: Fact) -> str:
    """Return who of a transfer does not have the thing."""
    return fact["agent"] if fact["verb"] in GIVEN_AWAY else fact["patient"]


def _possession(fact: Fact, person: str) -> Fact:
    return Fact("have", {"agent": person, "thing": fact["thing"], "quality": fact["quality"]})


def continuation(split: Split, index: int) -> Row:
    """Tell of two transfers; only the owner of a thing can pass it on, and only what it owns."""
    draw, label = split.draw(index), index % ENDINGS
    story, (right, *wrong) = _story_and_endings(draw, split.name)
    endings = _insert(right, draw.some(wrong, len(wrong)), label)
    surfaces = [choose_form(draw, drop_some_optional(draw, fact)) for fact in story]
    return {
        "id": split.id(index),
        "ctx": passage(split.language, surfaces).text,
        "endings": [split.say(SurfaceForm(fact, "later")) for fact in endings],
        "label": label,
    }


def _story_and_endings(draw: Draw, split: str) -> tuple[list[Fact], list[Fact]]:
    """Return a story and its endings, the right one first: either person of a transfer passes on either thing."""
    while True:
        story = facts(draw, STORY, split)
        about, beside = draw.some(story, 2)
        verb = draw.one(GIVEN_AWAY)
        givers = ((giver, thing) for giver in (owner(about), other(about)) for thing in (about, beside))
        endings = [ending for pair in givers if (ending := _next_transfer(draw, *pair, verb, story)) is not None]
        if len(endings) == ENDINGS:
            return story, endings


def _next_transfer(draw: Draw, giver: str, thing: Fact, verb: str, story: Sequence[Fact]) -> Fact | None:
    """Return that somebody gave a thing to a person outside the story, in the story's split; None for nobody."""
    inside = {person for fact in story for person in (fact["agent"], fact["patient"])}
    outside = [person for person in concepts()["person"] if person not in inside]
    words = {"agent": giver, "verb": verb, "thing": thing["thing"], "quality": thing["quality"]}
    given = (Fact("transfer", {**words, "patient": person}) for person in draw.some(outside, len(outside)))
    return next((fact for fact in given if split_of(fact) == split_of(story[0])), None)


def _insert(right: T, wrong: Sequence[T], index: int) -> list[T]:
    """Return the right option at its place among the wrong ones."""
    return [*wrong[:index], right, *wrong[index:]]


def who_has_it(split: Split, index: int, *, columns: Sequence[str], first: int = 0) -> Row:
    """Tell of two transfers and ask who has one of the things now; ``first`` is the number of the first option."""
    draw, label = split.draw(index), index % len(columns)
    story, about, beside = _draw_story(draw, split.name)
    wrong = [other(about), *draw.some((beside["agent"], beside["patient"]), len(columns) - 2)]
    people = _insert(owner(about), draw.some(wrong, len(wrong)), label)
    surfaces = [choose_form(draw, drop_some_optional(draw, fact)) for fact in story]
    context = passage(split.language, surfaces)
    names = _names(context, surfaces)
    return {
        "id": split.id(index),
        "context": context.text,
        "question": split.language.ask(_possession(about, owner(about)), "agent").text,
        **dict(zip(columns, (names[person] for person in people), strict=True)),
        "label": str(first + label),
    }


def _draw_story(draw: Draw, split: str) -> tuple[list[Fact], Fact, Fact]:
    """Return two transfers, then the one after which it can be asked who has the thing, and the other."""
    while True:
        story = facts(draw, STORY, split)
        about, beside = draw.some(story, 2)
        if split_of(_possession(about, owner(about))) == split:
            return story, about, beside


def _names(context: Passage, surfaces: Sequence[SurfaceForm]) -> dict[str, str]:
    """Return what the people of transfers are called in a text."""
    return {
        surface.fact[role]: sentence.part(role)
        for surface, sentence in zip(surfaces, context.sentences, strict=True)
        for role in ("agent", "patient")
    }


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens and what is so afterwards, beside another event and what would be so after that."""

    right: tuple[Fact, Fact]
    wrong: tuple[Fact, Fact]


def consequence(split: Split, index: int) -> Row:
    """Ask for the effect of an event, or for the cause of how things are now."""
    draw, label = split.draw(index), index % 2
    event = draw.one((_transfer, _act))(draw, split.name)
    given = draw.below(2)  # what comes first, or what comes of it
    premise, right, wrong = (
        split.say(SurfaceForm(fact, "plain"))
        for fact in (event.right[given], event.right[1 - given], event.wrong[1 - given])
    )
    choice1, choice2 = _insert(right, [wrong], label)
    return {
        "idx": index,
        "premise": premise,
        "question": ("effect", "cause")[given],
        "choice1": choice1,
        "choice2": choice2,
        "label": label,
    }


def _transfer(draw: Draw, split: str) -> Event:
    """Return a transfer and who has the thing, beside the transfer the other way round."""
    while True:
        thing = draw.one(concepts()[draw.one(GOODS)])
        quality = draw.one(concepts()["quality"])
        people = _holders(thing, quality, split)
        if len(people) <= 1:
            continue
        agent, patient = draw.some(people, 2)
        roles = {"agent": agent, "patient": patient, "verb": draw.one(concepts()["transfer"])}
        event = Fact("transfer", {**roles, "thing": thing, "quality": quality})
        if split_of(event) == split:
            right, wrong = (_possession(event, person) for person in (owner(event), other(event)))
            return Event((event, right), (swap_roles(event), wrong))


@cache
def _holders(thing: str, quality: str, split: str) -> tuple[str, ...]:
    """Return the people of whom a split can say that they have a thing."""
    has = (Fact("have", {"agent": person, "thing": thing, "quality": quality}) for person in concepts()["person"])
    return tuple(fact["agent"] for fact in has if split_of(fact) == split)


def _act(draw: Draw, split: str) -> Event:
    """Return what somebody did to a thing and how it is now, beside another such act."""
    while True:
        thing, *verbs = draw.one(_acts(split))
        agent, quality = draw.one(concepts()["person"]), draw.one(concepts()["quality"])
        shared = {"thing": thing, "quality": quality}
        acts = [Fact("act", {"agent": agent, "verb": verb, **shared}) for verb in verbs]
        if all(split_of(act) == split for act in acts):
            right, wrong = ((act, Fact("result", {**shared, "state": STATES[act["verb"]]})) for act in acts)
            return Event(right, wrong)


@cache
def _acts(split: str) -> tuple[tuple[str, str, str], ...]:
    """Return every (thing, verb, other verb) whose results are both of a split."""
    return tuple(
        (thing, *verbs)
        for thing in concepts()["vessel"]
        for verbs in permutations(STATES, 2)
        if all(split_of(Fact("result", {"thing": thing, "state": STATES[verb]})) == split for verb in verbs)
    )


def pronoun(split: Split, index: int) -> Row:
    """Tell of a transfer, and with a blank for the name who has the thing now."""
    draw, label = split.draw(index), index % 2
    event = _transfer(draw, split.name)
    context = passage(split.language, [SurfaceForm(fact, "plain") for fact in event.right])
    start, end = context.answer(1, "agent")
    right, wrong = (split.language.say(state, "plain").part("agent") for _, state in (event.right, event.wrong))
    option1, option2 = _insert(right, [wrong], label)
    sentence = f"{context.text[:start]}_{context.text[end:]}"
    return {"sentence": sentence, "option1": option1, "option2": option2, "answer": str(1 + label)}


def common_sense(split: Split, index: int) -> Row:
    """Ask which of five words is of a kind; one word of each of five kinds is offered."""
    draw, label = split.draw(index), index % len(LETTERS)
    kind = draw.one(tuple(KINDS))
    kinds = [each for each in KINDS if each != kind and each not in DOUBTFUL.get(kind, ())]
    wrong = [draw.one(split_concepts(each, split.name)) for each in draw.some(kinds, len(LETTERS) - 1)]
    options = _insert(draw.one(split_concepts(kind, split.name)), wrong, label)
    texts = [split.language.words[concept]["head"] for concept in options]
    choices = {"text": texts, "label": list(LETTERS)}
    return {"id": split.id(index), "question": KINDS[kind], "choices": choices, "answerKey": LETTERS[label]}


@cache
def split_concepts(kind: str, split: str) -> tuple[str, ...]:
    """Return the concepts of a kind that questions of a split are about: a quarter each for dev and test."""
    words = Draw("kind", VERSION, kind).some(concepts()[kind], len(concepts()[kind]))
    size = len(words) // 4
    parts = {"dev": words[:size], "test": words[size : 2 * size], "train": words[2 * size :]}
    return tuple(parts[split])
