"""Why a stored result was not reused: the fields in which two requests differ.

Pure functions of plain JSON values. Lists are compared whole: an order is a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ABSENT", "Difference", "differences"]

ABSENT = "(not set)"  # a field left out of a request stands at its neutral value


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: its dotted path, the value asked for and the value stored."""

    path: str
    here: Any
    there: Any


def differences(here: Mapping[str, object], there: Mapping[str, object]) -> list[Difference]:
    """Return the fields in which two requests differ, sorted by dotted path."""
    ours, theirs = dict(_flat(here)), dict(_flat(there))
    paths = sorted(ours.keys() | theirs.keys())
    pairs = [Difference(path, ours.get(path, ABSENT), theirs.get(path, ABSENT)) for path in paths]
    return [pair for pair in pairs if pair.here != pair.there]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping) or (path and not value):
        yield path, value
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{path}.{key}" if path else str(key))
