"""The languages of the generated world, each a TOML page of words and sentence templates.

Owns `Language`, `Token` and how a fact is put into words; knows no task, draws nothing at random and imports nothing
heavy. A page is data, so a language is added by writing one page; templates are compiled once, since pretraining says
millions of sentences.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from adaptx.mini.facts import ATTACHED, NOUNS, Fact

__all__ = ["Language", "Sentence", "Token", "language", "tags"]

REFERENCE = re.compile(r"\{(?:(\w+)\.)?([\w@]+)\}")
CLASS = re.compile(r"@([a-z]*)")
PHRASE = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


@dataclass(frozen=True, slots=True)
class Token:
    """A word with its part of speech and the role of its phrase; ``core`` is its length less its ending.

    ``says`` is the role that decides the word, also where it stands in no phrase: a verb, or what agrees with a person.
    """

    text: str
    pos: str
    role: str | None
    core: int
    glued: tuple[bool, bool] = (False, False)  # to what stands before it, to what stands after it
    says: str | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: its text, its tokens, and where each token stands in the text (half-open, in code points)."""

    text: str
    tokens: tuple[Token, ...]
    spans: tuple[tuple[int, int], ...]

    def span(self, role: str) -> tuple[int, int]:
        """Return where the answer to a question for ``role`` stands: its phrase less adpositions and endings."""
        inside = [
            (start, start + token.core)
            for token, (start, _) in zip(self.tokens, self.spans, strict=True)
            if token.role == role and token.core and token.pos not in ("ADP", "PART")
        ]
        return inside[0][0], inside[-1][1]

    def part(self, role: str) -> str:
        """Return the words of `span`."""
        start, end = self.span(role)
        return self.text[start:end]


@dataclass(frozen=True, slots=True)
class Piece:
    """One token of a template: literal texts and references ``(role or None, column)`` in turn."""

    parts: tuple[str | tuple[str | None, str], ...]
    pos: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One phrase of a template."""

    role: str
    case: str | None


Template = tuple[Piece | Slot, ...]
Word = Mapping[str, str]


class Language:
    """One language of the world: it says facts and asks about them."""

    def __init__(self, tag: str, page: Mapping[str, Any]) -> None:
        self.tag = tag
        self.name: str = page["name"]
        self.spaces: bool = page["spaces"]
        self._page = page
        self.words: dict[str, Word] = {
            concept: _word(page["columns"].get(kind, page["columns"].get("noun")), row)
            for kind, rows in page["words"].items()
            for concept, row in rows.items()
        }
        self._kinds = {concept: kind for kind, rows in page["words"].items() for concept in rows}
        self._phrases = {key: _template(text) for key, text in page["phrases"].items()}
        self._sentences, self._questions = (
            {(family, name): _template(text) for family, texts in page[table].items() for name, text in texts.items()}
            for table in ("sentences", "questions")
        )
        self._phrase_cache: dict[tuple[str, str | None, str | None], Template] = {}

    def forms(self, family: str) -> tuple[str, ...]:
        """Return the names of the sentences that can say a fact of a family."""
        return tuple(self._page["sentences"][family])

    def question_roles(self, family: str) -> tuple[str, ...]:
        """Return the roles of a family that can be asked for."""
        return tuple(self._page["questions"].get(family, ()))

    def say(self, fact: Fact, form: str) -> Sentence:
        """Say a fact as one sentence of a form (`forms`)."""
        return self._render(fact, self._sentences[fact.family, form], ("", self._page["full_stop"]))

    def ask(self, fact: Fact, role: str) -> Sentence:
        """Ask for one role of a fact (`question_roles`)."""
        marks = (self._page.get("question_open", ""), self._page["question_mark"])
        return self._render(fact, self._questions[fact.family, role], marks)

    def _render(self, fact: Fact, template: Template, marks: tuple[str, str]) -> Sentence:
        tokens = [token for item in template for token in self._tokens(fact, item)]
        opening = [Token(marks[0], "PUNCT", None, len(marks[0]), (False, True))] if marks[0] else []
        mark = marks[1].lstrip()  # French sets a space before `?`
        closing = Token(mark, "PUNCT", None, len(mark), (mark == marks[1], False))
        if self._page["cased"]:
            tokens[0] = _capital(tokens[0])
        return _join((*opening, *tokens, closing), " " if self.spaces else "")

    def _tokens(self, fact: Fact, item: Piece | Slot) -> Iterable[Token]:
        if isinstance(item, Piece):
            return self._piece(fact, item, None)
        if item.role not in fact:
            return ()
        pieces = self._phrase(fact, item.role, item.case)
        return [token for piece in pieces if isinstance(piece, Piece) for token in self._piece(fact, piece, item.role)]

    def _phrase(self, fact: Fact, role: str, case: str | None) -> Template:
        word = fact[role]
        kind, group = self._kinds[word], self.words[word].get("class")
        if (kind, case, group) not in self._phrase_cache:
            names = [kind, "noun"] if kind in NOUNS else [kind]
            keys = [".".join(filter(None, (name, case, last))) for name in names for last in (group, None)]
            self._phrase_cache[kind, case, group] = next(self._phrases[key] for key in keys if key in self._phrases)
        return self._phrase_cache[kind, case, group]

    def _piece(self, fact: Fact, piece: Piece, role: str | None) -> list[Token]:
        texts = []
        owner = says = role
        for part in piece.parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            name = self._owner(part[0], role)
            if name is None or name not in fact:
                return []
            owner = "number" if name == "number" else owner
            says = name if role is None or name == "number" else says
            texts.append(self._column(fact, name, part[1], role or name))
        return [_token(word, piece.pos, owner, says) for word in "".join(texts).split()]

    def _owner(self, named: str | None, role: str | None) -> str | None:
        """Return the role that a reference means: in a phrase, `quality` is the quality of the phrase's own word."""
        return role if named is None else ATTACHED.get((role or "", named), named)

    def _column(self, fact: Fact, name: str, column: str, role: str) -> str:
        if "@" in column:
            column = CLASS.sub(lambda found: self.words[fact[found[1] or role]]["class"], column)
        word = fact[name]
        return self.words[word][column] if word in self.words else word  # a number is its digits


