"""What a person asked for, as typed: choices that a plan resolves against task pages, and nothing resolved yet.

Owns `Choices` and `PerTask`; may not read files. Choices travel as JSON to the processes of a launch, which plan
again and arrive at the same ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from adaptx import options
from adaptx.errors import UnknownName, UsageError
from adaptx.methods import method_names
from adaptx.options import OPTIONS, ROWS
from adaptx.spec import Sampling
from adaptx.tasks.catalog import task_names
from adaptx.tasks.mlm import MLM
from adaptx.tasks.page import LANGUAGE

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

__all__ = [
    "PER_TASK",
    "PRECISIONS",
    "SELECTIONS",
    "Choices",
    "PerTask",
    "names_of",
    "sampling_of",
    "text_mix_of",
]

PRECISIONS = ("bf16", "fp32")
PER_TASK = ("lr", "epochs", "batch", "max_length", "max_train")
SELECTIONS = ("best-dev", "last")
SAMPLINGS = ("proportional", "temperature", "uniform")


@dataclass(frozen=True, slots=True)
class PerTask:
    """A number that may differ by task or method: ``--lr 1e-4 --lr pawsx=3e-4 --lr full=2e-5``."""

    everywhere: float | None = None
    named: Mapping[str, float] = field(default_factory=dict)

    def of(self, task: str, method: str) -> float | None:
        """Return the value for ``task``, else for ``method``, else for everything; None where nothing was asked."""
        return self.named.get(task, self.named.get(method, self.everywhere))

    @classmethod
    def parse(cls, option: str, texts: Sequence[str]) -> Self:
        """Read repeated ``VALUE``, ``TASK=VALUE`` or ``METHOD=VALUE``; raise `UsageError` naming the option."""
        everywhere: float | None = None
        named: dict[str, float] = {}
        for text in texts:
            name, equals, number = text.rpartition("=")
            if equals:
                named[name] = _number(option, number)
            else:
                everywhere = _number(option, number)
        return cls(everywhere, named)


def _number(option: str, text: str) -> float:
    """Read a number of an option by its kind; all are floats, so that they hash alike wherever they were written."""
    kind = OPTIONS[option.lstrip("-").replace("-", "_")]
    assert isinstance(kind, options.PerTask), "an option by task"
    try:
        return float(kind.number.read(text))
    except UsageError as error:
        raise UsageError(
            f"{option} {error}", hint=f"{option} VALUE, {option} TASK=VALUE or {option} METHOD=VALUE"
        ) from None


def _positive(option: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise UsageError(f"{option} {text!r} is not a positive number")
    return value


def names_of(tasks: Iterable[Task]) -> set[str]:
    """Return the names that a number may be given for: methods, all known tasks, and those of ``tasks``."""
    return {*method_names(), *task_names(), MLM.name, *(task.base for task in tasks)}


def sampling_of(text: str) -> Sampling:
    """Read ``proportional``, ``proportional:CAP`` (rows), ``temperature:T`` or ``uniform``; raise `UsageError`."""
    kind, _, number = text.partition(":")
    if kind not in SAMPLINGS:
        raise UnknownName("sampling", kind, SAMPLINGS)
    if kind == "uniform" and not number:
        return Sampling(kind=kind)
    if kind == "temperature":
        return Sampling(kind=kind, temperature=_positive("--sampling temperature:T", number))
    return Sampling(kind="proportional", cap=_cap(number) if number else None)


def _cap(text: str) -> int:
    try:
        return int(ROWS.read(text))
    except UsageError as error:
        raise UsageError(f"--sampling proportional:CAP {error}") from None


def text_mix_of(text: str) -> tuple[tuple[str, ...], float]:
    """Read ``LANG,...:RATE``: the languages of the text, and its share of all batches; raise `UsageError`."""
    tags, _, number = text.rpartition(":")
    rate = _positive("--mlm LANG,...:RATE", number) if tags else 0.0
    if not 0 < rate < 1 or not all(LANGUAGE.fullmatch(tag) for tag in tags.split(",")):
        raise UsageError(
            f"--mlm {text!r} is not LANG,...:RATE with a rate between 0 and 1", hint="for example --mlm de,sw:0.5"
        )
    return tuple(tags.split(",")), rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The *what* of one command; None means: as the task's page says."""

    backbone: str = "xlm-roberta-large"
    source: str = "hub"
    seed: int = 0
    attack_seed: int = 0
    method: str = "lora"
    rank: int | None = None
    layer: int | None = None
    lr: PerTask = PerTask()
    epochs: PerTask = PerTask()
    batch: PerTask = PerTask()
    max_length: PerTask = PerTask()
    max_train: PerTask = PerTask()
    max_eval: int | None = None
    languages: tuple[str, ...] = ()
    split: str | None = None
    attacks: tuple[str, ...] = ()
    budget: int = 64
    search: str = "random"
    precision: str | None = None
    select: str | None = None
    sampling: str = "proportional"
    mlm: str | None = None
    mlm_text: str | None = None

    def with_(self, **changes: Any) -> Choices:
        """Return these choices with some changed."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, object]:
        """Return plain values that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Choices:
        """Return the choices that `to_json` wrote."""
        known = dict(value)
        for name in PER_TASK:
            known[name] = PerTask(**known[name])
        for name in ("languages", "attacks"):
            known[name] = tuple(known[name])
        return cls(**known)
