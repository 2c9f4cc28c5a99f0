"""A run's tables in Markdown, in points; the world that they are of comes first of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptx.escaping import markdown
from adaptx.reporting.comparison import flags_of, label_of, sheets_of, summary
from adaptx.reporting.provenance import world_of_run

if TYPE_CHECKING:
    from adaptx.reporting.table import Sheet
    from adaptx.schema.commands import RunResult

__all__ = ["text_of"]


def text_of(value: RunResult) -> str:
    """Return the run in Markdown; raise `Incompatible` for comparisons of several sources."""
    world, recipe = (markdown(text, inline=True) for text in (world_of_run(value), value["recipe"]))
    parts = [f"**{world}**", f"# {recipe}", markdown(value["why"])]
    parts.append(_table(summary(value["comparisons"])))
    for compared in value["comparisons"]:
        heading = f"{label_of(compared)}, {compared['backbone']} ({compared['metric']}, points)"
        parts.append(f"## {markdown(heading, inline=True)}")
        parts += map(_table, sheets_of(compared))
        parts.append("\n".join(f"- {markdown(line)}" for line in (*compared["notes"], *flags_of(compared))))
    return "\n\n".join(filter(None, parts)) + "\n"


def _table(sheet: Sheet) -> str:
    rule = [":--" if name in sheet.words else "--:" for name in sheet.columns]
    head, *rows = [[markdown(text, inline=True) for text in row] for row in (sheet.columns, *sheet.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
    return "\n".join([f"*{markdown(sheet.title, inline=True)}*", "", *lines])
