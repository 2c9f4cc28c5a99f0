"""A table before it has a look: a title, columns, and rows of text.

Owns `Sheet` and its rich form; the same sheet is printed, and put on a page by `report.html`.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

__all__ = ["Sheet", "rich_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Rows of text under their columns; those named in ``words`` are read from the left, numbers from the right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[str]


def rich_table(sheet: Sheet) -> Table:
    """Return the sheet as a table for the terminal."""
    table = Table(title=sheet.title, title_justify="left", header_style="bold")
    for name in sheet.columns:
        table.add_column(name, justify="left" if name in sheet.words else "right")
    for row in sheet.rows:
        table.add_row(*row)
    return table
