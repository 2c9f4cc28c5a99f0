"""Files of a step in progress: the ``staged`` folder that is committed, and what every kind writes into it.

Owns those files' shapes; the store reads none of them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adaptx.data.rows import Loaded

__all__ = ["empty_staged", "write_lines", "write_quarantined"]


def empty_staged(work: Path) -> Path:
    """Return an empty ``work/staged``."""
    staged = work / "staged"
    if staged.exists():
        shutil.rmtree(staged)
    staged.mkdir()
    return staged


def write_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_quarantined(staged: Path, read: Sequence[Loaded]) -> None:
    """Write the rows that could not be used, if there are any: file, row, field, reason."""
    bad = [asdict(row) for rows in read for row in rows.quarantined]
    if bad:
        write_lines(staged / "quarantined.jsonl", bad)
