"""Every page against real rows, where the reference data are there: counts, faults and labels are as published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adaptx.data.cell import Cell
from adaptx.data.rows import load
from adaptx.data.source import FolderSource
from adaptx.store import Store
from adaptx.tasks.catalog import task_named, task_names

if TYPE_CHECKING:
    from adaptx.tasks.example import Example

pytestmark = pytest.mark.shared

ROW = re.compile(r"^\| (?P<folder>[\w-]+) \|[^|]*\|[^|]*\|[^|]*\| (?P<counts>[^|]*:[^|]*) \|", re.MULTILINE)


@pytest.fixture(scope="module")
def published(shared_data: Path) -> dict[tuple[str, str, str], int]:
    """Return (folder, sub-folder, upstream split) -> rows, as the README of the reference data counts them."""
    text = (shared_data / "README.md").read_text(encoding="utf-8")
    found = {}
    for row in ROW.finditer(text):
        for part in row["counts"].split(";"):
            split, _, groups = part.partition(":")
            for group in groups.split(","):
                *names, n = group.split()
                found |= {(row["folder"], name, split.strip()): int(n) for name in names}
    return found


@pytest.mark.parametrize("name", task_names())
def test_rows_are_as_many_as_published_and_nearly_all_can_be_used(name: str, shared_data, published, tmp_path) -> None:
    task = task_named(name)
    source = FolderSource(shared_data, Store(tmp_path / "runs"))
    cells = [(language, split) for language in task.languages for split in source.splits(task, language)]
    if not cells:
        pytest.skip(f"no rows of {name}")
    found: set[int] = set()
    for language, upstream in {(language, task.splits[split]) for language, split in cells}:
        ours = [split for split in task.splits if task.splits[split] == upstream and split in task.gold_splits]
        loaded = [load(Cell(source, task, language, split)) for split in ours]
        folder = task.folders.get(language, language)
        files = [f"{part}_source" if task.layout == "bitext" else part for part in upstream]
        assert sum(part.n_rows for part in loaded) == sum(published[task.folder, folder, file] for file in files)
        assert sum(len(part.quarantined) for part in loaded) <= 0.01 * sum(part.n_rows for part in loaded)
        found |= {label for part in loaded for example in part.examples for label in _labels(example)}
    assert found == set(range(len(task.labels)))


def _labels(example: Example) -> Sequence[int]:
    return example.tags if example.label is None else [example.label]
