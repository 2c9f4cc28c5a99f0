"""Keyboard-neighbour typos: a finger lands on the key beside the right one.

Owns the layouts, as rows of unshifted keys with the stagger of a standard board; a neighbour is next to it in its row,
or less than a key's width away in the row above or below. Korean slips are made on jamo: one key of a syllable changes
and the syllable is put together again. Digits, punctuation and letters without a key of their own stay.
"""

# ruff: noqa: INP001 (a distribution of one module)

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated

from adaptx.robustness.attack import Edit, OneOf, attack
from adaptx.robustness.graphemes import boundaries, pieces, steady

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

__all__ = ["LAYOUTS", "keyboard", "neighbours"]

# Four rows from the digits down; a space is a key without a letter. Windows layouts: US, German, French (AZERTY),
# Spanish, Russian, Arabic (101), Thai (Kedmanee), Korean (Dubeolsik).
LAYOUTS: Mapping[str, tuple[str, str, str, str]] = {
    "en": ("", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "de": ("          ß", "qwertzuiopü", "asdfghjklöä", "yxcvbnm"),
    "fr": (" é    è çà", "azertyuiop", "qsdfghjklmù", "wxcvbn"),
    "es": ("", "qwertyuiop", "asdfghjklñ", "zxcvbnm"),
    "ru": ("", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
    "ar": ("", "ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤر ىةوزظ"),
    "th": ("ๅ  ภถ\u0e38\u0e36คตจขช", "ๆไ\u0e33พะ\u0e31\u0e35รนยบล", "ฟหกดเ\u0e49\u0e48าสวง", "ผปแอ\u0e34\u0e37ทมใฝ"),
    "ko": ("", "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", "ㅋㅌㅊㅍㅠㅜㅡ"),
}
STAGGER = (-0.5, 0.0, 0.25, 0.75)  # where each row begins, in widths of a key

# The parts of a Hangul syllable in the order of its code point (Unicode, 3.12).
FIRST = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
MIDDLE = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
LAST = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
SYLLABLES = range(0xAC00, 0xD7A4)


@cache
def neighbours(layout: str) -> Mapping[str, str]:
    """Return each key's neighbours, in the order of the rows."""
    keys = [
        (key, row, number + STAGGER[row])
        for row, letters in enumerate(LAYOUTS[layout])
        for number, key in enumerate(letters)
        if key != " "
    ]
    return {
        key: "".join(other for other, r, at in keys if other != key and _near(row - r, x - at)) for key, row, x in keys
    }


def _near(rows: int, keys: float) -> bool:
    return abs(keys) <= 1 if rows == 0 else abs(rows) == 1 and abs(keys) < 1


@cache
def _slips(cluster: str, layout: str) -> tuple[str, ...]:
    """Return what a cluster becomes when one of its keys slips."""
    if len(cluster) == 1 and ord(cluster) in SYLLABLES:
        return tuple(_syllables(cluster))
    beside = neighbours(layout)
    return tuple(
        cluster[:number] + (slip.upper() if char.isupper() else slip) + cluster[number + 1 :]
        for number, char in enumerate(cluster)
        for slip in beside.get(char.lower(), "")
    )


def _syllables(syllable: str) -> Iterator[str]:
    """Yield the syllables that one slipped jamo makes; a slip from consonant to vowel would break the syllable."""
    code, last = divmod(ord(syllable) - SYLLABLES.start, len(LAST))
    first, middle = divmod(code, len(MIDDLE))
    parts = (FIRST[first], MIDDLE[middle], LAST[last])
    for number, kinds in enumerate((FIRST, MIDDLE, LAST)):
        for slip in neighbours("ko").get(parts[number], ""):
            if slip in kinds:
                yield _syllable([slip if n == number else part for n, part in enumerate(parts)])


def _syllable(parts: list[str]) -> str:
    first, middle, last = FIRST.index(parts[0]), MIDDLE.index(parts[1]), LAST.index(parts[2])
    return chr(SYLLABLES.start + (first * len(MIDDLE) + middle) * len(LAST) + last)


@attack("keyboard", unit="cluster", version=1)
def keyboard(
    text: str, *, rng: Random, lang: str, layout: Annotated[str, OneOf(("auto", *LAYOUTS))] = "auto"
) -> Iterator[Edit]:
    """Propose one slip for each letter that has a key, in random order."""
    name = lang.partition("-")[0] if layout == "auto" else layout
    numbers = [number for piece in pieces(text) for number in piece.open] if name in LAYOUTS else []
    cuts = (0, *boundaries(text), len(text))  # doubled ends: the text's first and last cluster have empty neighbours
    for number in rng.sample(numbers, len(numbers)):
        before, start, end, after = cuts[number : number + 4]
        around = text[before:start], text[end:after]
        slips = [slip for slip in _slips(text[start:end], name) if steady(around[0], [slip], around[1])]
        if slips:
            yield Edit.at(start, end, rng.choice(slips))
