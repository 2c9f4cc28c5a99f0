"""Counting rows to announce hours: right on whole files, and never what ends a command on damaged ones."""

from __future__ import annotations

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adaptx.data.cell import Cell
from adaptx.data.counts import UNKNOWN, count_rows
from adaptx.tasks.catalog import task_named

ROWS = [{"sentence1": "a", "sentence2": "b", "label": row % 2} for row in range(37)]


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    return file.getvalue()


@pytest.mark.parametrize("name", ["train.jsonl", "train.jsonl.gz"])
def test_the_lines_of_a_file_are_its_rows(folder, name: str) -> None:
    folder.write(f"paws-x/en/{name}", ROWS)
    assert count_rows(Cell(folder.source, task_named("pawsx"), "en", "train")) == 37
    assert count_rows(Cell(folder.source, task_named("pawsx"), "en", "train"), limit=5) == 5


def test_a_footer_says_how_many_rows_there_are(folder) -> None:
    folder.write_bytes("paws-x/en/train.parquet", parquet())
    assert count_rows(Cell(folder.source, task_named("pawsx"), "en", "train")) == 37


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.jsonl.gz", gzip.compress(b"{}\n" * 5000, mtime=0)[:-20]),
        ("train.jsonl.gz", b"no gzip at all"),
        ("train.parquet", parquet()[:-9]),
    ],
)
def test_a_damaged_file_is_left_to_who_reads_it(folder, name: str, content: bytes) -> None:
    folder.write_bytes(f"paws-x/en/{name}", content)
    assert count_rows(Cell(folder.source, task_named("pawsx"), "en", "train")) == UNKNOWN
