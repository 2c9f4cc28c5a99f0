"""Rows of sentences and their translations: to find among others, and to mine out of two lists.

Every role is told, so that two sentences hardly ever mean the same; a translation keeps the form, as far as a language
has it.
"""

from __future__ import annotations

from adaptx.mini.facts import FAMILIES, Draw, facts
from adaptx.mini.lexicon import language
from adaptx.mini.sentences import Row, Split, SurfaceForm, choose_form

__all__ = ["mining", "translation"]

SHORT = ("have", "result")  # too few words: many of their facts are nearly one
FAMILIES_USED = tuple(family for family in FAMILIES if family not in SHORT)
SHARED = 4  # every fourth sentence of a list has its translation in the other


def _draw_surface(draw: Draw, split: str) -> SurfaceForm:
    (fact,) = facts(draw, [draw.one(FAMILIES_USED)], split)
    return choose_form(draw, fact)


def translation(split: Split, index: int) -> Row:
    """Tell a fact in English and in the language of the cell, under Tatoeba's columns."""
    surface = _draw_surface(split.draw(index), split.name)
    return {"target_sentence": language("en").say(*surface).text, "source_sentence": split.say(surface)}


def mining(split: Split, _: int) -> Row:
    """Return the one row of BUCC on the hub: a list of the language, an English one, and pairs counted from 1."""
    both = split.rows // SHARED
    lists = [
        [_draw_surface(split.draw(side if n >= both else "both", n), split.name) for n in range(split.rows)]
        for side in ("source", "target")
    ]
    orders = [split.draw("order", side).some(range(split.rows), split.rows) for side in (0, 1)]
    places = [{n: place for place, n in enumerate(order, start=1)} for order in orders]
    return {
        "sentence1": [split.say(lists[0][n]) for n in orders[0]],
        "sentence2": [language("en").say(*lists[1][n]).text for n in orders[1]],
        "gold": [[places[0][n], places[1][n]] for n in range(both)],
    }
