"""Options of the command line, made from the one table (`adaptx.planning.options`), each in its section of the help.

Every option is also ``ADAPTX_<NAME>`` and a key of ``adaptx.toml``. Values are handed on as they came: what they may be
is read in one place, for Python too. May not import anything heavy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from adaptx.errors import UsageError
from adaptx.options import OPTIONS as BOUNDS
from adaptx.options import Number
from adaptx.planning.options import DEFAULTS, OPTIONS, Flag, HowOptions, Many, Numbers, read_options, spelling

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from adaptx.planning.options import Option

__all__ = [
    "SectionOption",
    "check_options",
    "checked",
    "dry_run_option",
    "how_options",
    "json_option",
    "languages_option",
    "option",
    "store_option",
    "table_option",
    "work_options",
]


class Checked(click.ParamType):  # type: ignore[type-arg]  # generic for the type checker alone
    """A number within the bounds of the table, typed (of a file) or as text."""

    name = "number"

    def __init__(self, option: str) -> None:
        self._option = option

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = BOUNDS[self._option]
        assert isinstance(number, Number), self._option
        try:
            typed = number.read(value) if isinstance(value, str) else value
        except UsageError as error:
            self.fail(str(error), param, ctx)
        if wrong := number.wrong(typed):
            self.fail(wrong, param, ctx)
        return typed


def checked(option: str) -> Checked:
    """Return the type of a number of the table, for click."""
    return Checked(option)


Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]
F = TypeVar("F", bound=Callable[..., Any])


class SectionOption(click.Option):
    """An option that knows the section of its command's help."""

    def __init__(self, *args: Any, section: str = "what", **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.section = section


def option(*names: str, section: str = "what", **settings: Any) -> Callable[[F], F]:
    """Add an option of one command alone; it is also ``ADAPTX_<NAME>``."""
    variable = "ADAPTX_" + names[0].lstrip("-").replace("-", "_").upper()
    return click.option(*names, cls=SectionOption, section=section, **{"envvar": variable, **settings})


def table_option(name: str, *, section: str | None = None, **changes: Any) -> Callable[[F], F]:
    """Add an option of the table, with another help text or default where a command has its own."""
    row = OPTIONS[name]
    default = DEFAULTS[name]
    settings: dict[str, object] = {
        "help": row.help,
        "default": default,
        "show_default": default is not None and default is not False and default != (),
        "shell_complete": _completer(row),
    }
    if isinstance(row.kind, Flag):
        settings["is_flag"] = True
    else:
        settings |= {"type": click.UNPROCESSED, "metavar": row.kind.metavar}
    if isinstance(row.kind, Numbers | Many):
        settings |= {"multiple": True, "default": None}
    return option(spelling(name), section=section or row.section, **{**settings, **changes})


def _completer(row: Option) -> Complete:
    """Return what completes an option's values; the module is imported when a shell asks."""

    def complete(ctx: click.Context, _parameter: click.Parameter, word: str) -> list[CompletionItem]:
        from adaptx.cli.completion import complete_option

        return complete_option(row, ctx, word)

    return complete


json_option = option("--json", "json", section="how", is_flag=True, help="Print one JSON value on stdout.")
store_option = table_option("store")
dry_run_option = option("--dry-run", section="how", envvar=None, is_flag=True, help="Print the plan and stop.")
languages_option = table_option("languages", help="Only these languages.")


def check_options(given: dict[str, Any]) -> None:
    """Raise as `read_options` for a value that an option cannot have: before anything is opened or said."""
    read_options({name: value for name, value in given.items() if name in OPTIONS})


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
