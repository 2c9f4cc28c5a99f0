"""The value object *cell*: the rows of one task in one language and split of one source.

Owns `Cell`, which whatever reads, counts or plans rows takes as one argument; may not read rows (`data.rows`). What a
source says of a task is asked of the source. The language may be a list such as ``de,fr`` where `data.parts` splits it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adaptx.data.source import FolderSource

if TYPE_CHECKING:
    from adaptx.data.source import Source
    from adaptx.tasks.task import Task

__all__ = ["Cell"]


@dataclass(frozen=True, slots=True)
class Cell:
    """Which rows are meant. Making one checks nothing: its source does, when it is asked."""

    source: Source
    task: Task
    language: str
    split: str

    @property
    def name(self) -> str:
        """What messages call it: ``pawsx in de, split test``."""
        return f"{self.task.name} in {self.language}, split {self.split}"

    @property
    def revision(self) -> str:
        """The source's revision of the rows, in one language; raises as `Source.revision`."""
        return self.source.revision(self.task, self.language, self.split)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that a person may have changed: those of a folder, in one language."""
        source = self.source
        found = source.files(self.task, self.language, self.split) if isinstance(source, FolderSource) else ()
        return tuple(map(str, found))
