"""What can be true in the generated world: facts, free of any language, and how they are drawn.

Owns the families of facts, their split, and `Draw`, the only source of randomness (sha256: the same on every machine,
Python version and day); knows no word of any language. A fact belongs to exactly one split whatever the task and
whoever plays which role, so nothing that a test asks was told in training; pretraining has a split of its own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TypeVar

__all__ = [
    "ACTS",
    "ATTACHED",
    "FAMILIES",
    "GIVEN_AWAY",
    "GOODS",
    "NOUNS",
    "SPLITS",
    "VERSION",
    "Draw",
    "Fact",
    "Family",
    "change",
    "concepts",
    "drop_roles",
    "fact_of",
    "facts",
    "is_directed",
    "split_of",
    "swap_roles",
]

VERSION = 2  # raised whenever a row, or the encoder made from this world, changes

T = TypeVar("T")

SPLITS = ("text",) * 4 + ("train",) * 3 + ("dev",) + ("test",) * 2  # shares of all facts; `text` is for pretraining
NUMBERS = tuple("3 4 5 6 7 8 9 10".split())
GOODS = ("vessel", "garment", "tool", "object")
SOLID = (*GOODS, "furniture")
NOUNS = (*SOLID, "vehicle", "animal", "food", "drink")  # their phrases may have a quality and a number
COUNTED = (*GOODS, "vehicle", "animal")
ATTACHED = {
    ("thing", "quality"): "quality",
    ("other", "quality"): "quality2",
    ("thing", "number"): "number",
    ("institution", "seat"): "seat",
}
"""Whose word a phrase means by ``quality`` and so on: (role of the phrase, name there) -> role of the fact."""

# verb -> what it is done to, and the state that it leaves behind
ACTS: Mapping[str, tuple[tuple[str, ...], str | None]] = {
    "eat": (("food",), None),
    "drink": (("drink",), None),
    "cook": (("food",), None),
    "feed": (("animal",), None),
    "catch": (("animal",), None),
    "wash": (("vessel", "garment"), "clean"),
    "break": (("vessel", "tool"), "broken"),
    "fill": (("vessel",), "full"),
    "empty": (("vessel",), "emptied"),
    "open": (("vessel",), "opened"),
    "close": (("vessel",), "shut"),
    "heat": (("vessel",), "hot"),
    "cool": (("vessel",), "cold"),
    "repair": (("vehicle", "furniture"), None),
    "sew": (("garment",), None),
    "hide": (GOODS, None),
}
MUTUAL = ("beside",)  # relations that hold both ways
GIVEN_AWAY = ("give", "lend", "sell", "send", "bring")  # the others of `transfer` leave the thing with its owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A kind of fact: its roles with the kinds of words that play them, and what makes two facts the same content."""

    roles: Mapping[str, tuple[str, ...]]
    optional: tuple[str, ...] = ()  # roles that may stay untold
    swaps: tuple[tuple[str, str], ...] = ()  # roles that can be exchanged, all at once: another fact of the same words
    content: tuple[str, ...]  # the roles that decide the split, beside those of `swaps`


