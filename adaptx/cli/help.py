"""Help of a command: its options in named sections and examples, styled on a terminal and plain text elsewhere.

Owns the look of ``--help``; rich is imported where there is a terminal alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import click

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["HEADINGS", "SectionCommand", "is_styled", "style_help"]

Rows: TypeAlias = Sequence[tuple[str, str]]

HEADINGS: Mapping[str, str] = {
    "what": "What to compute",
    "training": "Training",
    "rows": "Rows",
    "attack": "Attack",
    "how": "How to compute it",
}
"""A heading for each section of options (`adaptx.planning.options.SECTIONS`), in their order."""

LAST = "how"  # where an option of no section is shown: --help itself
WIDEST = 120  # columns: longer lines are hard to read
NAMES_SHARE = 0.4  # of a line, at most, for names of options


class SectionCommand(click.Command):
    """A command whose help has sections, and one to three ``examples``: a command line each, and what it is for."""

    def __init__(self, *args: Any, examples: Mapping[str, str], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.examples = examples

    def sections(self, ctx: click.Context) -> Iterator[tuple[str, Rows]]:
        """Yield each section that has options, with its heading."""
        options = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, click.Option)]
        found = [(option, option.get_help_record(ctx)) for option in options]
        for name, heading in HEADINGS.items():
            rows = [row for option, row in found if row and getattr(option, "section", LAST) == name]
            if rows:
                yield heading, rows

    def get_help(self, ctx: click.Context) -> str:
        """Return the help, styled where stdout is a terminal."""
        if not is_styled():
            return super().get_help(ctx)
        usage = " ".join([ctx.command_path, *self.collect_usage_pieces(ctx)])
        return style_help(usage, self.help or "", list(self.sections(ctx)), self.examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections and the examples as plain text."""
        for heading, rows in self.sections(ctx):
            with formatter.section(heading):
                formatter.write_dl(rows)
        with formatter.section("Examples"):
            for line, what in self.examples.items():
                formatter.write(f"  {line}\n      {what}\n")


def is_styled() -> bool:
    """Say whether stdout is a terminal that can show more than plain text."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def style_help(usage: str, text: str, sections: Sequence[tuple[str, Rows]], examples: Mapping[str, str]) -> str:
    """Return help as a terminal shows it: a panel a section, names in one column through all of them."""
    from io import StringIO

    from rich.console import Console, Group
    from rich.padding import Padding
    from rich.text import Text

    out, width = StringIO(), min(Console().width, WIDEST)
    names = min(max(len(name) for _, rows in sections for name, _ in rows), int(NAMES_SHARE * width))
    heading = Text.assemble(("Usage: ", "bold yellow"), (usage, "bold"))
    panels = [_panel(title, _table(rows, names)) for title, rows in sections]
    if examples:
        panels.append(_panel("Examples", _examples(examples)))
    console = Console(file=out, force_terminal=True, width=width, color_system="standard")
    console.print(Group(Text(), Padding(heading, (0, 1)), Text(), Padding(Text(text), (0, 1)), Text(), *panels))
    return out.getvalue().rstrip("\n")


def _panel(title: str, body: RenderableType) -> RenderableType:
    from rich.panel import Panel

    return Panel(body, title=title, title_align="left", border_style="dim")


def _table(rows: Rows, names: int) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="cyan", width=names)
    table.add_column()
    for name, text in rows:
        table.add_row(Text(name), Text(text))
    return table


def _examples(examples: Mapping[str, str]) -> RenderableType:
    from rich.text import Text

    lines = [part for line, what in examples.items() for part in ((f"{line}\n", "cyan"), (f"    {what}\n", ""))]
    shown = Text.assemble(*lines)
    shown.rstrip()
    return shown
