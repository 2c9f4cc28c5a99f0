"""A door-1 attack's proposals for one example: every attackable field, in original offsets, protected spans left out.

Owns the bridge between ``f(text, ...)`` and a search: NFC, offsets, choice of field, refusal. An attack on clusters is
shown NFC text; its edits are carried back cluster by cluster, for NFC does not move cluster boundaries (UAX #29). A
proposal on a protected span is dropped (the attack cannot know of it), any other fault ends the row with an error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from adaptx.errors import PluginError
from adaptx.robustness.attack import Attack, Edit
from adaptx.robustness.edits import cost, fault, touches_span
from adaptx.robustness.graphemes import Alphabet, boundaries, nfc
from adaptx.robustness.search import Proposals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

    from adaptx.robustness.session import AttackTarget

__all__ = ["propose"]

MOST, MOST_EACH = 1000, 100  # proposals of one draw, and more for each cluster: a stream without end ends there
END = object()  # of a stream; a plugin's None is a fault


@dataclass(frozen=True, slots=True)
class TextView:
    """One field as an attack sees it, and how its offsets map back (None: as they are)."""

    text: str
    back: Mapping[int, int] | None


def propose(
    attack: Attack, parameters: Mapping[str, object], victim: AttackTarget, alphabets: Mapping[str, Alphabet]
) -> Proposals:
    """Return the proposals of ``attack`` for one victim; fields are drawn in proportion to their clusters."""
    texts = {field: victim.example.texts[field] for field in victim.fields}
    shown = {field: _view(text, snapped=victim.snapped) for field, text in texts.items()}
    weights = {field: len(boundaries(text)) - 1 for field, text in texts.items()}
    languages = victim.example.languages

    def stream(field: str, rng: Random) -> Iterator[Edit]:
        lang = languages[field]
        extra = {"alphabet": alphabets.get(lang, {})} if "alphabet" in attack.takes else {}
        return attack(shown[field].text, rng=rng, lang=lang, **extra, **parameters)

    def draw(rng: Random) -> Iterator[Edit]:
        streams = {field: stream(field, rng) for field in texts if weights[field]}
        idle, clusters = 0, sum(weights.values())
        for _ in range(MOST + MOST_EACH * clusters):
            if not streams:
                return
            field = rng.choices(list(streams), [weights[name] for name in streams])[0]
            proposed = next(streams[field], END)
            if proposed is END:
                del streams[field]
            elif (edit := _in_original_offsets(proposed, field, shown[field], victim)) is not None:
                idle += edit.new == texts[field][edit.start : edit.end]
                if idle > MOST + clusters:
                    raise PluginError(f"proposed {idle:,} edits of one text that change nothing")
                yield edit

    return Proposals(draw, lambda edit: cost(edit, texts[edit.field]), sum(weights.values()))


def _view(text: str, *, snapped: bool) -> TextView:
    composed = nfc(text) if snapped else text
    if composed == text:
        return TextView(text, None)
    cuts, originals = boundaries(composed), boundaries(text)
    return (
        TextView(composed, dict(zip(cuts, originals, strict=True)))
        if len(cuts) == len(originals)
        else TextView(text, None)
    )


def _in_original_offsets(edit: object, field: str, shown: TextView, victim: AttackTarget) -> Edit | None:
    """Return the proposal in original offsets, None on a protected span; raises `PluginError` for any other fault."""
    if not isinstance(edit, Edit):
        raise PluginError(f"proposed {edit!r:.80}, not an Edit")
    placed = replace(edit, field=field)
    if shown.back is not None:
        if not {edit.start, edit.end} <= shown.back.keys():
            raise PluginError(f"{edit}: begins or ends inside a grapheme cluster")
        placed = replace(placed, start=shown.back[edit.start], end=shown.back[edit.end])
    spans = victim.protected.get(field, ())
    if touches_span(placed, spans):
        return None
    reason = fault((placed,), victim.example, fields=(field,), protected={}, snapped=victim.snapped)
    if reason is not None:
        raise PluginError(reason)
    return placed
