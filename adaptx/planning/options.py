"""The options of a command that may compute: one table behind the command line, `adaptx.toml`, ``ADAPTX_*`` and Python.

Owns the name of every option, its section, how its values are written, and its words; which values are allowed stands
in `adaptx.options`, which pages and recipes share; a default is that of the dataclass that the option ends in
(`Choices`, `ComputeSettings`). May not know click. A value comes as text or typed, and both end as the same typed
value: the same request has the same id, however it was made.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Real
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypedDict, TypeVar, cast, get_type_hints

from adaptx import registry
from adaptx.backbone import ALIASES, NANO
from adaptx.errors import AdaptxError, UnknownName, UsageError
from adaptx.methods import method_names
from adaptx.options import OPTIONS as BOUNDS
from adaptx.planning.choices import PER_TASK, PRECISIONS, SELECTIONS, Choices, PerTask
from adaptx.robustness.search import search_names
from adaptx.store import Store
from adaptx.tasks.catalog import task_names, tasks_named
from adaptx.training.settings import ComputeSettings

if TYPE_CHECKING:
    from adaptx.parameters import Values
    from adaptx.tasks.task import Task

__all__ = [
    "DEFAULTS",
    "NAMES",
    "OPTIONS",
    "SECTIONS",
    "File",
    "Flag",
    "HowOptions",
    "Many",
    "Numbers",
    "Option",
    "WorkOptions",
    "choices_of",
    "read_options",
    "settings_of",
    "spelling",
    "texts_of",
    "with_options",
]

F = TypeVar("F", bound=Callable[..., Any])

SECTIONS = ("what", "training", "rows", "attack", "how")
"""The sections of a command's options, in their order."""


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
    """A whole number; ``2.0`` is 2, and a truth value is none."""

    metavar: str = "N"

    def read(self, value: object) -> int:
        """Return the number."""
        number = _whole(value)
        if number is None:
            raise ValueError("is not a whole number")
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


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table: where help shows it, what it may be, what help says, and whose names its values are."""

    section: str
    kind: Kind
    help: str
    names: str = ""  # a key of `NAMES`


EVERYWHERE = "default"
PerTaskNumber = float | str | Mapping[str, float] | Sequence[str]
Texts = str | Sequence[str]


class HowOptions(TypedDict, total=False):
    """How to compute: recorded beside a result and no part of its id."""

    device: Annotated[str, Option("how", OneOf(lambda: ("auto", "cpu", "cuda")), "Device to compute on.")]
    processes: Annotated[int, Option("how", Whole(), "Processes to start with DeepSpeed's launcher.")]
    hostfile: Annotated[str | Path | None, Option("how", File(), "DeepSpeed hostfile for several nodes.")]
    zero: Annotated[
        int | None, Option("how", Whole(), "ZeRO stage (default: 0 for one process, else 1, or 2 for full).")
    ]
    offload: Annotated[bool, Option("how", Flag(), "Keep optimizer state in CPU memory.")]
    micro_tokens: Annotated[
        int | None, Option("how", Whole(), "Padded tokens per forward pass (changes memory, not results).")
    ]
    strict: Annotated[bool, Option("how", Flag(), "Stop at any bad row.")]
    keep: Annotated[
        str,
        Option("how", OneOf(lambda: ("needed", "all")), "Keep all `full` weights, or only while needed."),
    ]
    store: Annotated[
        str | Path | Store | None, Option("how", File(), "Folder of results (default: the nearest runs/ upward).")
    ]


class WorkOptions(HowOptions, total=False):
    """What to compute, and how."""

    backbone: Annotated[str, Option("what", Text(), "Encoder: a hub id, a local folder, or nano.", "backbones")]
    source: Annotated[str, Option("what", Text(), "Rows from hub, mini (mini:seed=3,train=10000) or a folder.")]
    method: Annotated[str, Option("what", OneOf(method_names), "How tasks are learnt (ls methods).", "methods")]
    precision: Annotated[str | None, Option("what", OneOf(lambda: PRECISIONS), "Default bf16; fp32 for nano.")]
    seed: Annotated[int, Option("what", Whole(), "Seed of all training: head, order, dropout.")]
    lr: Annotated[
        PerTaskNumber,
        Option("training", Numbers(), "Learning rate, of all or of one task or method; repeatable."),
    ]
    epochs: Annotated[
        PerTaskNumber,
        Option("training", Numbers(), "Passes over the training rows (default: the task's page)."),
    ]
    batch: Annotated[
        PerTaskNumber,
        Option("training", Numbers("[NAME=]N"), "Effective batch size in rows (default: the task's page)."),
    ]
    max_length: Annotated[
        PerTaskNumber,
        Option("training", Numbers("[NAME=]N"), "Tokens per input (default: the task's page)."),
    ]
    rank: Annotated[
        int | None, Option("training", Whole(), "Rank of a low-rank method (default: the page); alpha grows with it.")
    ]
    sampling: Annotated[
        str,
        Option(
            "training",
            Text("KIND[:N]"),
            "Of task1+task2: proportional, proportional:CAP (rows), temperature:T or uniform.",
        ),
    ]
    mlm: Annotated[
        str | None,
        Option("training", Text("LANG,...:RATE"), "Mix masked language modelling into the intermediate layers."),
    ]
    mlm_text: Annotated[
        str | Path | None,
        Option("training", Text("FOLDER"), "Folder of LANG.txt[.gz] (default: text/ in the source folder)."),
    ]
    select: Annotated[
        str | None,
        Option("training", OneOf(lambda: SELECTIONS), "Checkpoint to keep (default best-dev, by English rows)."),
    ]
    languages: Annotated[
        Texts,
        Option("rows", Many("TAG[,TAG...]", comma=True), "BCP-47 tags (default: all languages of the task).", "tags"),
    ]
    split: Annotated[str | None, Option("rows", Text(), "Split to evaluate (default: the task's page).")]
    max_train: Annotated[PerTaskNumber, Option("rows", Numbers("[NAME=]N"), "At most N training rows.")]
    max_eval: Annotated[int | None, Option("rows", Whole(), "Evaluate at most N rows per language, the same in each.")]
    layer: Annotated[int | None, Option("rows", Whole(), "Retrieval: hidden layer to read (default: by depth).")]
    attack: Annotated[
        Texts,
        Option("attack", Many("NAME[:KEY=VALUE,...]"), "Attack to run on every language; repeatable.", "attacks"),
    ]
    budget: Annotated[int, Option("attack", Whole(), "Most queries per example and attack.")]
    search: Annotated[
        str, Option("attack", Text("NAME[:KEY=VALUE,...]"), "How an attack looks for its edits.", "searches")
    ]
    attack_seed: Annotated[int, Option("attack", Whole(), "Seed of the attacks.")]


def _table() -> dict[str, Option]:
    hints = get_type_hints(WorkOptions, include_extras=True)
    found: dict[str, Option] = {name: hint.__metadata__[0] for name, hint in hints.items()}
    return {name: option for section in SECTIONS for name, option in found.items() if option.section == section}


OPTIONS: Mapping[str, Option] = _table()
"""Every option by its keyword, section by section; ``max_eval`` is ``--max-eval``."""


def _defaults() -> Values:
    known = {field.name: field.default for field in (*fields(Choices), *fields(ComputeSettings))}
    known |= {"attack": known.pop("attacks"), "strict": False, "keep": "needed", "store": None}
    return {name: None if isinstance(known[name], PerTask) else known[name] for name in OPTIONS}


DEFAULTS: Values = _defaults()
"""What an option is where nothing was said; None: as the task's page says."""


