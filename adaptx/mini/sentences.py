"""What every row is made from: a cell of the suite, and facts with the form in which they are told.

Owns `Split`, the choice of forms and of what stays untold, and texts of several sentences; knows no task. All of it is
drawn before a word of any language is said, so row ``i`` means the same in every language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from adaptx.mini.facts import FAMILIES, VERSION, Draw, Fact, change, split_of, without
from adaptx.mini.lexicon import Language, Sentence, language

__all__ = [
    "Maker",
    "Passage",
    "Row",
    "Split",
    "SurfaceForm",
    "changed",
    "forms",
    "partly",
    "passage",
    "tell",
    "within",
]

Row = dict[str, Any]

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
    split: str
    language: Language
    seed: int
    rows: int

    def draw(self, *key: object) -> Draw:
        """Return the choices of one row: the same in every language."""
        return Draw("row", VERSION, self.seed, self.task, self.split, *key)

    def id(self, index: int) -> str:
        """Return the id of a row: the same in every language."""
        return f"{self.split}-{index}"

    def say(self, telling: SurfaceForm) -> str:
        """Return the sentence of a telling."""
        return self.language.say(*telling).text


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
        return [(start, start + len(said.text)) for start, said in zip(self.starts, self.sentences, strict=True)]


def passage(spoken: Language, tellings: Sequence[SurfaceForm]) -> Passage:
    """Return the sentences of tellings one after the other."""
    sentences = tuple(spoken.say(*telling) for telling in tellings)
    space = " " if spoken.spaces else ""
    text = space.join(said.text for said in sentences)
    starts = [0]
    for said in sentences[:-1]:
        starts.append(starts[-1] + len(said.text) + len(space))
    return Passage(text, sentences, tuple(starts))


def forms(fact: Fact) -> tuple[str, ...]:
    """Return the forms that can tell a fact: one named after a role, which it begins with, needs that role told."""
    return tuple(form for form in _forms(fact.family) if form not in FAMILIES[fact.family].roles or form in fact.words)


def tell(draw: Draw, fact: Fact) -> SurfaceForm:
    """Return a fact in any of its forms."""
    return SurfaceForm(fact, draw.one(forms(fact)))


def partly(draw: Draw, fact: Fact, least: int = 1) -> Fact:
    """Leave each optional role untold or not, as long as there are ``least`` forms to tell the rest."""
    while True:
        told = without(fact, [role for role in FAMILIES[fact.family].optional if draw.below(2)])
        if len(forms(told)) >= least:
            return told


def changed(draw: Draw, fact: Fact, roles: Sequence[str]) -> Fact | None:
    """Return the fact with the word of one of ``roles`` exchanged, in the split of ``fact``; None where luck ends."""
    wanted = split_of(fact)
    tried = (change(draw, fact, draw.one(roles)) for _ in range(TRIES))
    return next((found for found in tried if split_of(found) == wanted), None)


def within(saying: str, said: Sentence) -> str:
    """Return a sentence in the place of ``{}`` within an English saying, without its capital unless it is a name's."""
    is_named = saying.startswith("{}") or said.tokens[0].pos == "PROPN"
    return saying.format(said.text if is_named else said.text[0].lower() + said.text[1:])


@cache
def _forms(family: str) -> tuple[str, ...]:
    return tuple(sorted(set(language("en").forms(family)).difference(STORY)))  # named alike in all languages
