"""Rows of several pages or languages as one: ids say where a row came from, and translations stay tied together.

Owns the union; each part is read by `data.rows`, with its own page's columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from adaptx.data.parts import parts_of, revision_of_parts
from adaptx.data.rows import Loaded, load, lowest
from adaptx.errors import Incompatible

if TYPE_CHECKING:
    from adaptx.data.cell import Cell
    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

__all__ = ["ReadCell", "load_all", "repairs_of"]


class ReadCell(Protocol):
    """Reads the rows of one task in one language, as `rows.load` does."""

    def __call__(self, cell: Cell, *, limit: int | None = None, strict: bool = False) -> Loaded:
        """Return the examples of one cell."""
        ...


def load_all(cell: Cell, *, limit: int | None = None, strict: bool = False, read: ReadCell = load) -> Loaded:
    """Return the examples of a cell, whose language may be a list such as ``de,fr``; raises as `load`.

    ``limit`` counts the rows of each language, the same ones in each; of mixed tasks it counts the rows of all of them.
    Raises `Incompatible` where a mixed task has other labels.
    """
    parts, mixes = parts_of(cell), bool(cell.task.mixes)
    if len(parts) == 1:
        return read(parts[0], limit=limit, strict=strict)
    found = [read(part, limit=None if mixes else limit, strict=strict) for part in parts]
    examples = [
        _renamed(example, cell.task, part.task, part.language)
        for part, rows in zip(parts, found, strict=True)
        for example in rows.examples
    ]
    return _joined(found, lowest(examples, limit if mixes else None))


def _joined(parts: Sequence[Loaded], examples: Sequence[Example]) -> Loaded:
    return Loaded(
        examples=tuple(examples),
        quarantined=tuple(row for part in parts for row in part.quarantined),
        n_rows=sum(part.n_rows for part in parts),
        revision=revision_of_parts([part.revision for part in parts]),
        files=tuple(file for part in parts for file in part.files),
        dropped=tuple(row for part in parts for row in part.dropped),
        repaired=repairs_of(parts),
    )


def repairs_of(parts: Iterable[Loaded]) -> dict[str, int]:
    """Return how many rows of all parts each repair mended."""
    return dict(sum((Counter(part.repaired) for part in parts), Counter[str]()))


def _renamed(example: Example, task: Task, page: Task, tag: str) -> Example:
    """Return the example under an id of its own and, of a mixed task, under the mixture's names of the fields."""
    if not task.mixes:
        return replace(example, id=f"{tag}:{example.id}")
    if page.labels != task.labels:
        raise Incompatible(
            f"{task.name} has labels {list(task.labels)}, {page.name}, which it mixes, has {list(page.labels)}",
            hint="tasks under one head have the same labels in the same order",
        )
    return replace(
        example,
        id=f"{page.name}:{tag}:{example.id}",
        parallel=f"{page.name}:{example.parallel}",
        group=f"{page.name}:{example.group}",
        texts=dict(zip(task.fields, example.texts.values(), strict=True)),
        languages=dict.fromkeys(task.fields, tag),
    )
