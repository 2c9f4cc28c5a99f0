"""Options that commands share, and what they mean: `Choices` (what), `ComputeSettings` (how), and where the store is.

Owns the option table; every option is also ``ADAPTX_<NAME>`` and a key of ``adaptx.toml``. May not import anything
heavy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from adaptx import registry
from adaptx.cli.output import tell
from adaptx.errors import UnknownName, UsageError
from adaptx.options import OPTIONS, Number, variable
from adaptx.planning.choices import PER_TASK, PRECISIONS, SELECTIONS, Choices, PerTask
from adaptx.store import Store, discover
from adaptx.training.settings import ComputeSettings

__all__ = [
    "Common",
    "asked",
    "checked",
    "chosen",
    "how_options",
    "json_option",
    "opened",
    "store_option",
    "work_options",
]

F = TypeVar("F", bound=Callable[..., Any])


def _registered(group: str) -> dict[str, Any]:
    """Return the settings of an option that wants a name of a group: looked up when it is read, nothing imported."""

    def read(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
        if value not in registry.names(group):
            raise UnknownName(registry.GROUPS[group], value, registry.names(group))
        return value

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        return [name for name in registry.names(group) if name.startswith(incomplete)]

    return {"callback": read, "shell_complete": complete, "metavar": "NAME"}


def _option(*names: str, **settings: Any) -> Callable[[F], F]:
    key = names[0].lstrip("-").replace("-", "_")
    return click.option(*names, envvar=variable(key), show_default=settings.pop("show_default", True), **settings)


class _Checked(click.ParamType):  # type: ignore[type-arg]  # generic for the type checker alone
    """An option whose values the table of options knows, typed (of a file) or as text."""

    name = "number"

    def __init__(self, number: Number) -> None:
        self._number = number

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._number.read(value) if isinstance(value, str) else self._typed(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)

    def _typed(self, value: Any) -> Any:
        if wrong := self._number.wrong(value):
            raise UsageError(wrong)
        return value


def checked(option: str) -> _Checked:
    """Return the type of a number of the table, for click."""
    number = OPTIONS[option]
    assert isinstance(number, Number), option
    return _Checked(number)


def _text(*names: str, **settings: Any) -> Callable[[F], F]:
    return _option(*names, show_default=False, **settings)


json_option = _option("--json", "json", is_flag=True, help="Print one JSON value on stdout.", show_default=False)
store_option = _text(
    "--store", type=click.Path(path_type=Path), help="Folder of results (default: the nearest runs/ upward)."
)

WHAT = (
    _option("--backbone", default="xlm-roberta-large", help="Encoder: a hub id, a local folder, or nano."),
    _option("--source", default="hub", help="Rows from hub, mini (mini:seed=3,train=10000) or a folder."),
    _option("--seed", type=checked("seed"), default=0, help="Seed of all training: head, order, dropout."),
    _option("--attack-seed", type=checked("attack_seed"), default=0, help="Seed of the attacks."),
    _option("--method", default="lora", help="How tasks are learnt (ls methods).", **_registered(registry.METHODS)),
    _text("--rank", type=checked("rank"), help="Rank of a low-rank method (default: the page); alpha grows with it."),
    _text(
        "--lr",
        multiple=True,
        metavar="[NAME=]X",
        help="Learning rate, of all or of one task or method; repeatable.",
    ),
    _text(
        "--epochs", multiple=True, metavar="[NAME=]X", help="Passes over the training rows (default: the task's page)."
    ),
    _text(
        "--batch", multiple=True, metavar="[NAME=]N", help="Effective batch size in rows (default: the task's page)."
    ),
    _text("--max-length", multiple=True, metavar="[NAME=]N", help="Tokens per input (default: the task's page)."),
    _text("--layer", type=checked("layer"), help="Retrieval: hidden layer to read (default: by depth)."),
    _text("--max-train", multiple=True, metavar="[NAME=]N", help="At most N training rows."),
    _text("--max-eval", type=checked("max_eval"), help="Evaluate at most N rows per language, the same in each."),
    _text(
        "--languages", multiple=True, metavar="TAG[,TAG...]", help="BCP-47 tags (default: all languages of the task)."
    ),
    _text("--split", help="Split to evaluate (default: the task's page)."),
    _text(
        "--attack", multiple=True, metavar="NAME[:KEY=VALUE,...]", help="Attack to run on every language; repeatable."
    ),
    _option("--budget", type=checked("budget"), default=64, help="Most queries per example and attack."),
    _option("--search", default="random", metavar="NAME[:KEY=VALUE,...]", help="How an attack looks for its edits."),
    _option(
        "--sampling",
        default="proportional",
        metavar="KIND[:N]",
        help="Of task1+task2: proportional, proportional:CAP (rows), temperature:T or uniform.",
    ),
    _text("--mlm", metavar="LANG,...:RATE", help="Mix masked language modelling into the intermediate layers."),
    _text("--mlm-text", metavar="FOLDER", help="Folder of LANG.txt[.gz] (default: text/ in the source folder)."),
    _text("--select", type=click.Choice(SELECTIONS), help="Checkpoint to keep (default best-dev, by English rows)."),
    _text("--precision", type=click.Choice(PRECISIONS), help="Default bf16; fp32 for nano."),
)

HOW = (
    _option("--device", type=click.Choice(("auto", "cpu", "cuda")), default="auto", help="Device to compute on."),
    _option("--processes", type=checked("processes"), default=1, help="Processes on this machine."),
    _text("--hostfile", type=click.Path(path_type=Path), help="DeepSpeed hostfile for several nodes."),
    _text("--zero", type=checked("zero"), help="ZeRO stage (default: 0 for one process, else 1, or 2 for full)."),
    _text("--offload", is_flag=True, help="Keep optimizer state in CPU memory."),
    _text(
        "--micro-tokens",
        type=checked("micro_tokens"),
        help="Padded tokens per forward pass (changes memory, not results).",
    ),
    _text("--strict", is_flag=True, help="Stop at any bad row."),
    _option(
        "--keep",
        type=click.Choice(("needed", "all")),
        default="needed",
        help="Keep all `full` weights, or only while needed.",
    ),
)


def how_options(function: F) -> F:
    """Add the options of a command that computes what a file says."""
    return _with(function, (*HOW, store_option, json_option))


def work_options(function: F) -> F:
    """Add every option of a command that may compute."""
    return _with(how_options(function), WHAT)


def _with(function: F, options: Sequence[Callable[[F], F]]) -> F:
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What `how_options` gathered."""

    how: ComputeSettings
    store: Path | None
    json: bool
    strict: bool
    keep: str


