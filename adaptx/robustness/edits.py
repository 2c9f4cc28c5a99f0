"""Edits of an example's texts: what one is, what it costs, whether it is allowed, and the text that it makes.

Owns `Edit` and the arithmetic of offsets; asks no model and draws no random number. Offsets are code points of the
*original* text, so that the edits of one candidate do not depend on their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from adaptx.robustness.graphemes import boundaries
from adaptx.tasks.example import Answer, Example
from adaptx.tasks.forms import MAX_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "Candidate",
    "Edit",
    "Spans",
    "answer_field",
    "apply_edits",
    "cost",
    "fault",
    "overlap",
    "touch",
    "touches_span",
]


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace ``text[start:end]`` of one field by ``new``; ``start == end`` inserts, ``new == ""`` deletes."""

    field: str
    start: int
    end: int
    new: str

    @classmethod
    def at(cls, start: int, end: int, new: str) -> Edit:
        """Return an edit of the text that a proposal function was given; the engine fills in the field."""
        return cls("", start, end, new)


Candidate = tuple[Edit, ...]
Spans = tuple[tuple[int, int], ...]


def overlap(one: Edit, other: Edit) -> bool:
    """Return whether two edits cannot both be made: a shared code point, or two insertions at one place."""
    if one.field != other.field:
        return False
    return (one.start < other.end and other.start < one.end) or (one.start, one.end) == (other.start, other.end)


def touch(one: Edit, other: Edit) -> bool:
    """Return whether two edits overlap or lie side by side."""
    return one.field == other.field and one.start <= other.end and other.start <= one.end


def touches_span(edit: Edit, spans: Spans) -> bool:
    """Return whether an edit changes a protected span; an insertion at its edge does, for it would grow the answer."""
    if edit.start == edit.end:
        return any(start <= edit.start <= end for start, end in spans)
    return any(edit.start < end and start < edit.end for start, end in spans)


def cost(edit: Edit, text: str) -> int:
    """Return how many clusters an edit touches: the larger of those taken and those put."""
    taken = len(boundaries(text[edit.start : edit.end])) - 1
    return max(taken, len(boundaries(edit.new)) - 1)


def fault(
    candidate: object,
    example: Example,
    *,
    fields: Collection[str],
    protected: Mapping[str, Spans],
    snapped: bool,
) -> str | None:
    """Return why a candidate is refused, or None; ``snapped`` asks for edits that begin and end between clusters."""
    if not isinstance(candidate, tuple) or not all(map(_is_edit, candidate)):
        return f"a candidate is a tuple of Edit, not {type(candidate).__name__}"
    for edit in candidate:
        reason = _fault(edit, example, fields, protected, snapped=snapped)
        if reason is not None:
            return f"{edit!r:.200}: {reason}"
    ordered = sorted(candidate, key=lambda e: (e.field, e.start, e.end))
    clash = next((pair for pair in pairwise(ordered) if overlap(*pair)), None)
    return _grown(candidate, example) if clash is None else f"{clash[0]} and {clash[1]} overlap"


def _grown(candidate: Candidate, example: Example) -> str | None:
    """Return a fault where the texts would be longer than any that is read from a file."""
    put: dict[str, int] = {}
    for edit in candidate:
        put[edit.field] = put.get(edit.field, len(example.texts[edit.field])) + len(edit.new)
    longest = max(put.values(), default=0)
    return f"makes a text of {longest:,} characters, more than {MAX_CHARACTERS:,}" if longest > MAX_CHARACTERS else None


def _is_edit(edit: object) -> bool:
    """Return whether a stranger's object is an `Edit` of a name, two whole numbers and a text."""
    kinds = (str, int, int, str)
    return type(edit) is Edit and tuple(map(type, (edit.field, edit.start, edit.end, edit.new))) == kinds


def _fault(
    edit: Edit, example: Example, fields: Collection[str], protected: Mapping[str, Spans], *, snapped: bool
) -> str | None:
    if edit.field not in fields:
        return f"field is not attackable (attackable: {', '.join(fields)})"
    text = example.texts[edit.field]
    if len(edit.new) > MAX_CHARACTERS:
        return f"puts {len(edit.new):,} characters, more than {MAX_CHARACTERS:,}"
    if not 0 <= edit.start <= edit.end <= len(text):
        return f"outside the text of {len(text)} code points"
    if touches_span(edit, protected.get(edit.field, ())):
        return "edits a protected span"
    if snapped and not {edit.start, edit.end} <= _cuts(text):
        return "begins or ends inside a grapheme cluster"
    return _unfit(edit.new, example)


def _unfit(new: str, example: Example) -> str | None:
    if example.tags and "\n" in new:
        return "puts a line break, which would make two tokens of one"
    return "puts a lone surrogate" if any("\ud800" <= char <= "\udfff" for char in new) else None


@lru_cache(maxsize=4096)
def _cuts(text: str) -> frozenset[int]:
    return frozenset(boundaries(text))


def apply_edits(example: Example, candidate: Candidate) -> Example:
    """Return ``example`` with a checked candidate applied and its answers' offsets moved along."""
    texts = {field: _apply(example.texts[field], edits) for field, edits in _by_field(candidate).items()}
    return example.with_texts(texts, _move(example, candidate))


def _by_field(candidate: Candidate) -> dict[str, list[Edit]]:
    found: dict[str, list[Edit]] = {}
    for edit in sorted(candidate):
        found.setdefault(edit.field, []).append(edit)
    return found


def _apply(text: str, edits: list[Edit]) -> str:
    parts, at = [], 0
    for edit in edits:
        parts += [text[at : edit.start], edit.new]
        at = edit.end
    return "".join((*parts, text[at:]))


def _move(example: Example, candidate: Candidate) -> tuple[Answer, ...]:
    field = answer_field(example)
    edits = [edit for edit in candidate if edit.field == field]
    return tuple(Answer(a.text, _shift(a.start, edits)) for a in example.answers) if edits else example.answers


def _shift(start: int, edits: list[Edit]) -> int:
    if start < 0:
        return start
    return start + sum(len(e.new) - (e.end - e.start) for e in edits if e.end <= start)


def answer_field(example: Example) -> str | None:
    """Return the field in which the answers lie at their offsets, or None."""
    placed = [a for a in example.answers if a.start >= 0]
    holds = (f for f, text in example.texts.items() if all(text.startswith(a.text, a.start) for a in placed))
    return next(holds, None) if placed else None
