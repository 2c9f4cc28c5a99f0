"""Lists and single records on stdout, as rich tables sized to the terminal.

Owns the look of `ls`, `show`, `doctor`, `fetch` and `prune`; gets plain rows and may not know what they mean.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from adaptx.escaping import printable

__all__ = ["console", "print_text", "show", "show_one", "text_of"]

STYLES = {"fault": "bold red", "note": "yellow", "ok": "green"}


class PlainConsole(Console):
    """A console that shows texts as they are: no markup in them, and nothing that a terminal would obey."""

    def __init__(self, **how: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of ``renderable``, their texts printable."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)


def console(*, stderr: bool = False) -> Console:
    """Return a console on stdout that wraps nothing when piped, so that other programs read whole lines."""
    found = PlainConsole(stderr=stderr)
    return found if found.is_terminal else PlainConsole(stderr=stderr, width=10_000)


def print_text(text: str) -> None:
    """Print a text as it is, to the last character."""
    sys.stdout.write(text)


def show(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows as a table, a column a key that any of them has; nothing to list is said so."""
    if not rows:
        console().print("nothing")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = dict.fromkeys(name for row in rows for name in row)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(text_of(row.get(name)) for name in columns))
    console().print(table)


def show_one(value: Mapping[str, object]) -> None:
    """Print one record, a key a line, nested values indented; what is empty is left out."""
    for key, item in value.items():
        if item in (None, "", [], {}):
            continue
        if isinstance(item, Mapping):
            console().print(Text(f"{key}:", style="bold"))
            console().print(Text(json.dumps(item, ensure_ascii=False, indent=2)[2:-2]))
        else:
            console().print(Text.assemble((f"{key}: ", "bold"), text_of(item)))


def text_of(value: object) -> Text:
    """Return a cell's text; words of state are coloured."""
    shown = " ".join(map(str, value)) if isinstance(value, (list, tuple)) else "" if value is None else str(value)
    return Text(shown, style=STYLES.get(shown, ""))