def read_options(given: Mapping[str, object], known: Collection[str] = OPTIONS) -> Values:
    """Return the typed value of every option of ``known``; None is not given.

    Raises `UnknownName` for an option that is not there, `UsageError` for a value that it cannot have.
    """
    if unknown := [name for name in given if name not in known]:
        raise UnknownName("option", unknown[0], known)
    return {name: DEFAULTS[name] if given.get(name) is None else _read(name, given[name]) for name in known}


def choices_of(options: Mapping[str, object]) -> Choices:
    """Return the *what* of a command; raises as `read_options`."""
    read = read_options(options)
    numbers = {name: PerTask.parse(spelling(name), read[name] or ()) for name in PER_TASK}
    plain = {name: read[name] for name in _fields(Choices) if name not in PER_TASK}
    values: Values = {**plain, **numbers, "attacks": read["attack"]}
    return Choices(**values)


def settings_of(options: Mapping[str, object]) -> ComputeSettings:
    """Return the *how* of a command; raises as `read_options`, and for settings that do not go together."""
    read = read_options(options)
    return ComputeSettings(**{name: read[name] for name in _fields(ComputeSettings)})


def _fields(kind: type[Choices | ComputeSettings]) -> list[str]:
    """Return the fields that are options by their own names."""
    return [field.name for field in fields(kind) if field.name in OPTIONS]


