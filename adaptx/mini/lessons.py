"""What ``nano`` reads before it is frozen: generated text in every language of the world.

Owns the lessons; may not import anything heavy nor tell a fact outside the split `text`, which no task uses. Four
kinds: *texts* to restore (masked and translation language modelling), *translations* to find among others and among
their twins of swapped roles, *doubt*, where the second text of a pair says something else or more than the first
(after replaced token detection, Clark et al. 2020), and *answers*, where the second answers the first. None holds a
task's labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adaptx.mini.facts import (
    ACTS,
    ATTACHED,
    FAMILIES,
    GIVEN_AWAY,
    VERSION,
    Draw,
    Fact,
    change,
    concepts,
    drop_roles,
    facts,
    is_directed,
    split_of,
    swap_roles,
)
from adaptx.mini.lexicon import Sentence, language, tags
from adaptx.mini.sentences import SurfaceForm, passage

__all__ = ["AGREES", "DIFFERS", "NEW", "STAGES", "Lesson", "Mark", "Pair", "Translation"]

AGREES, DIFFERS, NEW = range(3)  # what a token of the second text says, held against the first
STAGES = (("social", "travel"), ("transfer", "spatial"), ("act", "obtain", "work", "have", "result"))
SPLIT = "text"  # the facts of pretraining; those of the other splits are the tasks'


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the second text (half-open, in code points) and what it says: `DIFFERS` or `NEW`."""

    start: int
    end: int
    says: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts, with what the second says about the first, or where it answers it (None: nowhere)."""

    first: str
    second: str
    marks: tuple[Mark, ...] = ()
    answer: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Translation:
    """One meaning in two languages, and in the second language its twin of swapped roles ("" where it has none)."""

    first: str
    second: str
    twin: str


class Lesson:
    """One place of an endless, fixed course: ``stage`` (from 0) says how many of `STAGES` are known by then."""

    def __init__(self, index: int, stage: int) -> None:
        self.draw = Draw("lesson", VERSION, index)
        self.families = [family for families in STAGES[: stage + 1] for family in families]

    def sentence(self, tag: str) -> Sentence:
        """Return one sentence in a language."""
        return language(tag).say(*self._surface(self._facts(1)[0]))

    def text(self) -> tuple[str, str]:
        """Return a text of one or two sentences and, half of the time, its translation."""
        surfaces = [self._surface(fact) for fact in self._facts(1 + self.draw.below(2))]
        first, second = (passage(language(tag), surfaces).text for tag in self._tags())
        return first, second if self.draw.below(2) else ""

    def translation(self) -> Translation:
        """Return a sentence or, a third of the time, a word in two languages."""
        first, second = self._tags(other=True)
        if self.draw.below(3) == 0:
            return self._word(first, second)
        (fact,) = self._facts(1)
        twin = self._say(swap_roles(fact), second) if is_directed(fact) else ""
        return Translation(self._say(fact, first), self._say(fact, second), twin)

    def doubt(self) -> Pair:
        """Return a text, and a sentence that may say the like of it, something else or more, or what follows."""
        whole = self._facts(1 + self.draw.below(2))
        reduced = [self._drop_optional(fact) for fact in whole]
        first_language, second_language = (language(tag) for tag in self._tags())
        first = passage(first_language, [self._surface(fact) for fact in reduced])
        at = self.draw.below(len(reduced))
        follows = _own(_consequence(reduced[at])) if self.draw.below(5) == 0 else None
        meant = follows or whole[at]
        changed = self._drop_optional(self._alter(meant))
        second = second_language.say(*self._surface(changed))
        return Pair(first.text, second.text, marks=tuple(_marks(meant, reduced[at], changed, second)))

    def answer(self) -> Pair:
        """Return a question and a text that answers it; one in eight has no answer there."""
        story = self._facts(2 + self.draw.below(2))
        at = self.draw.below(len(story))
        question_language, text_language = (language(tag) for tag in self._tags())
        text = passage(text_language, [self._surface(fact) for fact in story])
        roles = [role for role in question_language.question_roles(story[at].family) if role in story[at]]
        if not roles:
            return self.answer()
        role = self.draw.one(roles)
        question, other = (question_language.ask(fact, role).text for fact in (story[at], self._other(story[at], role)))
        if other != question and self.draw.below(8) == 0:
            return Pair(other, text.text)
        return Pair(question, text.text, answer=text.answer(at, role))

    def _tags(self, *, other: bool = False) -> tuple[str, str]:
        """Return two languages: two different ones if ``other``, else the same one at first, later in one half."""
        first = self.draw.one(tags())
        if other or (self.families != list(STAGES[0]) and self.draw.below(2)):
            return first, self.draw.one([tag for tag in tags() if tag != first])
        return first, first

    def _facts(self, n: int) -> list[Fact]:
        return facts(self.draw, [self.draw.one(self.families) for _ in range(n)], SPLIT)

    def _drop_optional(self, fact: Fact) -> Fact:
        optional = [role for role in FAMILIES[fact.family].optional if role in fact]
        return drop_roles(fact, [role for role in optional if self.draw.below(3) == 0])

    def _surface(self, fact: Fact) -> SurfaceForm:
        """Return a fact in any of its forms, those that go on with a story too."""
        roles = FAMILIES[fact.family].roles
        forms = language("en").forms(fact.family)
        return SurfaceForm(fact, self.draw.one([form for form in forms if form not in roles or form in fact]))

    def _say(self, fact: Fact, tag: str) -> str:
        return language(tag).say(*self._surface(fact)).text

    def _word(self, first: str, second: str) -> Translation:
        concept = self.draw.one(sorted(language("en").words))
        return Translation(self._write_word(concept, first), self._write_word(concept, second), "")

    def _write_word(self, concept: str, tag: str) -> str:
        word = language(tag).words[concept]
        return self.draw.one([text for column, text in word.items() if column != "class"])

    def _alter(self, fact: Fact) -> Fact:
        """Swap the roles a third of the time, where that makes another fact, else change each word one time in six."""
        if is_directed(fact) and self.draw.below(3) == 0:
            return swap_roles(fact)
        for role in fact.words:
            if self.draw.below(6) == 0 and (role != "verb" or fact.family != "act"):
                fact = self._change(fact, role)
        return fact

    def _other(self, fact: Fact, asked_role: str) -> Fact:
        """Return a fact that the text does not tell: one part of the question is another."""
        roles = [role for role in fact.words if role not in (asked_role, "verb", *FAMILIES[fact.family].optional)]
        return self._change(fact, self.draw.one(roles)) if roles else fact

    def _change(self, fact: Fact, role: str) -> Fact:
        """Exchange a word, as long as that makes no fact of a task's split."""
        return _own(change(self.draw, fact, role)) or fact


