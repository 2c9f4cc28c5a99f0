"""Options of the command line, made from the one table (`adaptx.planning.options`), each in its section of the help.

Every option is also ``ADAPTX_<NAME>`` and a key of ``adaptx.toml``. What a value may be is read in one place, for
Python too. May not import anything heavy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from adaptx.options import variable
from adaptx.planning.options import (
    DEFAULTS,
    OPTIONS,
    HowOptions,
    is_flag,
    is_repeatable,
    metavar_of,
    read_option,
    spelling,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = [
    "SectionOption",
    "dry_run_option",
    "how_options",
    "json_option",
    "languages_option",
    "option",
    "reader",
    "store_option",
    "table_option",
    "work_options",
]

Read = Callable[[click.Context, click.Parameter, Any], Any]
Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]
F = TypeVar("F", bound=Callable[..., Any])


class SectionOption(click.Option):
    """An option that knows the section of its command's help."""

    def __init__(self, *args: Any, section: str = "what", **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.section = section


def option(*names: str, section: str = "what", **settings: Any) -> Callable[[F], F]:
    """Add an option of one command alone; it is also ``ADAPTX_<NAME>``."""
    key = names[0].lstrip("-").replace("-", "_")
    return click.option(*names, cls=SectionOption, section=section, **{"envvar": variable(key), **settings})


def table_option(name: str, *, section: str | None = None, **changes: Any) -> Callable[[F], F]:
    """Add an option of the table, with another help text or default where a command has its own."""
    row = OPTIONS[name]
    default = DEFAULTS[name]
    settings: dict[str, object] = {
        "help": row.help,
        "default": default,
        "show_default": default is not None and default is not False and default != (),
        "shell_complete": _completer(name),
        "callback": reader(name),
    }
    if is_flag(name):
        settings["is_flag"] = True
    else:
        settings |= {"type": click.UNPROCESSED, "metavar": metavar_of(name)}
    if is_repeatable(name):
        settings |= {"multiple": True, "default": None}
    return option(spelling(name), section=section or row.section, **{**settings, **changes})


def reader(name: str) -> Read:
    """Return what reads the values of an option, before a command does anything."""
    return lambda _ctx, _parameter, value: None if value is None else read_option(name, value)


def _completer(name: str) -> Complete:
    """Return what completes an option's values; the module is imported when a shell asks."""

    def complete(ctx: click.Context, _parameter: click.Parameter, word: str) -> list[CompletionItem]:
        from adaptx.cli.completion import complete_option

        return complete_option(name, ctx, word)

    return complete


json_option = option("--json", "json", section="how", is_flag=True, help="Print one JSON value on stdout.")
store_option = table_option("store")
dry_run_option = option("--dry-run", section="how", envvar=None, is_flag=True, help="Print the plan and stop.")
languages_option = table_option("languages", help="Only these languages.")


def how_options(function: F) -> F:
    """Add the options of a command that computes what a file says."""
    return _with(function, HowOptions.__annotations__)


def work_options(function: F) -> F:
    """Add every option of a command that may compute."""
    return _with(function, OPTIONS)


def _with(function: F, names: Iterable[str]) -> F:
    ours = [table_option(name) for name in OPTIONS if name in names]
    for add in reversed((*ours, dry_run_option, json_option)):
        function = add(function)
    return function