def opened(path: Path | None) -> Store:
    """Open the store (asked for, or found by searching upward) and say where it is, first of all, on stderr."""
    store = Store(path or discover(Path.cwd()))
    tell(f"store: {store.root}")
    return store


def chosen(options: dict[str, Any]) -> Choices:
    """Turn the keyword arguments of a command into `Choices`; raise `UsageError` naming the option."""
    per_task: dict[str, Any] = {name: PerTask.parse("--" + name.replace("_", "-"), options[name]) for name in PER_TASK}
    return Choices(
        **{name: options[name] for name in _PLAIN},
        **per_task,
        languages=tuple(tag for text in options["languages"] for tag in text.split(",") if tag),
        attacks=tuple(options["attack"]),
    )


def asked(options: dict[str, Any]) -> Common:
    """Turn the keyword arguments of a command into `Common`; raise `UsageError` for how it cannot be computed."""
    how = ComputeSettings(**{name: options[name] for name in _HOW if options[name] is not None})
    return Common(
        how=how,
        store=options["store"],
        json=options["json"],
        strict=options["strict"],
        keep=options["keep"],
    )


_PLAIN = (
    "backbone",
    "source",
    "seed",
    "attack_seed",
    "method",
    "rank",
    "layer",
    "max_eval",
    "split",
    "budget",
    "search",
    "precision",
    "select",
    "sampling",
    "mlm",
    "mlm_text",
)
_HOW = ("device", "processes", "hostfile", "zero", "offload", "micro_tokens")
