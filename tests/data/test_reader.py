"""Rows for one command: a cell is read once, a limit takes its rows from the whole, old cells make room."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adaptx.data import reader as module
from adaptx.data.cell import Cell
from adaptx.data.plain_text import load_text
from adaptx.data.reader import RowsReader
from adaptx.data.source import open_source
from adaptx.errors import DataFault, Missing
from adaptx.spec import RowsSpec
from adaptx.store import Store
from adaptx.tasks.catalog import task_named
from adaptx.tasks.mlm import MLM

PAWSX = task_named("pawsx")
ROWS = RowsSpec(
    source="folder",
    revision="files:x",
    task="pawsx",
    task_version=1,
    form="classification",
    form_version=1,
    language="de",
    split="test",
)


@pytest.fixture
def source(tmp_path: Path) -> Any:
    for language in ("de", "fr", "en"):
        path = tmp_path / "rows" / "paws-x" / language / "test.jsonl"
        path.parent.mkdir(parents=True)
        rows = [{"id": n, "sentence1": f"{language} {n}", "sentence2": "x", "label": n % 2} for n in range(20)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return open_source(str(tmp_path / "rows"), Store(tmp_path / "runs"))


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every cell that is read from its file."""
    seen: list[str] = []
    load = module.load

    def watched(cell: Cell, **how: Any) -> Any:
        seen.append(cell.language)
        return load(cell, **how)

    monkeypatch.setattr(module, "load", watched)
    return seen


def test_a_cell_is_read_once_and_a_limit_takes_its_rows_from_the_whole(source: Any, readings: list[str]) -> None:
    reader = RowsReader(source)
    whole = reader.load(Cell(source, PAWSX, "de", "test"))
    few = reader.load(Cell(source, PAWSX, "de", "test"), 5)
    assert readings == ["de"]
    assert len(whole.examples) == 20
    assert [one for one in whole.examples if one in few.examples] == list(few.examples)
    assert few.examples == RowsReader(source).load(Cell(source, PAWSX, "de", "test"), 5).examples


def test_several_languages_share_what_was_read_of_each(source: Any, readings: list[str]) -> None:
    reader = RowsReader(source)
    reader.load(Cell(source, PAWSX, "de", "test"))
    both = reader.load(Cell(source, PAWSX, "de,fr", "test"))
    assert readings == ["de", "fr"]
    assert len(both.examples) == 40


def test_a_specs_own_limit_goes_before_the_readers(source: Any) -> None:
    reader, rows = RowsReader(source), replace(ROWS, revision=source.revision(PAWSX, "de", "test"))
    assert len(reader.read(PAWSX, rows).examples) == 20
    assert len(reader.read(PAWSX, rows, 7).examples) == 7
    assert len(reader.read(PAWSX, replace(rows, limit=3), 7).examples) == 3


def test_rows_that_changed_since_the_plan_are_refused(source: Any) -> None:
    with pytest.raises(DataFault, match="changed since the plan: planned files:x, read files:"):
        RowsReader(source).read(PAWSX, ROWS)


def test_cells_asked_for_longest_ago_make_room(source: Any, readings: list[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "KEPT_ROWS", 40)
    reader = RowsReader(source)
    for language in ("de", "fr", "de", "en", "de", "fr"):
        reader.load(Cell(source, PAWSX, language, "test"))
    assert readings == ["de", "fr", "en", "fr"]


def test_a_page_of_another_text_is_another_cell(source: Any, readings: list[str]) -> None:
    reader = RowsReader(source)
    reader.load(Cell(source, PAWSX, "de", "test"))
    reader.load(Cell(source, replace(PAWSX, page="another text"), "de", "test"))
    reader.load(Cell(source, replace(PAWSX, version=PAWSX.version + 1), "de", "test"))
    assert readings == ["de"] * 3


def test_strict_reaches_every_reading(source: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows" / "paws-x" / "de" / "test.jsonl"
    rows = [{"id": n, "sentence1": "x", "sentence2": "y", "label": 9 if n == 3 else 0} for n in range(200)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert len(RowsReader(source).load(Cell(source, PAWSX, "de", "test")).quarantined) == 1
    with pytest.raises(DataFault, match="1 of 200 rows cannot be used"):
        RowsReader(source, strict=True).load(Cell(source, PAWSX, "de", "test"))


def test_text_is_read_from_its_folder_and_missed_without_one(source: Any, tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_text("eins\nzwei\n", encoding="utf-8")
    revision = load_text(tmp_path, "de", None).revision
    asked = replace(ROWS, task=MLM.name, language="de", split="train", revision=revision)
    found = RowsReader(source, text=tmp_path).read(MLM, asked)
    assert [example.texts["text"] for example in found.examples] == ["eins", "zwei"]
    assert len(RowsReader(source, text=tmp_path).read(MLM, replace(asked, limit=1)).examples) == 1
    with pytest.raises(Missing) as caught:
        RowsReader(source).read(MLM, asked)
    assert caught.value.hint == "--mlm-text FOLDER"