PERSON, PLACE = ("person",), ("place",)
FAMILIES: Mapping[str, Family] = {
    "transfer": Family(
        roles={
            "agent": PERSON,
            "patient": PERSON,
            "verb": ("transfer",),
            "thing": GOODS,
            "quality": ("quality",),
            "place": PLACE,
            "month": ("month",),
        },
        optional=("place", "month"),
        swaps=(("agent", "patient"),),
        content=("thing", "quality"),
    ),
    "social": Family(
        roles={"agent": PERSON, "patient": PERSON, "verb": ("social",), "place": PLACE, "day": ("day",)},
        optional=("place", "day"),
        swaps=(("agent", "patient"),),
        content=("verb",),
    ),
    "travel": Family(
        roles={"agent": PERSON, "verb": ("travel",), "origin": PLACE, "goal": PLACE, "month": ("month",)},
        optional=("month",),
        swaps=(("origin", "goal"),),
        content=("agent",),
    ),
    "work": Family(
        roles={"agent": PERSON, "job": ("job",), "institution": ("institution",), "seat": PLACE},
        content=("agent", "seat"),
    ),
    "obtain": Family(
        roles={
            "agent": PERSON,
            "verb": ("obtain",),
            "number": ("number",),
            "quality": ("quality",),
            "thing": COUNTED,
            "place": PLACE,
            "day": ("day",),
        },
        optional=("place", "day"),
        content=("agent", "thing"),
    ),
    "spatial": Family(
        roles={
            "thing": SOLID,
            "quality": ("quality",),
            "relation": ("relation",),
            "other": SOLID,
            "quality2": ("quality",),
        },
        swaps=(("thing", "other"), ("quality", "quality2")),
        content=("relation",),
    ),
    "act": Family(
        roles={
            "agent": PERSON,
            "verb": ("act",),
            "thing": (),
            "quality": ("quality",),
            "place": PLACE,
            "day": ("day",),
        },
        optional=("quality", "place", "day"),
        content=("agent", "verb", "thing"),
    ),
    "have": Family(
        roles={"agent": PERSON, "thing": GOODS, "quality": ("quality",)},
        content=("agent", "thing", "quality"),
    ),
    "result": Family(
        roles={"thing": ("vessel",), "quality": ("quality",), "state": ("state",)},
        optional=("quality",),
        content=("thing", "state"),
    ),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened or is so: who or what plays each role of its family."""

    family: str
    words: Mapping[str, str]

    def __contains__(self, role: str) -> bool:
        return role in self.words

    def __getitem__(self, role: str) -> str:
        return self.words[role]


@cache
def concepts() -> Mapping[str, tuple[str, ...]]:
    """Return kind -> the concepts of that kind, in order; English has them all."""
    text = files("adaptx.mini").joinpath("languages", "en.toml").read_text(encoding="utf-8")
    return {**{kind: tuple(rows) for kind, rows in tomllib.loads(text)["words"].items()}, "number": NUMBERS}


class Draw:
    """A stream of choices that follows from its key alone."""

    def __init__(self, *key: object) -> None:
        self._key = "/".join(map(str, key))
        self._count = 0

    def below(self, n: int) -> int:
        """Return a whole number in ``[0, n)``; the bias of the remainder is below 1e-15."""
        self._count += 1
        return int.from_bytes(sha256(f"{self._key}#{self._count}".encode()).digest()[:8]) % n

    def one(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[self.below(len(options))]

    def some(self, options: Sequence[T], n: int) -> list[T]:
        """Return ``n`` different options, in a random order."""
        left = list(options)
        return [left.pop(self.below(len(left))) for _ in range(n)]


def fact_of(draw: Draw, family: str, taken: frozenset[str] = frozenset()) -> Fact:
    """Return a fact whose words are all different and none of them ``taken``; every role is told."""
    words: dict[str, str] = {}
    for role, kinds in FAMILIES[family].roles.items():
        among = _candidates(kinds or ACTS[words["verb"]][0])
        words[role] = _fresh(draw, among, taken.union(words.values()))
    return Fact(family, words)


def facts(draw: Draw, families: Sequence[str], split: str) -> list[Fact]:
    """Return one fact of each family, all of a split; they share no word while there are others of its kind."""
    drawn: list[Fact] = []
    for family in families:
        taken = frozenset(word for fact in drawn for word in fact.words.values())
        drawn.append(_of_split(draw, family, split, taken))
    return drawn


def split_of(fact: Fact) -> str:
    """Return the one split that may tell a fact, whichever way round it is told and however little of it."""
    family = FAMILIES[fact.family]
    sides = [tuple(fact.words.get(pair[side], "") for pair in family.swaps) for side in (0, 1)]
    key = (fact.family, *sorted(sides), *(fact.words.get(role, "") for role in family.content))
    return Draw("split", VERSION, *key).one(SPLITS)


def swap_roles(fact: Fact) -> Fact:
    """Exchange the roles that can be exchanged: the same words, another fact."""
    words = dict(fact.words)
    for one, two in FAMILIES[fact.family].swaps:
        words[one], words[two] = words[two], words[one]
    return Fact(fact.family, words)


def is_directed(fact: Fact) -> bool:
    """Return whether exchanging its roles makes it another fact, which could be false where this one is true."""
    return bool(FAMILIES[fact.family].swaps) and fact.words.get("relation") not in MUTUAL


def change(draw: Draw, fact: Fact, role: str) -> Fact:
    """Exchange the word of a role for another that no role of the fact has."""
    kinds = FAMILIES[fact.family].roles[role] or ACTS[fact["verb"]][0]
    return Fact(fact.family, {**fact.words, role: _fresh(draw, _candidates(kinds), frozenset(fact.words.values()))})


def drop_roles(fact: Fact, roles: Sequence[str]) -> Fact:
    """Return the fact without some of its roles."""
    return Fact(fact.family, {role: word for role, word in fact.words.items() if role not in roles})


@cache
def _candidates(kinds: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for kind in kinds for word in concepts()[kind])


def _fresh(draw: Draw, among: Sequence[str], taken: frozenset[str]) -> str:
    return draw.one([word for word in among if word not in taken] or among)


def _of_split(draw: Draw, family: str, split: str, taken: frozenset[str]) -> Fact:
    while True:
        fact = fact_of(draw, family, taken)
        if split_of(fact) == split:
            return fact
