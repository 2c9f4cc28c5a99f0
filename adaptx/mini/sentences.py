"""What every row is made from: a split of a task in a language, and facts with their surface forms.

Owns `Split`, the choice of surface forms and of what is left out, and texts of several sentences; knows no task. All of
it is drawn before a word of any language is said, so row ``i`` means the same in every language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from adaptx.mini.facts import FAMILIES, VERSION, Draw, Fact, change, drop_roles, split_of
from adaptx.mini.lexicon import Language, Sentence, language

__all__ = [
    "Maker",
    "Passage",
    "Row",
    "Split",
    "SurfaceForm",
    "change_any",
    "choose_form",
    "drop_some_optional",
    "fill_saying",
    "forms",
    "passage",
]

Row = dict[str, object]

TRIES = 20  # a change of what decides the split hits the same split in every third to tenth draw
STORY = ("later", "now")  # forms that go on with a story, of what `have` and `result` need not


class SurfaceForm(NamedTuple):
    """A fact and the name of the form in which it is told."""

    fact: Fact
    form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One split of a task in one language: what its rows are made for. ``rows`` is how many there are."""

    task: str
    name: str
    language: Language
    seed: int
    rows: int

    def draw(self, *key: object) -> Draw:
        """Return the choices of one row: the same in every language."""
        return Draw("row", VERSION, self.seed, self.task, self.name, *key)

    def id(self, index: int) -> str:
        """Return the id of a row: the same in every language."""
        return f"{self.name}-{index}"

    def say(self, surface: SurfaceForm) -> str:
        """Return the sentence of a surface form."""
        return self.language.say(*surface).text


Maker = Callable[[Split, int], Row]
"""Makes the row of an index; labels go round by index, so that they are balanced."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences as one text, and where each begins."""

    text: str
    sentences: tuple[Sentence, ...]
    starts: tuple[int, ...]

    def answer(self, number: int, role: str) -> tuple[int, int]:
        """Return where the phrase of a role of a sentence stands in the text."""
        start, end = self.sentences[number].span(role)
        return self.starts[number] + start, self.starts[number] + end

    @property
    def breaks(self) -> list[tuple[int, int]]:
        """Where each sentence begins and ends in the text."""
        return [
            (start, start + len(sentence.text)) for start, sentence in zip(self.starts, self.sentences, strict=True)
        ]


def passage(in_language: Language, surfaces: Sequence[SurfaceForm]) -> Passage:
    """Return the sentences of surface forms one after the other."""
    sentences = tuple(in_language.say(*surface) for surface in surfaces)
    space = " " if in_language.spaces else ""
    text = space.join(sentence.text for sentence in sentences)
    starts = [0]
    for sentence in sentences[:-1]:
        starts.append(starts[-1] + len(sentence.text) + len(space))
    return Passage(text, sentences, tuple(starts))


def forms(fact: Fact) -> tuple[str, ...]:
    """Return the forms that can tell a fact: one named after a role, which it begins with, needs that role told."""
    return tuple(form for form in _forms(fact.family) if form not in FAMILIES[fact.family].roles or form in fact.words)


def choose_form(draw: Draw, fact: Fact) -> SurfaceForm:
    """Return a fact in any of its forms."""
    return SurfaceForm(fact, draw.one(forms(fact)))


def drop_some_optional(draw: Draw, fact: Fact, least: int = 1) -> Fact:
    """Drop each optional role or not, as long as there are ``least`` forms to tell the rest."""
    while True:
        rest = drop_roles(fact, [role for role in FAMILIES[fact.family].optional if draw.below(2)])
        if len(forms(rest)) >= least:
            return rest


def change_any(draw: Draw, fact: Fact, roles: Sequence[str]) -> Fact | None:
    """Return the fact with the word of one of ``roles`` exchanged, in the split of ``fact``; None where luck ends."""
    split = split_of(fact)
    changes = (change(draw, fact, draw.one(roles)) for _ in range(TRIES))
    return next((found for found in changes if split_of(found) == split), None)


def fill_saying(saying: str, sentence: Sentence) -> str:
    """Return a sentence in the place of ``{}`` within an English saying, without its capital unless it is a name's."""
    is_named = saying.startswith("{}") or sentence.tokens[0].pos == "PROPN"
    return saying.format(sentence.text if is_named else sentence.text[0].lower() + sentence.text[1:])


@cache
def _forms(family: str) -> tuple[str, ...]:
    return tuple(sorted(set(language("en").forms(family)).difference(STORY)))  # named alike in all languages
