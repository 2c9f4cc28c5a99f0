"""Every option and hyperparameter: what kind of value it takes and between which bounds, once for all who ask.

Owns the table that serves the command line, ``ADAPTX_*``, ``adaptx.toml``, recipes and ``[defaults]`` of task pages. A
kind judges a typed value (`wrong`, of TOML) and reads a text (`read`, of a command line); both know the same values. No
value is rounded, cut or turned into another: 0.5 rows, 2.7 texts and ``true`` seeds are mistakes. May not know what an
option does. Hyperparameters of a method are the method's own (`adaptx.methods`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol

from adaptx.errors import UsageError

__all__ = [
    "MOST_SEEDS",
    "OPTIONS",
    "ROWS",
    "SEED",
    "TRAINING",
    "Kind",
    "Names",
    "Number",
    "PerTask",
    "Texts",
    "refuse_unknown_variables",
    "unknown_variables",
    "variable",
]


class Kind(Protocol):
    """What an option takes."""

    def wrong(self, value: Any) -> str | None:
        """Return what is wrong with a typed value, in words, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number from ``least`` (or only ``above`` it) to ``most``; ``is_whole`` takes no other."""

    least: float
    most: float
    is_whole: bool = False
    above: bool = False

    def __str__(self) -> str:
        begin = f"above {self.least:g}, at most" if self.above else f"from {self.least:,g} to"
        return f"{'a whole number' if self.is_whole else 'a number'} {begin} {self.most:,.10g}"

    def wrong(self, value: Any) -> str | None:
        """Return what is wrong with a typed value, in words, or None."""
        kinds = (int,) if self.is_whole else (int, float)
        if type(value) in kinds and self.least <= value <= self.most and not (self.above and value == self.least):
            return None
        return f"{value!r} is not {self}"

    def read(self, text: str) -> int | float:
        """Return the number that a text stands for; raise `UsageError` for what is none."""
        try:
            value: int | float = _whole_number(text) if self.is_whole else float(text)
        except ValueError:
            raise UsageError(f"{text!r} is not {self}") from None
        if wrong := self.wrong(value):
            raise UsageError(wrong)
        return value


def _whole_number(text: str) -> int | float:
    """Return a whole number however it is written, ``32`` or ``32.0`` or ``1e3``, and any other as it is."""
    try:
        return int(text)
    except ValueError:
        number = float(text)
        return int(number) if number.is_integer() else number


@dataclass(frozen=True, slots=True)
class PerTask:
    """A number, or a table of them by task or method; several texts ``NAME=X`` are such a table."""

    number: Number

    def wrong(self, value: Any) -> str | None:
        """Return what is wrong with a typed value, in words, or None."""
        if isinstance(value, dict) and value:
            found = (f"{name} = {told}" for name, inner in value.items() if (told := self.number.wrong(inner)))
            return "; ".join(found) or None
        if isinstance(value, list) and value:
            return next((told for item in value if (told := self._wrong_item(item))), None)
        return self._wrong_item(value)

    def _wrong_item(self, value: Any) -> str | None:
        if not isinstance(value, str):
            return self.number.wrong(value)
        name, equals, number = value.rpartition("=")
        if equals and not name.strip():
            return f"{value!r} names no task or method before the '='"
        try:
            self.number.read(number)
        except UsageError as error:
            return str(error)
        return None


@dataclass(frozen=True, slots=True)
class Names:
    """One of several names; none: any text that is not blank."""

    known: tuple[str, ...] = ()

    def wrong(self, value: Any) -> str | None:
        """Return what is wrong with a typed value, in words, or None."""
        if not isinstance(value, str) or not value.strip():
            return f"{value!r} is not a text"
        if "\0" in value:
            return f"{value!r} has a zero byte"
        if self.known and value not in self.known:
            return f"{value!r} is none of {', '.join(self.known)}"
        return None


@dataclass(frozen=True, slots=True)
class Texts:
    """A text or a list of different texts; with ``known`` a list of those alone."""

    known: tuple[str, ...] = ()

    def wrong(self, value: Any) -> str | None:
        """Return what is wrong with a typed value, in words, or None."""
        items = value if isinstance(value, list) else [value]
        if len(set(map(repr, items))) < len(items):
            return f"{value!r} names something twice"
        return next((told for item in items if (told := Names(self.known).wrong(item))), None)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def wrong(self, value: Any) -> str | None:
        """Return what is wrong with a typed value, in words, or None."""
        return None if isinstance(value, bool) else f"{value!r} is neither true nor false"


def _whole(least: int, most: int) -> Number:
    return Number(least=least, most=most, is_whole=True)


ROWS = _whole(1, 1_000_000_000)
SEED = _whole(0, 2**32 - 1)
MOST_SEEDS = 1000
LR = Number(least=0, most=10, above=True)
EPOCHS = Number(least=0, most=10_000, above=True)
BATCH = _whole(1, 1_000_000)
MAX_LENGTH = _whole(8, 1_000_000)
RANK = _whole(1, 4096)  # the width of the widest encoder: a wider product is no low rank
SHARE = Number(least=0, most=1)

OPTIONS: Mapping[str, Kind] = {
    "backbone": Names(),
    "source": Names(),
    "store": Names(),
    "seed": SEED,
    "attack_seed": SEED,
    "method": Names(),
    "rank": RANK,
    "lr": PerTask(LR),
    "epochs": PerTask(EPOCHS),
    "batch": PerTask(BATCH),
    "max_length": PerTask(MAX_LENGTH),
    "max_train": PerTask(ROWS),
    "max_eval": ROWS,
    "layer": _whole(0, 1000),
    "languages": Texts(),
    "split": Names(),
    "attack": Texts(),
    "budget": _whole(1, 1_000_000),
    "search": Names(),
    "sampling": Names(),
    "mlm": Names(),
    "mlm_text": Names(),
    "select": Names(("best-dev", "last")),
    "precision": Names(("bf16", "fp32")),
    "device": Names(("auto", "cpu", "cuda")),
    "processes": _whole(1, 100_000),
    "hostfile": Names(),
    "zero": _whole(0, 3),
    "offload": Flag(),
    "micro_tokens": _whole(16, 100_000_000),
    "strict": Flag(),
    "keep": Names(("needed", "all")),
    "json": Flag(),
    "seeds": _whole(1, MOST_SEEDS),
    "report": Names(),
    "on": Names(),
}
"""The options that ``adaptx.toml`` and the environment know, too; `cli.options` says which command has which."""

TRAINING: Mapping[str, Kind] = {
    "lr": LR,
    "epochs": EPOCHS,
    "batch": BATCH,
    "max_length": MAX_LENGTH,
    "stride": _whole(1, 1_000_000),
    "warmup": SHARE,
    "weight_decay": Number(least=0, most=10),
    "clip": Number(least=0, most=1e6, above=True),
    "adam_epsilon": Number(least=0, most=1, above=True),
    "order": Names(("bucketed", "iid")),
    "evaluations": _whole(1, 1000),
    "select": OPTIONS["select"],
    "dev_limit": ROWS,
}
"""Hyperparameters of training on a page: the fields of `adaptx.spec.Optimisation`."""

PREFIX = "ADAPTX_"
OTHERS = ("DEBUG", "PLUGINS")  # variables that are no option of a command


def variable(option: str) -> str:
    """Return the environment variable of an option: ``ADAPTX_MAX_EVAL``."""
    return PREFIX + option.upper()


def unknown_variables() -> dict[str, str]:
    """Return each ``ADAPTX_*`` of the environment that nothing reads, with what to do about it."""
    known = [*map(variable, OPTIONS), *(PREFIX + name for name in OTHERS)]
    found: dict[str, str] = {}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.6)
            found[name] = f"did you mean {near[0]}?" if near else f"unset {name}; docs/commands.md lists the settings"
    return found


def refuse_unknown_variables() -> None:
    """Raise `UsageError` for an ``ADAPTX_*`` that nothing reads: a misspelt setting would be another experiment."""
    for name, hint in unknown_variables().items():
        raise UsageError(f"nothing reads the environment variable {name}", hint=hint)
