"""Rules for values of a TOML file: what is wrong with one, in words, or None.

Owns the rules that a task's page and a recipe share, and how all mistakes of a file are told at once, each with the
nearest name that is known. May not know a key of either.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from adaptx.errors import UsageError

__all__ = [
    "COMMIT",
    "HUB_ID",
    "WORD",
    "Rule",
    "either",
    "flag",
    "list_of",
    "matching",
    "near",
    "one_of",
    "read_toml",
    "record",
    "refuse",
    "share",
    "table",
    "text",
    "unknown",
    "whole",
]

Rule = Callable[[Any], str | None]

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # a file or folder name that cannot climb out of its folder
HUB_ID = re.compile(rf"{WORD.pattern}/{WORD.pattern}")
COMMIT = re.compile(r"[0-9a-f]{40}")

DEEPEST = 12  # tables and lists within each other; a page has three


def read_toml(text: str, where: str) -> dict[str, Any]:
    """Return the values of a TOML file called ``where``; raise `UsageError` for what is none, or is nested too deep."""
    try:
        found = tomllib.loads(text)
    except RecursionError:
        raise UsageError(f"{where} is not TOML: nested too deep") from None
    except ValueError as error:  # of TOML, or a number of thousands of digits
        raise UsageError(f"{where} is not TOML: {error}") from error
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _within(value)]
    if level:
        raise UsageError(f"{where} is not TOML: nested more than {DEEPEST} deep")
    return found


def _within(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def refuse(where: str, mistakes: Sequence[str]) -> None:
    """Raise `UsageError` that lists every mistake of the file called ``where``, a line each, if there are any."""
    if mistakes:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise UsageError(f"{where} has {count}:\n" + "\n".join(f"  {mistake}" for mistake in mistakes))


def unknown(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return a mistake for each of ``names`` that is not ``known``."""
    known = sorted(known)
    return [f"unknown key {name!r}{near(name, known)}" for name in names if name not in known]


def near(name: str, known: Iterable[str]) -> str:
    """Return what to add to a message about an unknown name: the nearest known one, else all of them."""
    names = sorted(known)
    found = get_close_matches(name, names, n=1, cutoff=0.5)
    return f": did you mean {found[0]!r}?" if found else f" (known: {', '.join(names)})"


def text(value: Any) -> str | None:
    """Want a text that is not blank."""
    return None if isinstance(value, str) and value.strip() else f"{value!r} is not a text"


def matching(pattern: re.Pattern[str], what: str) -> Rule:
    """Return the rule that wants a text which ``pattern`` matches as a whole; ``what`` says so in words."""

    def rule(value: Any) -> str | None:
        return None if isinstance(value, str) and pattern.fullmatch(value) else f"{value!r} is not {what}"

    return rule


def one_of(*known: str) -> Rule:
    """Return the rule that wants one of the names."""

    def rule(value: Any) -> str | None:
        return None if value in known else f"unknown {value!r}{near(str(value), known)}"

    return rule


def whole(value: Any) -> str | None:
    """Want a whole number above 0."""
    return None if type(value) is int and value > 0 else f"{value!r} is not a whole number above 0"


def share(value: Any) -> str | None:
    """Want a fraction in [0, 1)."""
    return None if type(value) in (int, float) and 0 <= value < 1 else f"{value!r} is not a fraction in [0, 1)"


def flag(value: Any) -> str | None:
    """Want true or false."""
    return None if isinstance(value, bool) else f"{value!r} is neither true nor false"


def list_of(item: Rule, *, least: int = 1) -> Rule:
    """Return the rule that wants a list of at least ``least`` different values, each right by ``item``."""

    def rule(value: Any) -> str | None:
        if not isinstance(value, list) or len(value) < least:
            return f"{value!r} is not a list of at least {least}"
        if len(set(map(repr, value))) < len(value):
            return f"{value!r} names something twice"
        return "; ".join(told for inner in value if (told := item(inner))) or None

    return rule


def either(one: Rule, many: Rule, kind: type) -> Rule:
    """Return the rule ``many`` for values of ``kind`` (a list, a table) and ``one`` for all others."""
    return lambda value: many(value) if isinstance(value, kind) else one(value)


def record(rules: Mapping[str, Rule], needed: str) -> Rule:
    """Return the rule that wants a table with the key ``needed`` and no other keys than those of ``rules``."""

    def rule(value: Any) -> str | None:
        if not isinstance(value, dict) or needed not in value:
            return f"{value!r} is not a table with {needed!r}"
        wrong = (f"{key}: {told}" for key in rules if key in value and (told := rules[key](value[key])))
        return "; ".join([*unknown(value, rules), *wrong]) or None

    return rule


def table(key: Rule, item: Rule) -> Rule:
    """Return the rule that wants a table of at least one, its names right by ``key`` and its values by ``item``."""

    def rule(value: Any) -> str | None:
        if not isinstance(value, dict) or not value:
            return f"{value!r} is not a table of at least one"
        keys = [told for name in value if (told := key(name))]
        values = [f"{name} = {told}" for name, inner in value.items() if (told := item(inner))]
        return "; ".join(keys + values) or None

    return rule
