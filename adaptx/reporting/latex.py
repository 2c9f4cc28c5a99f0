"""A run's tables in LaTeX, in points; every caption says which world they are of, since a caption is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptx.escaping import latex, one_line
from adaptx.reporting.comparison import sheets_of, summary
from adaptx.reporting.provenance import world_of_run

if TYPE_CHECKING:
    from adaptx.reporting.table import Sheet
    from adaptx.schema.commands import RunResult

__all__ = ["text_of"]


def text_of(value: RunResult) -> str:
    """Return the run in LaTeX; raise `Incompatible` for comparisons of several sources."""
    world = world_of_run(value)
    sheets = [summary(value["comparisons"]), *(sheet for c in value["comparisons"] for sheet in sheets_of(c))]
    return f"% {one_line(world)}\n" + "\n".join(_table(sheet, world) for sheet in sheets)


def _table(sheet: Sheet, world: str) -> str:
    rows = [f"{' & '.join(latex(text) for text in row)} \\\\" for row in (sheet.columns, *sheet.rows)]
    return "\n".join(
        [
            r"\begin{table}",
            f"\\caption{{{latex(sheet.title)}. {latex(world)}}}",
            f"\\begin{{tabular}}{{{''.join('l' if name in sheet.words else 'r' for name in sheet.columns)}}}",
            *(rows[0], r"\hline", *rows[1:]),
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )
