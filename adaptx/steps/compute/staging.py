"""Files of a step in progress: the ``staged`` folder that is committed, and what every kind writes into it.

Owns those files' shapes; the store reads none of them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.errors import AdaptxError
from adaptx.tables import write_json

if TYPE_CHECKING:
    from adaptx.data.rows import Loaded

__all__ = ["empty_staged", "write_lines", "write_quarantined", "write_scores"]


def empty_staged(work: Path) -> Path:
    """Return an empty ``work/staged``."""
    staged = work / "staged"
    if staged.exists():
        shutil.rmtree(staged)
    staged.mkdir()
    return staged


def write_scores(staged: Path, name: str, n: int, scores: Mapping[str, float | None], **others: object) -> None:
    """Write ``scores.json`` of the step called ``name``; raise `AdaptxError` for a number that is not finite."""
    odd = {key: score for key, score in scores.items() if score is not None and not isfinite(score)}
    if odd:
        told = ", ".join(f"{key} = {score}" for key, score in odd.items())
        raise AdaptxError(f"{name}: {told} is no score", hint="nothing was stored; the rows or the model are damaged")
    write_json(staged / "scores.json", {"n": n, "scores": dict(scores), **others})


def write_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_quarantined(staged: Path, read: Sequence[Loaded]) -> None:
    """Write the rows that could not be used, if there are any: file, row, field, reason."""
    bad = [asdict(row) for rows in read for row in rows.quarantined]
    if bad:
        write_lines(staged / "quarantined.jsonl", bad)
