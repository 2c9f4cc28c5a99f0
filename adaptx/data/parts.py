"""Which pages and languages a task's rows are made of: one, unless it mixes tasks or is trained in several languages.

Owns `parts_of` and the revision of such a whole; reads no rows (`data.union` does). A list of languages is written
``de,fr`` wherever one language could stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from adaptx.spec import digest
from adaptx.tasks.catalog import task_named

if TYPE_CHECKING:
    from adaptx.data.cell import Cell

__all__ = ["has_split", "parts_of", "revision_of", "revision_of_parts"]


def parts_of(cell: Cell) -> list[Cell]:
    """Return the cells of one page and one language whose rows together are those of ``cell``."""
    pages = [task_named(name) for name in cell.task.mixes] or [cell.task]
    return [replace(cell, task=page, language=tag) for page in pages for tag in cell.language.split(",")]


def has_split(cell: Cell) -> bool:
    """Return whether the source has the split of every part."""
    return all(
        part.split in part.task.splits
        and part.language in part.source.languages(part.task, part.split, translated=True)
        for part in parts_of(cell)
    )


def revision_of(cell: Cell) -> str:
    """Return the revision of the rows: the source's, or of the whole where there are several parts."""
    return revision_of_parts([part.revision for part in parts_of(cell)])


def revision_of_parts(revisions: Sequence[str]) -> str:
    """Return the revision of a whole of parts: that of the only one, or the hash of the list."""
    return revisions[0] if len(revisions) == 1 else f"several:{digest(revisions)}"