def _own(fact: Fact | None) -> Fact | None:
    """Return a fact that pretraining may tell, or None."""
    return fact if fact is not None and split_of(fact) == SPLIT else None


def _consequence(fact: Fact) -> Fact | None:
    """Return what holds after a fact, if anything: who has the thing, or the state it is in."""
    if fact.family == "transfer":
        owner = "patient" if fact["verb"] in GIVEN_AWAY else "agent"
        return Fact("have", {"agent": fact[owner], "thing": fact["thing"], "quality": fact["quality"]})
    state = ACTS[fact["verb"]][1] if fact.family == "act" else None
    if state is None or fact["thing"] not in concepts()["vessel"]:
        return None
    return Fact("result", {role: fact[role] for role in ("thing", "quality") if role in fact} | {"state": state})


def _marks(meant: Fact, known: Fact, changed: Fact, sentence: Sentence) -> Iterator[Mark]:
    """Yield the phrases of a sentence that say something else than was meant, or what was not known."""
    for token, (start, end) in zip(sentence.tokens, sentence.spans, strict=True):
        roles = [token.says, *(own for (owner, _), own in ATTACHED.items() if owner == token.says)]
        there = [role for role in roles if role is not None and role in changed]
        if any(changed[role] != meant.words.get(role) for role in there):
            yield Mark(start, end, DIFFERS)
        elif meant.family == known.family and any(role not in known for role in there):
            yield Mark(start, end, NEW)
