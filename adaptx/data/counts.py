"""How many rows a cell has, without reading them: from the generator, a page's sizes, Parquet's footers or line ends.

Owns the count that is good enough to announce hours; rows that will be quarantined or dropped are counted too.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.data.parts import parts_of
from adaptx.data.source import FolderSource, MiniSource

if TYPE_CHECKING:
    from adaptx.data.cell import Cell

__all__ = ["count_rows"]

UNKNOWN = 1000  # rows of a cell that nobody has counted
QUESTION_BYTES = 900  # of SQuAD's own JSON, a question with its share of the paragraph
BLOCK = 1 << 20


def count_rows(cell: Cell, limit: int | None = None) -> int:
    """Return about how many rows a cell has, or the part of them that ``limit`` leaves; raises as `Source.revision`."""
    counts = [_count(part) for part in parts_of(cell)]
    if cell.task.mixes:
        return min(sum(counts), limit or sum(counts))
    return sum(min(count, limit or count) for count in counts)


def _count(cell: Cell) -> int:
    if isinstance(cell.source, MiniSource):
        return int(getattr(cell.source.suite, cell.split))
    if isinstance(cell.source, FolderSource):
        return sum(_in_file(Path(file)) for file in cell.files)
    size = cell.task.sizes.get(cell.split, UNKNOWN)
    return size if isinstance(size, int) else int(size.get(cell.language, UNKNOWN))


def _in_file(path: Path) -> int:
    """Return about how many rows a file has; a damaged one has some: who reads it says what is wrong, and where."""
    try:
        if path.suffix == ".parquet":
            return _in_footer(path)
        return path.stat().st_size // QUESTION_BYTES if path.suffix == ".json" else _lines(path)
    except (EOFError, OSError, ValueError, zlib.error):
        return UNKNOWN


def _in_footer(path: Path) -> int:
    from pyarrow.parquet import read_metadata

    return int(read_metadata(path).num_rows)


def _lines(path: Path) -> int:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))
