"""What the values of an option may be: each kind reads what was given, typed or as text, into one typed value.

Owns the kinds and what they refuse; may not know an option by name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from numbers import Real
from operator import index
from pathlib import Path
from typing import Any, Protocol, cast

from adaptx.store import Store

__all__ = ["File", "Flag", "Kind", "Many", "Numbers", "OneOf", "Text", "Whole"]

EVERYWHERE = "default"  # in a table of numbers by task or method: the number of all others


class Kind(Protocol):
    """What the values of an option may be."""

    @property
    def metavar(self) -> str:
        """How a value is written, for help."""
        ...

    def read(self, value: object) -> Any:
        """Return the typed value of what was given, typed or as text; raise `ValueError` that says what is wanted."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is not blank."""

    metavar: str = "TEXT"

    def read(self, value: object) -> str:
        """Return the text; a path is one."""
        if not isinstance(value, str | Path) or not str(value).strip():
            raise ValueError("is not a text")
        return str(value)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    least: int = 1
    most: int | None = None
    metavar: str = "N"

    def read(self, value: object) -> int:
        """Return the number; ``2.0`` is 2, and a truth value is none."""
        number = _whole(value)
        if number is None or number < self.least or (self.most is not None and number > self.most):
            upper = "" if self.most is None else f" to {self.most}"
            raise ValueError(f"is not a whole number from {self.least}{upper}")
        return number


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some names, which are looked up when they are needed."""

    known: Callable[[], Collection[str]]

    @property
    def metavar(self) -> str:
        """The names."""
        return "|".join(self.known())

    def read(self, value: object) -> str:
        """Return the name; raise `LookupError` for another."""
        if value not in self.known():
            raise LookupError(value)
        return str(value)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A number that may differ by task or method: ``1e-4``, ``"squad=1e-4"``, or ``{"squad": 1e-4, "default": 3e-4}``.

    Texts may be several; in a table, ``default`` is the number of all others.
    """

    metavar: str = "[NAME=]X"

    def read(self, value: object) -> tuple[str, ...]:
        """Return texts as the command line has them, which `PerTask.parse` reads."""
        if isinstance(value, Mapping):
            return tuple(f"{number}" if name == EVERYWHERE else f"{name}={number}" for name, number in value.items())
        return texts_of(value)


@dataclass(frozen=True, slots=True)
class Many:
    """Any number of texts; with ``comma`` one text may hold several."""

    metavar: str
    comma: bool = False

    def read(self, value: object) -> tuple[str, ...]:
        """Return the texts."""
        texts = texts_of(value)
        return tuple(part for text in texts for part in text.split(",") if part) if self.comma else texts


@dataclass(frozen=True, slots=True)
class Flag:
    """Said or not."""

    metavar: str = ""

    def read(self, value: object) -> bool:
        """Return whether it was said."""
        if not isinstance(value, bool):
            raise ValueError("is neither true nor false")  # noqa: TRY004 - the caller says which option
        return value


@dataclass(frozen=True, slots=True)
class File:
    """A path; `Store` is one that is open."""

    metavar: str = "PATH"

    def read(self, value: object) -> Path | Store:
        """Return the path."""
        if not isinstance(value, str | Path | Store):
            raise ValueError("is not a path")  # noqa: TRY004 - the caller says which option
        return Path(value) if isinstance(value, str) else value


def texts_of(value: object) -> tuple[str, ...]:
    """Return one text or number, or several, as texts; raise `ValueError` for anything else."""
    items = value if isinstance(value, list | tuple) else (value,)
    if any(isinstance(item, bool) or not isinstance(item, str | Real) for item in items):
        raise ValueError("is neither a text nor a number, nor a list of them")
    return tuple(str(item) for item in items)


def _whole(value: object) -> int | None:
    """Return a whole number that is written as one, or as a float or text that equals one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    try:
        return int(value) if isinstance(value, str) else index(cast("int", value))
    except (TypeError, ValueError):
        return None
