"""Which pages and languages a task's rows are made of: one, unless it mixes tasks or is trained in several languages.

Owns `parts_of` and the revision of such a whole; reads no rows (`data.union` does). A list of languages is written
``de,fr`` wherever one language could stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adaptx.spec import digest
from adaptx.tasks.catalog import task_named

if TYPE_CHECKING:
    from adaptx.data.source import Source
    from adaptx.tasks.task import Task

__all__ = ["has_split", "parts_of", "revision_of", "revision_of_parts"]

Part = tuple["Task", str]


def parts_of(task: Task, language: str) -> list[Part]:
    """Return the (task, language) pairs whose rows together are those of ``task`` in ``language``."""
    pages = [task_named(name) for name in task.mixes] or [task]
    return [(page, tag) for page in pages for tag in language.split(",")]


def has_split(source: Source, task: Task, language: str, split: str) -> bool:
    """Return whether ``source`` has ``split`` of every part."""
    return all(
        split in page.splits and tag in source.languages(page, split, translated=True)
        for page, tag in parts_of(task, language)
    )


def revision_of(source: Source, task: Task, language: str, split: str) -> str:
    """Return the revision of the rows: the source's, or of the whole where there are several parts."""
    return revision_of_parts([source.revision(page, tag, split) for page, tag in parts_of(task, language)])


def revision_of_parts(revisions: Sequence[str]) -> str:
    """Return the revision of a whole of parts: that of the only one, or the hash of the list."""
    return revisions[0] if len(revisions) == 1 else f"several:{digest(revisions)}"
