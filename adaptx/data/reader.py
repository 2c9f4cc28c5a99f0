"""Rows for one command: every cell is read once, however many steps and arms ask for it.

Owns `RowsReader`, and in it the one comparison of the rows that were read with those that were planned: hours may lie
between, and rows of other bytes are refused under the id of the old ones. It keeps whole cells, the ones asked for
last, up to `KEPT_ROWS` rows: a limit takes its rows from the whole, so that an evaluation with ``--max-eval`` and the
attack that needs all of the cell's words share one reading.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.data.cell import Cell
from adaptx.data.plain_text import load_text
from adaptx.data.revision import require_revision
from adaptx.data.rows import Loaded, limited, load
from adaptx.data.union import load_all
from adaptx.errors import Missing
from adaptx.tasks.mlm import MLM

if TYPE_CHECKING:
    from collections.abc import Hashable

    from adaptx.data.source import Source
    from adaptx.spec import RowsSpec
    from adaptx.tasks.task import Task

__all__ = ["KEPT_ROWS", "RowsReader"]

KEPT_ROWS = 200_000  # of all cells that are held; about 2 KB a row of two sentences


class RowsReader:
    """Reads cells; those of a spec are of ``source``.

    ``text`` is the folder of masked language modelling; ``strict``: no row may be bad.
    """

    def __init__(self, source: Source, *, strict: bool = False, text: Path | None = None) -> None:
        self.source, self.strict, self.text = source, strict, text
        self._cells: OrderedDict[Hashable, Loaded] = OrderedDict()

    def read(self, task: Task, rows: RowsSpec, limit: int | None = None) -> Loaded:
        """Return the rows of a spec, at most its own limit of them, else ``limit``.

        Raises as `rows.load`, and `DataFault` where the files changed since their revision was taken.
        """
        asked = rows.limit or limit
        cell = Cell(self.source, task, rows.language, rows.split)
        found = self._text(rows) if task is MLM else self.load(cell, asked)
        require_revision(rows.revision, found.revision, cell.name, found.files)
        return found

    def load(self, cell: Cell, limit: int | None = None) -> Loaded:
        """Return the rows of a cell, whose language may be several (``de,fr``); raises as `rows.load`."""
        return load_all(cell, limit=limit, strict=self.strict, read=self._part)

    def _text(self, rows: RowsSpec) -> Loaded:
        if self.text is None:
            raise Missing("no folder of text was given for masked language modelling", hint="--mlm-text FOLDER")
        return load_text(self.text, rows.language, rows.limit)

    def _part(self, cell: Cell, *, limit: int | None = None, strict: bool = False) -> Loaded:
        key = (cell.source, cell.task.name, cell.task.version, cell.task.page, cell.language, cell.split)
        whole = self._cells.get(key) or load(cell, strict=strict)
        self._keep(key, whole)
        return limited(whole, limit)

    def _keep(self, key: Hashable, rows: Loaded) -> None:
        """Hold a cell's rows, and drop those that were asked for longest ago where all are too many."""
        self._cells[key] = rows
        self._cells.move_to_end(key)
        while sum(len(rows.examples) for rows in self._cells.values()) > KEPT_ROWS:
            self._cells.popitem(last=False)
