"""Rows of a text and whether somebody liked what it tells (English).

Both texts of a pair of labels name the good and the bad feeling, so only what is said of them tells the label.
"""

from __future__ import annotations

from adaptx.mini.facts import FAMILIES, facts
from adaptx.mini.sentences import Row, Split, choose_form, drop_some_optional, fill_saying, passage

__all__ = ["feeling"]

FEELINGS = (("sad", "happy"), ("sorry", "glad"), ("angry", "pleased"))  # the bad one, the good one
SAYINGS = ("{who} not {other} but {felt} that {{}}", "{who} {felt} and not {other} that {{}}")
WHO = ("I am", "We are", "Everybody is")


def feeling(split: Split, index: int, *, column: str, around: int = 0) -> Row:
    """Tell with which feeling somebody speaks of a fact, among ``around`` other facts."""
    draw, label = split.draw(index), index % 2
    families = draw.some(tuple(FAMILIES), 1 + around)
    surfaces = [choose_form(draw, drop_some_optional(draw, fact)) for fact in facts(draw, families, split.name)]
    pair = draw.one(FEELINGS)
    saying = draw.one(SAYINGS).format(who=draw.one(WHO), felt=pair[label], other=pair[1 - label])
    felt = fill_saying(saying, split.language.say(*surfaces[0]))
    texts = [felt, passage(split.language, surfaces[1:]).text] if around else [felt]
    return {column: " ".join(draw.some(texts, len(texts))), "label": label}
