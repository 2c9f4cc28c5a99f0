"""MasakhaNER marks dates, PAN-X does not: dates become O by name, counted, and nothing else moves."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from adaptx.data.cell import Cell
from adaptx.data.rows import load
from adaptx.data.source import FolderSource
from adaptx.store import Store
from adaptx.tasks.catalog import task_named

ROWS = [
    {"tokens": ["Ada", "jana"], "ner_tags": [1, 7]},
    {"tokens": ["Ada", "Lund", "leo"], "ner_tags": ["B-PER", "I-PER", "I-DATE"]},
    {"tokens": ["Selm"], "ner_tags": [5]},
]


def test_dates_become_o_by_index_and_by_name_and_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "masakhaner" / "sw" / "test.jsonl.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS).encode()))
    loaded = load(Cell(FolderSource(tmp_path, Store(tmp_path / "runs")), task_named("masakhaner"), "sw", "test"))
    assert [example.tags for example in loaded.examples] == [(1, 0), (1, 2, 0), (5,)]
    assert loaded.repaired == {"date-to-o": 2}
    assert task_named("masakhaner").labels == task_named("panx").labels
