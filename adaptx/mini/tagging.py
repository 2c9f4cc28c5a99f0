"""Rows of tokens and tags: parts of speech, names, and categories of combinatory categorial grammar (English).

Parts of speech come from the pages. A name reaches from the first proper noun of its phrase to the last. Categories
follow from the part of speech, the role, and whether a phrase stands before the verb; each sentence they tag can be
derived to ``S[dcl]`` with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adaptx.mini.facts import FAMILIES, facts
from adaptx.mini.lexicon import Sentence, Token
from adaptx.mini.sentences import Row, Split, SurfaceForm, choose_form, drop_some_optional

__all__ = ["CATEGORIES", "categories", "names", "parts_of_speech", "tagging"]

ENTITIES: Mapping[str, str] = {
    "agent": "PER",
    "patient": "PER",
    "place": "LOC",
    "origin": "LOC",
    "goal": "LOC",
    "institution": "ORG",
}

Tagger = Callable[[SurfaceForm, Sentence], list[str]]


def tagging(split: Split, index: int, *, tagger: Tagger, column: str) -> Row:
    """Tell one or two facts as tokens with their tags."""
    draw = split.draw(index)
    families = draw.some(tuple(FAMILIES), 1 + draw.below(2))
    surfaces = [choose_form(draw, drop_some_optional(draw, fact)) for fact in facts(draw, families, split.name)]
    sentences = [(surface, split.language.say(*surface)) for surface in surfaces]
    tokens = [token.text for _, sentence in sentences for token in sentence.tokens]
    return {"id": split.id(index), "tokens": tokens, column: [tag for pair in sentences for tag in tagger(*pair)]}


def parts_of_speech(_: SurfaceForm, sentence: Sentence) -> list[str]:
    """Return the part of speech of each token."""
    return [token.pos for token in sentence.tokens]


def names(_: SurfaceForm, sentence: Sentence) -> list[str]:
    """Return for each token whether it begins or continues the name of a person, a place or an institution."""
    tags = ["O"] * len(sentence.tokens)
    for role, kind in ENTITIES.items():
        inside = [n for n, token in enumerate(sentence.tokens) if token.role == role and token.pos == "PROPN"]
        if inside:
            tags[inside[0] : inside[-1] + 1] = [f"B-{kind}", *[f"I-{kind}"] * (inside[-1] - inside[0])]
    return tags


ADJUNCT, FRONTED = r"((S\NP)\(S\NP))/NP", "(S/S)/NP"
TRANSITIVE, OBLIQUE = r"(S[dcl]\NP)/NP", r"(S[dcl]\NP)/PP"
ATTRIBUTE, PREDICATE = "N/N", r"S[adj]\NP"
VERBS: Mapping[str, str] = {
    "transfer": r"((S[dcl]\NP)/NP)/NP",
    "social": TRANSITIVE,
    "travel": r"S[dcl]\NP",
    "work": OBLIQUE,
    "obtain": TRANSITIVE,
    "act": TRANSITIVE,
    "have": TRANSITIVE,
    "spatial": OBLIQUE,
    "result": rf"(S[dcl]\NP)/({PREDICATE})",
}
INVERTED = r"(S[dcl]\PP)/NP"  # On the table is the cup.
WORDS: Mapping[str, str] = {"of": r"(NP\NP)/NP", "front": "N"}  # of: the university of Oslo, in front of the table
PLAIN: Mapping[str, str] = {
    "DET": "NP/N",
    "ADJ": ATTRIBUTE,
    "NUM": ATTRIBUTE,
    "NOUN": "N",
    "PROPN": "N",
    "ADV": r"(S\NP)\(S\NP)",
    "PUNCT": ".",
}
CATEGORIES = tuple(
    sorted({ADJUNCT, FRONTED, INVERTED, PREDICATE, "PP/NP", *VERBS.values(), *WORDS.values(), *PLAIN.values()})
)
"""All categories that `categories` gives, in the order of a head's labels."""


def categories(surface: SurfaceForm, sentence: Sentence) -> list[str]:
    """Return the category of each token of an English sentence."""
    verb = next(n for n, token in enumerate(sentence.tokens) if token.pos in ("VERB", "AUX"))
    return [_category(surface, token, is_fronted=n < verb) for n, token in enumerate(sentence.tokens)]


def _category(surface: SurfaceForm, token: Token, *, is_fronted: bool) -> str:
    family = surface.fact.family
    if token.pos in ("VERB", "AUX"):
        return INVERTED if surface.form == "relation" else VERBS[family]
    if token.text in WORDS:
        return WORDS[token.text]
    if token.pos == "ADP":
        return "PP/NP" if token.role is None else FRONTED if is_fronted else ADJUNCT
    is_predicate = family == "result" and token.pos == "ADJ" and token.role is None
    return PREDICATE if is_predicate else PLAIN[token.pos]
