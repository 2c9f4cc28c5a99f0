"""Typing slips within a word, in any script: swap neighbours, delete, insert, substitute, on grapheme clusters.

Owns the operations and the order in which they are proposed; which and how many are made is a search's business.
First and last letters stay where the script is an alphabet (`graphemes.Rule`). After Pruthi et al. 2019 (internal
letters of words of four and more) with clusters in the place of bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from adaptx.robustness.edits import Edit
from adaptx.robustness.graphemes import Alphabet, boundaries, is_cluster, nfc, pieces, steady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

__all__ = ["OPERATIONS", "slips"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of one operation: cluster ``number`` of the text, in a word of ``script``."""

    operation: str
    script: str
    number: int


def _at(text: str, index: int) -> str:
    """Return cluster number ``index``, "" beyond the text's ends."""
    cuts = boundaries(text)
    return text[cuts[index] : cuts[index + 1]] if 0 <= index < len(cuts) - 1 else ""


def _replace(text: str, first: int, stop: int, new: list[str]) -> Edit | None:
    """Return the edit that puts ``new`` for clusters ``first`` to ``stop``, or None if they would join a neighbour."""
    cuts = boundaries(text)
    if not steady(_at(text, first - 1), new, _at(text, stop)):
        return None
    return Edit.at(cuts[first], cuts[stop], "".join(new))


def _swap(text: str, place: Slot, rng: Random, alphabet: Alphabet) -> Edit | None:  # noqa: ARG001 (one signature for all)
    one, two = _at(text, place.number), _at(text, place.number + 1)
    return None if nfc(one) == nfc(two) else _replace(text, place.number, place.number + 2, [two, one])


def _delete(text: str, place: Slot, rng: Random, alphabet: Alphabet) -> Edit | None:  # noqa: ARG001 (as above)
    return _replace(text, place.number, place.number + 1, [])


def _insert(text: str, place: Slot, rng: Random, alphabet: Alphabet) -> Edit | None:
    letter = _letter(place, rng, alphabet, like=_at(text, place.number))
    return _replace(text, place.number, place.number, [letter]) if letter else None


def _substitute(text: str, place: Slot, rng: Random, alphabet: Alphabet) -> Edit | None:
    old = _at(text, place.number)
    letter = _letter(place, rng, alphabet, like=old)
    return _replace(text, place.number, place.number + 1, [letter]) if letter not in ("", nfc(old)) else None


def _letter(place: Slot, rng: Random, alphabet: Alphabet, *, like: str) -> str:
    """Draw a letter of the word's script in the case of ``like``; "" where the alphabet has none."""
    letters = alphabet.get(place.script, ())
    if not letters:
        return ""
    letter = rng.choice(letters)
    upper = letter.upper()
    return upper if like.isupper() and is_cluster(upper) else letter


OPERATIONS: dict[str, Callable[[str, Slot, Random, Alphabet], Edit | None]] = {
    "swap": _swap,
    "delete": _delete,
    "insert": _insert,
    "substitute": _substitute,
}


@lru_cache(maxsize=4096)
def _places(text: str, operations: str) -> tuple[Slot, ...]:
    """Return every slot of every operation; a swap needs two open clusters, an insertion stands before one."""
    return tuple(
        Slot(name, piece.script, index)
        for name in operations.split("+")
        for piece in pieces(text)
        for index in (piece.open[:-1] if name == "swap" else piece.open)
    )


def slips(text: str, operations: str, rng: Random, alphabet: Alphabet) -> Iterator[Edit]:
    """Propose single slips by ``operations`` (joined by ``+``) in random order, all slots equally likely."""
    places = _places(text, operations)
    for place in rng.sample(places, len(places)):
        edit = OPERATIONS[place.operation](text, place, rng, alphabet)
        if edit is not None:
            yield edit
