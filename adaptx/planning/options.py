"""The options of a command that may compute: one table behind the command line, `adaptx.toml`, ``ADAPTX_*`` and Python.

Owns the name of every option, its section and its words; what its values may be is in `adaptx.options`, a default is
that of the dataclass that the option ends in (`Choices`, `ComputeSettings`). May not know click. A value comes as text
or typed, and both end as the same typed value: the same request has the same id, however it was made.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, fields
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, TypeVar, get_type_hints

from adaptx import options as kinds
from adaptx import registry
from adaptx.backbone import ALIASES, NANO
from adaptx.errors import AdaptxError, UnknownName, UsageError
from adaptx.methods import method_names
from adaptx.planning.choices import PER_TASK, Choices, PerTask
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
    "HowOptions",
    "Option",
    "WorkOptions",
    "choices_of",
    "is_flag",
    "is_repeatable",
    "metavar_of",
    "read_option",
    "read_options",
    "settings_of",
    "spelling",
    "values_of",
    "with_options",
]

F = TypeVar("F", bound=Callable[..., Any])

SECTIONS = ("what", "training", "rows", "attack", "how")
"""The sections of a command's options, in their order."""


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table: where help shows it, what help says, and what its values name.

    What a value may be is its kind (`adaptx.options`); a text may hold several values between ``separator``.
    """

    section: str
    help: str
    _: KW_ONLY
    metavar: str = ""
    separator: str = ""
    names: str = ""  # a key of `NAMES`: what a shell completes
    known: Callable[[], Collection[str]] | None = None  # the only values, where they are registered
    is_path: bool = False


EVERYWHERE = "default"  # in a table of numbers by task or method: the number of all others
PerTaskNumber = float | str | Mapping[str, float] | Sequence[str]
Texts = str | Sequence[str]


class HowOptions(TypedDict, total=False):
    """How to compute: recorded beside a result and no part of its id."""

    device: Annotated[str, Option("how", "Device to compute on.")]
    processes: Annotated[int, Option("how", "Processes on this machine.")]
    hostfile: Annotated[
        str | Path | None,
        Option("how", "DeepSpeed hostfile for several nodes.", metavar="PATH", is_path=True),
    ]
    zero: Annotated[int | None, Option("how", "ZeRO stage (default: 0 for one process, else 1, or 2 for full).")]
    offload: Annotated[bool, Option("how", "Keep optimizer state in CPU memory.")]
    micro_tokens: Annotated[int | None, Option("how", "Padded tokens per forward pass (changes memory, not results).")]
    strict: Annotated[bool, Option("how", "Stop at any bad row.")]
    keep: Annotated[
        str,
        Option("how", "Keep all `full` weights, or only while needed."),
    ]
    store: Annotated[
        str | Path | Store | None,
        Option("how", "Folder of results (default: the nearest runs/ upward).", metavar="PATH", is_path=True),
    ]


class WorkOptions(HowOptions, total=False):
    """What to compute, and how."""

    backbone: Annotated[str, Option("what", "Encoder: a hub id, a local folder, or nano.", names="backbones")]
    source: Annotated[str, Option("what", "Rows from hub, mini (mini:seed=3,train=10000) or a folder.")]
    method: Annotated[str, Option("what", "How tasks are learnt (ls methods).", known=method_names, names="methods")]
    precision: Annotated[str | None, Option("what", "Default bf16; fp32 for nano.")]
    seed: Annotated[int, Option("what", "Seed of all training: head, order, dropout.")]
    lr: Annotated[
        PerTaskNumber,
        Option("training", "Learning rate, of all or of one task or method; repeatable."),
    ]
    epochs: Annotated[
        PerTaskNumber,
        Option("training", "Passes over the training rows (default: the task's page)."),
    ]
    batch: Annotated[
        PerTaskNumber,
        Option("training", "Effective batch size in rows (default: the task's page)."),
    ]
    max_length: Annotated[
        PerTaskNumber,
        Option("training", "Tokens per input (default: the task's page)."),
    ]
    rank: Annotated[
        int | None,
        Option("training", "Rank of a low-rank method (default: the page); alpha grows with it."),
    ]
    sampling: Annotated[
        str,
        Option(
            "training",
            "Of task1+task2: proportional, proportional:CAP (rows), temperature:T or uniform.",
            metavar="KIND[:N]",
        ),
    ]
    mlm: Annotated[
        str | None,
        Option("training", "Mix masked language modelling into the intermediate layers.", metavar="LANG,...:RATE"),
    ]
    mlm_text: Annotated[
        str | Path | None,
        Option("training", "Folder of LANG.txt[.gz] (default: text/ in the source folder).", metavar="FOLDER"),
    ]
    select: Annotated[
        str | None,
        Option("training", "Checkpoint to keep (default best-dev, by English rows)."),
    ]
    languages: Annotated[
        Texts,
        Option(
            "rows",
            "BCP-47 tags (default: all languages of the task).",
            metavar="TAG[,TAG...]",
            separator=",",
            names="tags",
        ),
    ]
    split: Annotated[str | None, Option("rows", "Split to evaluate (default: the task's page).")]
    max_train: Annotated[PerTaskNumber, Option("rows", "At most N training rows.")]
    max_eval: Annotated[int | None, Option("rows", "Evaluate at most N rows per language, the same in each.")]
    layer: Annotated[int | None, Option("rows", "Retrieval: hidden layer to read (default: by depth).")]
    attack: Annotated[
        Texts,
        Option(
            "attack", "Attack to run on every language; repeatable.", metavar="NAME[:KEY=VALUE,...]", names="attacks"
        ),
    ]
    budget: Annotated[int, Option("attack", "Most queries per example and attack.")]
    search: Annotated[
        str,
        Option("attack", "How an attack looks for its edits.", metavar="NAME[:KEY=VALUE,...]", names="searches"),
    ]
    attack_seed: Annotated[int, Option("attack", "Seed of the attacks.")]


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
    return {name: DEFAULTS[name] if given.get(name) is None else read_option(name, given[name]) for name in known}


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


def read_option(name: str, value: object) -> Any:
    """Return the typed value of one option; raises as `read_options`."""
    row, kind = OPTIONS.get(name), kinds.OPTIONS[name]
    if row is not None and row.is_path and isinstance(value, Path | Store):
        return value
    try:
        found = _as_typed(kind, value, row.separator if row else "")
    except UsageError as error:
        raise UsageError(f"{spelling(name)} {error}") from None
    for item in found if isinstance(found, tuple) else (found,):
        if wrong := kind.wrong(item):
            raise UsageError(f"{spelling(name)} {wrong}")
    if row is not None and row.known is not None and found not in row.known():
        raise UnknownName(spelling(name), found, row.known())
    return Path(found) if row is not None and row.is_path else found


def _as_typed(kind: kinds.Kind, value: object, separator: str) -> Any:
    """Return a value as its kind has it, where it can be that; a text is read, a number of a library is a number."""
    if isinstance(kind, kinds.Number):
        return kind.read(value) if isinstance(value, str) else _number(value)
    if isinstance(kind, kinds.PerTask | kinds.Texts):
        texts = _texts(value)
        return tuple(part for text in texts for part in text.split(separator) if part) if separator else texts
    return str(value) if isinstance(value, Path) else value


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    number = float(value)
    return int(value) if isinstance(value, Integral) or number.is_integer() else number  # type: ignore[call-overload]


def _texts(value: object) -> tuple[str, ...]:
    """Return one text or number, several, or a table of numbers by task or method, as the texts of a command line."""
    if isinstance(value, Mapping):
        return tuple(f"{number}" if name == EVERYWHERE else f"{name}={number}" for name, number in value.items())
    items = value if isinstance(value, list | tuple) else (value,)
    if any(isinstance(item, bool) or not isinstance(item, str | Real) for item in items):
        raise UsageError(f"{value!r} is neither a text nor a number, nor several of them")
    return tuple(str(item) for item in items)


def spelling(name: str) -> str:
    """Return an option as it is typed: ``--max-eval``."""
    return "--" + name.replace("_", "-")


def metavar_of(name: str) -> str:
    """Return how help writes a value."""
    row, kind = OPTIONS[name], kinds.OPTIONS[name]
    if row.metavar or row.known:
        return row.metavar or "|".join(row.known() if row.known else ())
    if isinstance(kind, kinds.Names):
        return "|".join(kind.known) or "TEXT"
    number = kind.number if isinstance(kind, kinds.PerTask) else kind
    letter = "N" if isinstance(number, kinds.Number) and number.is_whole else "X"
    return f"[NAME=]{letter}" if isinstance(kind, kinds.PerTask) else letter


def is_repeatable(name: str) -> bool:
    """Return whether an option may be given several times."""
    return isinstance(kinds.OPTIONS[name], kinds.PerTask | kinds.Texts)


def is_flag(name: str) -> bool:
    """Return whether an option is said or not, and has no value."""
    return isinstance(kinds.OPTIONS[name], kinds.Flag)


def values_of(name: str, tasks: Sequence[str]) -> Collection[str]:
    """Return what a value of an option can be, given the tasks that are named beside it; nothing where it is open."""
    row, kind = OPTIONS[name], kinds.OPTIONS[name]
    if row.names:
        return NAMES[row.names](tasks)
    return kind.known if isinstance(kind, kinds.Names) else ()


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
