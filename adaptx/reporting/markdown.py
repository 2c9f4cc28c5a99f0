"""A run's tables in Markdown, in points; the world that they are of comes first of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptx.reporting.comparison import flags_of, label_of, sheets_of, summary
from adaptx.reporting.provenance import world_of_run

if TYPE_CHECKING:
    from adaptx.reporting.table import Sheet
    from adaptx.schema.commands import RunResult

__all__ = ["text_of"]


def text_of(value: RunResult) -> str:
    """Return the run in Markdown; raise `Incompatible` for comparisons of several sources."""
    parts = [f"**{world_of_run(value)}**", f"# {_plain(value['recipe'])}", _plain(value["why"])]
    parts.append(_table(summary(value["comparisons"])))
    for compared in value["comparisons"]:
        parts.append(f"## {_plain(label_of(compared))}, {compared['backbone']} ({compared['metric']}, points)")
        parts += map(_table, sheets_of(compared))
        parts.append("\n".join(f"- {_plain(line)}" for line in (*compared["notes"], *flags_of(compared))))
    return "\n\n".join(filter(None, parts)) + "\n"


def _table(sheet: Sheet) -> str:
    rule = [":--" if name in sheet.words else "--:" for name in sheet.columns]
    rows = [f"| {' | '.join(map(_plain, row))} |" for row in (sheet.columns, rule, *sheet.rows)]
    return "\n".join([f"*{_plain(sheet.title)}*", "", *rows])


def _plain(text: str) -> str:
    """Return text that Markdown leaves as it is, also in a cell."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
