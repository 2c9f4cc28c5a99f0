"""The one rule for values of several sources: they are never in one table."""

from __future__ import annotations

from collections.abc import Iterable

from adaptx.errors import Incompatible

__all__ = ["one_source"]


def one_source(sources: Iterable[str]) -> str:
    """Return the one source of all values of a table; raise `Incompatible` for several.

    Numbers of the generated world mean something else than those of real languages: no table may hold both.
    """
    found = sorted(set(sources))
    if len(found) > 1:
        raise Incompatible(f"values of the sources {' and '.join(found)} cannot be in one table", hint="one at a time")
    return found[0]
