"""Read sentences of the generated world back into facts: the judge of what its tasks claim.

Owns `Parser`; may read the language pages and what the families are (`adaptx.mini.facts`), never
`adaptx.mini.lexicon`, whose sentences it judges. A template is run over a text from left to right with all words that
could stand at each place; a reading keeps the concepts that are still possible for each role, and agreement narrows
them. So a fact that is read is known by what the text says alone, and a text with two meanings gives two facts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product, takewhile
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from adaptx.mini.facts import ACTS, ATTACHED, FAMILIES, NOUNS, NUMBERS, Fact

__all__ = ["Parser", "Question", "Sentence", "parser"]

T = TypeVar("T")

PHRASE = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
REFERENCE = re.compile(r"(\{[\w@.]+\})")
AGREEMENT = re.compile(r"@([a-z]*)")
DONE_TO = tuple(dict.fromkeys(kind for kinds, _ in ACTS.values() for kind in kinds))

Concepts = frozenset[str]
Span = tuple[int, int]  # half-open, in code points


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a sentence may mean: its fact, where the phrase of each role stands, and where each of its words."""

    fact: Fact
    text: str
    phrases: Mapping[str, Span]
    words: tuple[tuple[str, Span], ...]

    def answers(self, role: str, span: Span) -> bool:
        """Return whether a span holds every word of a role's phrase, and at most its articles beside them."""
        start, end = self.phrases[role]
        words = [word for owner, word in self.words if owner and start <= word[0] and word[1] <= end]
        whole = self.text[slice(*span)].strip() == self.text[slice(*span)]
        return whole and start <= span[0] <= words[0][0] and words[-1][1] <= span[1] <= end


@dataclass(frozen=True, slots=True)
class Question:
    """The role that is asked for, and the fact as far as the question tells it."""

    asked: str
    fact: Fact

    def about(self, fact: Fact) -> bool:
        """Return whether a fact is one that the question can mean and answers it."""
        same = fact.family == self.fact.family and self.fact.words.items() <= fact.words.items()
        return same and self.asked in fact