def with_options(kinds: type[HowOptions]) -> Callable[[F], F]:
    """Return what puts the options and their defaults into the signature of a function that takes them as keywords.

    Help, notebooks and editors then show them; what the function does is as it was.
    """

    def add(function: F) -> F:
        own = inspect.signature(function)
        places = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        hints = get_type_hints(kinds)
        options = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=DEFAULTS[name], annotation=hints[name])
            for name in OPTIONS
            if name in hints
        ]
        function.__signature__ = own.replace(parameters=[*places, *options])  # type: ignore[attr-defined]
        return function

    return add


def spelling(name: str) -> str:
    """Return an option as it is typed: ``--max-eval``."""
    return "--" + name.replace("_", "-")


def texts_of(value: object) -> tuple[str, ...]:
    """Return one text or number, or several, as texts; raise `ValueError` for anything else."""
    items = value if isinstance(value, list | tuple) else (value,)
    if any(isinstance(item, bool) or not isinstance(item, str | Real) for item in items):
        raise ValueError("is neither a text nor a number, nor a list of them")
    return tuple(str(item) for item in items)


def _read(name: str, value: object) -> Any:
    kind = OPTIONS[name].kind
    try:
        return check_bounds(name, kind.read(value))
    except LookupError:
        assert isinstance(kind, OneOf)
        raise UnknownName(spelling(name), str(value), kind.known()) from None
    except ValueError as fault:
        raise UsageError(f"{spelling(name)} {value!r} {fault}") from None


def check_bounds(name: str, typed: object) -> object:
    """Return a typed value; raise `ValueError` where the table of bounds refuses it."""
    plain = list(typed) if isinstance(typed, tuple) else str(typed) if isinstance(typed, Path | Store) else typed
    if plain != [] and (wrong := BOUNDS[name].wrong(plain)):
        raise ValueError(f"cannot be: {wrong}")
    return typed


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


def tags_of(tasks: Sequence[str]) -> list[str]:
    """Return the languages of the tasks named, or of all tasks of the catalog; what names no task has none."""
    pages = [task for name in tasks or task_names() for task in _pages(name)]
    return sorted({tag for task in pages for tag in task.languages})


def _pages(name: str) -> list[Task]:
    try:
        return list(tasks_named(name))
    except AdaptxError:  # half a word, while it is being typed
        return []


NAMES: Mapping[str, Callable[[Sequence[str]], Collection[str]]] = {
    "attacks": lambda _: registry.names(registry.ATTACKS),
    "backbones": lambda _: [NANO, *ALIASES],
    "methods": lambda _: method_names(),
    "searches": lambda _: search_names(),
    "tags": tags_of,
    "tasks": lambda _: task_names(),
}
"""What a value of an option can name, given the tasks that are named beside it; imports nobody's code."""
