"""Offsets of tokens in the text they came from.

Owns the two repairs that make ``text[start:end]`` what a reader calls the token: no spaces at its edges (byte-level and
SentencePiece tokens carry the one before), and the combining marks that a normaliser dropped stay with their base.
Offsets are code points; nothing here knows about models.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt

__all__ = ["trim", "with_marks"]

Integers = npt.NDArray[np.int64]


def trim(offsets: Integers, text: str) -> Integers:
    """Return ``(tokens, 2)`` offsets without the spaces at both edges; a token of spaces alone becomes empty."""
    space = np.fromiter((c.isspace() for c in text), dtype=bool, count=len(text))
    positions = np.arange(len(text) + 1)
    ahead = np.append(np.where(space, len(text), positions[:-1]), len(text))
    next_letter = np.minimum.accumulate(ahead[::-1])[::-1]
    behind = np.append(0, np.where(space, 0, positions[1:]))
    letters_end = np.maximum.accumulate(behind)
    start = next_letter[offsets[:, 0]]
    end = np.minimum(letters_end[offsets[:, 1]], offsets[:, 1])
    return np.stack([np.minimum(start, offsets[:, 1]), np.maximum(end, np.minimum(start, offsets[:, 1]))], axis=1)


def with_marks(text: str, end: int, limit: int) -> int:
    """Return ``end`` moved past the combining marks that follow it, up to ``limit``, where the next token begins."""
    while end < limit and unicodedata.category(text[end]).startswith("M"):
        end += 1
    return end