@cache
def tags() -> tuple[str, ...]:
    """Return the languages that have a page, English first."""
    found = {Path(page.name).stem for page in files("adaptx.mini").joinpath("languages").iterdir()}
    return ("en", *sorted(found - {"en"}))


@cache
def language(tag: str) -> Language:
    """Return the language of one of `tags`."""
    text = files("adaptx.mini").joinpath("languages", f"{tag}.toml").read_text(encoding="utf-8")
    return Language(tag, tomllib.loads(text))


def _word(columns: str, row: str) -> Word:
    return dict(zip(columns.split("|"), row.split("|"), strict=True))


def _template(text: str) -> Template:
    return tuple(_item(item) for item in text.split())


def _item(text: str) -> Piece | Slot:
    phrase = PHRASE.fullmatch(text)
    if phrase:
        return Slot(phrase[1], phrase[2])
    form, _, pos = text.rpartition(":")
    return Piece(tuple(_parts(form)), pos)


def _parts(form: str) -> Iterable[str | tuple[str | None, str]]:
    at = 0
    for found in REFERENCE.finditer(form):
        if found.start() > at:
            yield form[at : found.start()]
        yield found[1], found[2]
        at = found.end()
    if at < len(form):
        yield form[at:]


def _token(text: str, pos: str, role: str | None, says: str | None) -> Token:
    marked, _, tag = text.partition(":")
    glued = (marked.startswith("_"), marked.endswith("_"))
    core, _, ending = marked.strip("_").partition("~")
    return Token(core + ending, tag or pos, role, len(core), glued, says)


def _capital(token: Token) -> Token:
    return replace(token, text=token.text[0].upper() + token.text[1:])


def _join(tokens: Sequence[Token], space: str) -> Sentence:
    text, spans, glue = "", [], True
    for token in tokens:
        text += "" if glue or token.glued[0] else space
        spans.append((len(text), len(text) + len(token.text)))
        text += token.text
        glue = token.glued[1]
    return Sentence(text, tuple(tokens), tuple(spans))
