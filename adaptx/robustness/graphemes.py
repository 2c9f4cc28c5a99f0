r"""Text as its readers see it: grapheme clusters, scripts, words, and how much of a word an attack may touch.

Owns UAX #29 clusters (`regex`'s ``\X``), the pieces of a text that may be edited with one rule per kind of script, and
alphabets counted on clean text. Works on the text as given: cluster boundaries are the same for canonically equivalent
texts (UAX #29, 3), so that a decomposed letter is never parted from its marks. Digits, emoji and punctuation are in no
piece, which is what protects them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

import regex

__all__ = [
    "Alphabet",
    "Piece",
    "Rule",
    "boundaries",
    "clusters",
    "count_alphabet",
    "is_cluster",
    "nfc",
    "pieces",
    "rule_of",
    "steady",
]

Alphabet = Mapping[str, tuple[str, ...]]
"""Script -> its letters (lower-cased clusters), sorted."""

CLUSTER = regex.compile(r"\X")
LETTER = regex.compile(r"\p{L}[\p{L}\p{M}\u200c\u200d]*")
ABJADS = ("Arabic", "Hebrew", "Syriac", "Thaana", "Nko")
SYLLABLES = (
    *("Hangul", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam"),
    *("Sinhala", "Ethiopic", "Cherokee"),
)
UNSPACED = ("Han", "Hiragana", "Katakana", "Bopomofo", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan", "Javanese")
ALPHABETS = ("Latin", "Cyrillic", "Greek", "Armenian", "Georgian")
SCRIPT = regex.compile("|".join(f"(?P<{s}>\\p{{Script={s}}})" for s in (*ALPHABETS, *ABJADS, *SYLLABLES, *UNSPACED)))
SHARED = regex.compile(r"[\p{Script=Common}\p{Script=Inherited}]")


@dataclass(frozen=True, slots=True)
class Rule:
    """How a script's words may be edited: ``minimum`` clusters, and whether the first and the last one stay."""

    name: str
    minimum: int
    keep_ends: bool


ALPHABET = Rule(
    "alphabet", 4, keep_ends=True
)  # Pruthi et al. 2019 keep the first and last letter; readers rely on them
ABJAD = Rule("abjad", 3, keep_ends=False)
SYLLABIC = Rule(
    "syllabic", 2, keep_ends=False
)  # Hangul, Indic, Ethiopic: one cluster is a syllable, words are two or three
WINDOW = Rule("window", 2, keep_ends=False)  # no spaces: a piece is a run of one script
RULES = {
    **dict.fromkeys(ABJADS, ABJAD),
    **dict.fromkeys(SYLLABLES, SYLLABIC),
    **dict.fromkeys(UNSPACED, WINDOW),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of letters of one script: ``size`` clusters of the text, the first being cluster number ``first``."""

    script: str
    first: int
    size: int

    @property
    def open(self) -> range:
        """Numbers of the clusters that may be edited."""
        rule = rule_of(self.script)
        if self.size < rule.minimum:
            return range(0)
        keep = int(rule.keep_ends)
        return range(self.first + keep, self.first + self.size - keep)


def rule_of(script: str) -> Rule:
    """Return the rule for a script; one that is not listed is an alphabet."""
    return RULES.get(script, ALPHABET)


def nfc(text: str) -> str:
    """Return the canonical composition of ``text``."""
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=16384)
def boundaries(text: str) -> tuple[int, ...]:
    """Return the offsets (code points) between which the grapheme clusters of ``text`` lie, 0 and the end included."""
    if text.isascii() and "\r" not in text:
        return tuple(range(len(text) + 1))
    return (0, *(found.end() for found in CLUSTER.finditer(text)))


def is_cluster(text: str) -> bool:
    """Return whether ``text`` is exactly one cluster."""
    return len(boundaries(text)) == 2  # noqa: PLR2004 (its two ends)


def clusters(text: str) -> list[str]:
    """Return the grapheme clusters of ``text``."""
    return [text[start:end] for start, end in pairwise(boundaries(text))]


def steady(before: str, middle: list[str], after: str) -> bool:
    """Return whether clusters put side by side stay what they are: none joins or composes with its neighbour."""
    parts = [part for part in (before, *middle, after) if part]
    joined = "".join(parts)
    if joined.isascii():
        return True
    return clusters(joined) == parts and nfc(joined) == "".join(map(nfc, parts))


@lru_cache(maxsize=65536)
def _script(cluster: str) -> str:
    """Return the script of a letter cluster, "" for anything else, "Common" for a letter that many scripts share."""
    if LETTER.fullmatch(cluster) is None:
        return ""
    found = SCRIPT.match(cluster)
    if found is not None:
        return str(found.lastgroup)
    return "Common" if SHARED.match(cluster) else "Other"


@lru_cache(maxsize=16384)
def pieces(text: str) -> tuple[Piece, ...]:
    """Return the maximal runs of letters of one script; a shared letter (the kana length mark) goes with its left."""
    runs: list[Piece] = []
    last = ""
    for number, cluster in enumerate(clusters(text)):
        script = _script(cluster)
        script = last if script == "Common" else script
        if script and script == last:
            runs[-1] = Piece(script, runs[-1].first, runs[-1].size + 1)
        elif script:
            runs.append(Piece(script, number, 1))
        last = script
    return tuple(runs)


def count_alphabet(texts: Iterable[str]) -> Alphabet:
    """Return the letters of one language's texts per script, NFC and lower-cased; give it the whole clean split."""
    seen: dict[str, set[str]] = {}
    for text in map(nfc, texts):
        letters = [cluster.lower() for cluster in clusters(text)]
        for piece in pieces(text):
            run = letters[piece.first : piece.first + piece.size]
            seen.setdefault(piece.script, set()).update(x for x in run if is_cluster(x))
    return MappingProxyType({script: tuple(sorted(seen[script])) for script in sorted(seen)})