@dataclass(frozen=True, slots=True)
class Surface:
    """A text of the page, its length less its ending, and whether it stands without a space before and after it."""

    text: str
    core: int
    ended: bool
    before: bool
    after: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A column of a role's word; in a phrase, ``own`` is the role of the phrase."""

    role: str
    column: str
    own: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One token of a template."""

    parts: tuple[Surface | Reference, ...]
    answering: bool  # whether it may be part of an answer
    of_word: bool  # whether it may be part of a phrase: no adposition, unless it is a column of the phrase's own word

    def roles(self) -> Concepts:
        """Return the roles without which it is not said."""
        return frozenset(part.role for part in self.parts if isinstance(part, Reference))


@dataclass(frozen=True, slots=True)
class Slot:
    """One phrase of a template."""

    role: str
    case: str | None

    def roles(self) -> Concepts:
        """Return the role without which it is not said."""
        return frozenset((self.role,))


class Reading(NamedTuple):
    """How far a text is read; what each role can still be (nothing, if it is left untold); which roles are told."""

    text: str
    roles: Mapping[str, Concepts]
    open: Concepts  # the roles of which it is open whether they are told
    told: Concepts = frozenset()
    at: int = 0
    spaced: bool = False  # a space is due
    glued: bool = True  # no space may be next
    ended: bool = False  # what is left of the token is an ending
    phrases: Mapping[str, Span] = MappingProxyType({})
    words: tuple[tuple[str, Span], ...] = ()  # each with its role, or none

    def narrowed(self, role: str, possible: Concepts) -> Iterator[Reading]:
        """Yield the reading with fewer concepts for a role, if any is left."""
        left = self.roles[role] & possible
        if left:
            yield self._replace(roles={**self.roles, role: left})

    def without(self, role: str) -> Reading:
        """Return the reading in which a role is left untold."""
        return self._replace(roles={**self.roles, role: frozenset()}, open=self.open - {role})

    def past(self, surface: Surface, space: str, role: str = "") -> Iterator[Reading]:
        """Yield the reading after some text, if that is what comes next."""
        gap = space if surface.text and self.spaced and not surface.before else ""
        if self.text.startswith(gap + surface.text, self.at):
            start = self.at + len(gap)
            word = ((role, (start, start + surface.core)),) if surface.core and not self.ended else ()
            after = self._replace(ended=self.ended or surface.ended, words=self.words + word)
            glue = {"spaced": False, "glued": surface.after} if surface.text else {}
            yield after._replace(at=start + len(surface.text), **glue)

    def phrased(self, role: str, since: Reading) -> Reading:
        """Return the reading with all that was read ``since`` then as the phrase of a role."""
        spans = [span for _, span in self.words[len(since.words) :]]
        return self._replace(phrases={**self.phrases, role: (spans[0][0], spans[-1][1])}) if spans else self


class Parser:
    """All readings of sentences and questions in one language."""

    def __init__(self, page: Mapping[str, Any]) -> None:
        self.page = page
        self.space = " " if page["spaces"] else ""
        self.kinds = {concept: kind for kind, rows in page["words"].items() for concept in rows}
        self.words = {concept: self._word_of(concept) for concept in self.kinds}
        self.players = cache(self._players)
        self.surfaces = cache(self._surfaces)
        self.phrases = cache(self._phrases)
        self.classes = cache(self._classes)

    def facts(self, text: str) -> list[Fact]:
        """Return every fact that some sentence says so."""
        return _different(sentence.fact for sentence in self.read(text))

    def read(self, text: str) -> list[Sentence]:
        """Return everything that a text can mean as one sentence."""
        bodies = self._bodies(text, "", self.page["full_stop"])
        forms = ((family, form) for family, rows in self.page["sentences"].items() for form in rows.values())
        return _different(
            Sentence(fact, text, reading.phrases, reading.words)
            for family, form in forms
            for fact, reading in self._meant(bodies, family, form, None)
        )

    def questions(self, text: str) -> list[Question]:
        """Return every question that is asked so."""
        bodies = self._bodies(text, self.page.get("question_open", ""), self.page["question_mark"])
        forms = ((family, *row) for family, rows in self.page["questions"].items() for row in rows.items())
        return _different(
            Question(asked, fact)
            for family, asked, form in forms
            for fact, _ in self._meant(bodies, family, form, asked)
        )

    def sentences(self, text: str) -> list[str]:
        """Return the sentences and questions of a text, each with its marks."""
        marks = "|".join(re.escape(self.page[mark]) for mark in ("full_stop", "question_mark"))
        return [one.strip() for one in re.findall(f".+?(?:{marks})", text)]

    def _bodies(self, text: str, opening: str, closing: str) -> set[str]:
        """Return a sentence without its marks: as it is, and (where it must have a capital) as it was before that."""
        if not (text.startswith(opening) and text.endswith(closing) and len(text) > len(opening + closing)):
            return set()
        body = text[len(opening) : len(text) - len(closing)]
        if not self.page["cased"]:
            return {body}
        return {body, body[0].lower() + body[1:]} if body[0] == body[0].upper() else set()

    def _meant(self, bodies: set[str], family: str, template: str, asked: str | None) -> Iterator[tuple[Fact, Reading]]:
        for body in bodies:
            start = Reading(body, self.players(family), frozenset(FAMILIES[family].optional))
            for reading in self._read(_items(template, None), [start]):
                if reading.at == len(body):
                    yield from ((fact, reading) for fact in self._facts(family, reading, asked))

    def _facts(self, family: str, reading: Reading, asked: str | None) -> Iterator[Fact]:
        """Yield what a reading means; the role that is asked for is in it only if the question gives it away."""
        told = [role for role in FAMILIES[family].roles if role in reading.told]
        told = [role for role in told if role != asked or len(reading.roles[role]) == 1]
        for words in product(*(sorted(reading.roles[role]) for role in told)):
            fact = Fact(family, dict(zip(told, words, strict=True)))
            if family != "act" or not {"verb", "thing"} <= fact.words.keys() or self._can_be_done(fact):
                yield fact

    def _can_be_done(self, act: Fact) -> bool:
        return self.kinds[act["thing"]] in ACTS[act["verb"]][0]

    def _players(self, family: str) -> Mapping[str, Concepts]:
        """Return role -> who or what can play it."""
        rows = {**self.page["words"], "number": NUMBERS}
        return {
            role: frozenset(word for kind in kinds or DONE_TO for word in rows[kind])
            for role, kinds in FAMILIES[family].roles.items()
        }

    def _read(self, items: Iterable[Slot | Piece], readings: list[Reading]) -> list[Reading]:
        for item in items:
            readings = _each(readings, lambda one, item=item: self._item(item, one))
        return readings

    def _item(self, item: Slot | Piece, reading: Reading) -> Iterator[Reading]:
        roles = item.roles()
        if not all(reading.roles.get(role) for role in roles):
            yield reading
            return
        yield from (reading.without(role) for role in roles & reading.open)
        known = reading._replace(open=reading.open - roles)
        yield from self._slot(item, known) if isinstance(item, Slot) else self._piece(item, known)

    def _slot(self, slot: Slot, reading: Reading) -> Iterator[Reading]:
        for template, concepts in self.phrases(reading.roles[slot.role], slot.case).items():
            after = self._read(_items(template, slot.role), list(reading.narrowed(slot.role, concepts)))
            yield from (one.phrased(slot.role, reading) for one in after)

    def _piece(self, piece: Piece, reading: Reading) -> Iterator[Reading]:
        due = not reading.glued or reading.spaced
        readings = [reading._replace(told=reading.told | piece.roles(), spaced=due, ended=not piece.of_word)]
        for part in piece.parts:
            if isinstance(part, Surface):
                readings = _each(readings, lambda one, part=part: one.past(part, self.space))
            else:
                readings = _each(readings, lambda one, part=part: self._reference(piece, part, part.column, one))
        yield from (one.phrased("number", reading) if "number" in piece.roles() else one for one in readings)

    def _reference(self, piece: Piece, part: Reference, column: str, reading: Reading) -> Iterator[Reading]:
        agreement = AGREEMENT.search(column)
        if not agreement:
            yield from self._word(part.role, column, piece.answering, reading)
            return
        other = agreement[1] or part.own
        for group, concepts in self.classes(reading.roles[other]).items():
            agreeing = column[: agreement.start()] + group + column[agreement.end() :]
            for narrowed in reading.narrowed(other, concepts):
                yield from self._reference(piece, part, agreeing, narrowed)

    def _word(self, role: str, column: str, answering: bool, reading: Reading) -> Iterator[Reading]:
        """Yield a reading for each form of a column that comes next, of those whose word can play the role."""
        forms, lengths = self.surfaces(column)
        free = reading.at + len(self.space) * reading.spaced
        for length in takewhile(lambda length: reading.at + length <= len(reading.text), lengths):
            for before, start in ((False, free), (True, reading.at)):
                for surface, concepts in forms.get((reading.text[start : start + length], before), ()):
                    for narrowed in reading.narrowed(role, concepts):
                        yield from narrowed.past(surface, self.space, role if answering else "")

    def _word_of(self, concept: str) -> Mapping[str, str]:
        kind = self.kinds[concept]
        columns = self.page["columns"].get(kind, self.page["columns"]["noun"])
        return dict(zip(columns.split("|"), self.page["words"][kind][concept].split("|"), strict=True))

    def _surfaces(self, column: str) -> tuple[Mapping[tuple[str, bool], list[tuple[Surface, Concepts]]], list[int]]:
        """Return (text, glued to what is before) -> those that have it in a column; and the lengths of the texts."""
        whose: dict[Surface, set[str]] = {}
        for concept in (*self.words, *NUMBERS):
            word = self.words.get(concept, {column: concept})  # a number is its digits in every column
            if column in word:
                whose.setdefault(_surface(word[column], self.space), set()).add(concept)
        forms: dict[tuple[str, bool], list[tuple[Surface, Concepts]]] = {}
        for surface, concepts in whose.items():
            forms.setdefault((surface.text, surface.before), []).append((surface, frozenset(concepts)))
        return forms, sorted({len(surface.text) for surface in whose})

    def _phrases(self, concepts: Concepts, case: str | None) -> Mapping[str, Concepts]:
        """Return the phrases of a case, each with those of the concepts that stand in it."""
        groups = _groups(concepts, lambda concept: self._phrase(concept, case))
        return {template: whose for template, whose in groups.items() if template is not None}

    def _phrase(self, concept: str, case: str | None) -> str | None:
        kind, group = self.kinds[concept], self.words[concept].get("class")
        for name in (kind, "noun") if kind in NOUNS else (kind,):
            for parts in ((name, case, group), (name, case, None)):
                key = ".".join(part for part in parts if part)
                if key in self.page["phrases"]:
                    return str(self.page["phrases"][key])
        return None

    def _classes(self, concepts: Concepts) -> Mapping[str, Concepts]:
        """Return the classes of some concepts, each with those that have it."""
        groups = _groups(concepts, lambda concept: self.words[concept].get("class"))
        return {group: whose for group, whose in groups.items() if group is not None}


@cache
def _items(template: str, own: str | None) -> tuple[Slot | Piece, ...]:
    slots = [(item, PHRASE.fullmatch(item)) for item in template.split()]
    return tuple(Slot(slot[1], slot[2]) if slot else _piece(item, own) for item, slot in slots)


def _piece(item: str, own: str | None) -> Piece:
    form, _, pos = item.rpartition(":")
    parts = [part for part in REFERENCE.split(form) if part]
    read = tuple(_reference(part, own) if part.startswith("{") else _surface(part, "") for part in parts)
    answering = pos not in ("ADP", "PART")
    return Piece(read, answering, answering or any(isinstance(part, Reference) and part.role == own for part in read))


def _reference(part: str, own: str | None) -> Reference:
    named, _, column = part.strip("{}").rpartition(".")
    role = ATTACHED.get((own or "", named), named) or own or ""
    return Reference(role, column, own or role)


def _surface(marked: str, space: str) -> Surface:
    """Return a text of the page without its marks: tags of single words, ends of words, glue."""
    words = [word.partition(":")[0] for word in marked.split()] or [""]
    last, ended, _ = words[-1].partition("~")
    text, core = (_unmarked(space.join((*words[:-1], end))) for end in (words[-1], last))
    return Surface(text, len(core), bool(ended), marked.startswith("_"), words[-1].endswith("_"))


def _unmarked(text: str) -> str:
    return re.sub(" ?_ ?", "", text.strip("_")).replace("~", "")


def _groups(concepts: Concepts, key: Callable[[str], str | None]) -> Mapping[str | None, Concepts]:
    groups: dict[str | None, set[str]] = {}
    for concept in concepts:
        groups.setdefault(key(concept), set()).add(concept)
    return {group: frozenset(whose) for group, whose in groups.items()}


def _each(readings: Iterable[Reading], step: Callable[[Reading], Iterable[Reading]]) -> list[Reading]:
    return [after for reading in readings for after in step(reading)]


def _different(found: Iterable[T]) -> list[T]:
    kept: list[T] = []
    for one in found:
        if one not in kept:
            kept.append(one)
    return kept


@cache
def parser(tag: str) -> Parser:
    """Return the parser of a language."""
    text = files("adaptx.mini").joinpath("languages", f"{tag}.toml").read_text(encoding="utf-8")
    return Parser(tomllib.loads(text))
