"""What a shell completes: names of tasks, attacks, methods, searches, languages and backbones, as click asks for them.

Owns how a half-typed word is completed; reads names alone, and imports nobody's code and no torch. How a shell is told:
docs/commands.md.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from adaptx.planning.options import NAMES, File, Many, OneOf

if TYPE_CHECKING:
    from click import Context, Parameter
    from click.shell_completion import CompletionItem

    from adaptx.planning.options import Option

__all__ = ["complete_option", "complete_tasks"]

TASKS = ("on", "tasks", "target", "task")  # parameters that say what is evaluated or trained, the first known one


def complete_option(option: Option, ctx: Context, word: str) -> list[CompletionItem]:
    """Complete a value of an option of the table; a path is completed by the shell."""
    from click.shell_completion import CompletionItem

    kind = option.kind
    if option.names:
        separator = "," if isinstance(kind, Many) and kind.comma else ""
        return _items(NAMES[option.names](_tasks(ctx)), word, separator)
    if isinstance(kind, OneOf):
        return _items(kind.known(), word)
    return [CompletionItem(word, type="file")] if isinstance(kind, File) else []


def complete_tasks(_ctx: Context, _param: Parameter, word: str) -> list[CompletionItem]:
    """Complete a task, or the last of ``mnli+squad``."""
    return _items(NAMES["tasks"](()), word, "+")


def _tasks(ctx: Context) -> tuple[str, ...]:
    """Return the task that the line has so far and whose languages are meant, if it has one."""
    # Before an option that waits for its value click leaves arguments unread, in `args`.
    found = next((value for name in TASKS if (value := ctx.params.get(name))), ctx.args)
    return (found,) if isinstance(found, str) else tuple(found[-1:])


def _items(names: Collection[str], word: str, separator: str = "") -> list[CompletionItem]:
    """Return the names that continue a word, or its last part after a separator."""
    from click.shell_completion import CompletionItem

    head, mark, last = word.rpartition(separator) if separator else ("", "", word)
    return [CompletionItem(head + mark + name) for name in names if name.startswith(last)]
