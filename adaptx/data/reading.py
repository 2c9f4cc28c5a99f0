"""A reader of a cell and of what lies beside it, handed to layouts: each row with its place, and its fault if any.

Owns `Read`. It opens no file: what yields raw rows is handed to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from adaptx.data.quarantine import Quarantined, bad_row
from adaptx.data.raw_values import Row, result_of
from adaptx.errors import DataFault, RowFault

if TYPE_CHECKING:
    from adaptx.data.cell import Cell

__all__ = ["Numbered", "Place", "Read"]

Numbered = tuple[str, Row | RowFault]  # (file, row, or why it cannot be used)
Place = tuple[str, int]  # (file, row number)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read:
    """A reader for ``cell``: ``read(cell)``, or of another beside it, yields (file, row).

    ``bad`` takes the faults of rows that are not the cell's own: of pairs, and of other languages.
    """

    cell: Cell
    rows: Callable[[Cell], Iterator[Numbered]]
    bad: list[Quarantined] = field(default_factory=list)

    def __call__(self, cell: Cell) -> Iterator[Numbered]:
        """Yield the rows of a cell as upstream has them."""
        return self.rows(cell)

    def each(self, cell: Cell, use: Callable[[Row], T]) -> Iterator[tuple[Place, T | RowFault]]:
        """Yield where each row stands, and what ``use`` makes of it or why it cannot."""
        for number, (file, row) in enumerate(self(cell)):
            yield (file, number), result_of(use, row)

    def usable(self, cell: Cell, use: Callable[[Row], T]) -> Iterator[tuple[Place, T]]:
        """Yield what ``use`` makes of each row that can be used; the others are noted as ``bad``."""
        for place, found in self.each(cell, use):
            if isinstance(found, RowFault):
                self.note(place, found)
            else:
                yield place, found

    def whole(self, cell: Cell, use: Callable[[Row], T]) -> Iterator[T]:
        """Yield what ``use`` makes of each row; raise `DataFault` naming the first that cannot be used."""
        for place, found in self.each(cell, use):
            if isinstance(found, RowFault):
                told = str(bad_row(*place, found))
                raise DataFault(told, hint="mend the file: what is searched must be whole")
            yield found

    def note(self, place: Place, fault: RowFault) -> None:
        """Keep the fault of a row that is not one of the cell's own."""
        self.bad.append(bad_row(*place, fault))
