"""Rows of several pages or languages as one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from adaptx.data.cell import Cell
from adaptx.data.parts import has_split, parts_of, revision_of
from adaptx.data.source import open_source
from adaptx.data.union import load_all
from adaptx.errors import Incompatible
from adaptx.store import Store
from adaptx.tasks import catalog
from adaptx.tasks.catalog import task_named


@pytest.fixture
def source(tmp_path: Path):
    """Return PAWS-X training rows in English and German, parallel, and NLI rows under two names."""
    for language in ("en", "de"):
        rows = [{"id": n, "sentence1": f"{language} {n}", "sentence2": "other", "label": n % 2} for n in range(30)]
        write(tmp_path / "paws-x" / language / "train.jsonl", rows)
    for folder in ("mnli", "other"):
        rows = [{"premise": f"{folder} {n}", "hypothesis": "h", "label": n % 3, "idx": n} for n in range(20)]
        write(tmp_path / folder / "en" / "train.jsonl", rows)
    return open_source(str(tmp_path), Store(tmp_path / "runs"))


def write(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def mixed(monkeypatch):
    """Return a task that mixes mnli with a copy of it in another folder."""
    mnli = replace(task_named("mnli"), parallel=None, group=None, columns=COLUMNS)
    pages = {"mnli": mnli, "other": replace(mnli, name="other", folder="other")}
    monkeypatch.setattr("adaptx.data.parts.task_named", lambda name: pages.get(name) or catalog.task_named(name))
    return replace(mnli, name="mixed", mixes=("mnli", "other")), pages


COLUMNS = {"premise": "premise", "hypothesis": "hypothesis", "label": "label"}


def test_a_limit_takes_the_same_rows_of_every_language(source):
    loaded = load_all(Cell(source, task_named("pawsx@all"), "en,de", "train"), limit=7)
    ids = [example.id.split(":") for example in loaded.examples]
    assert sorted(row for tag, row in ids if tag == "en") == sorted(row for tag, row in ids if tag == "de")
    assert len(ids) == 14
    assert loaded.n_rows == 60


def test_translations_share_their_parallel_id_and_no_id(source):
    loaded = load_all(Cell(source, task_named("pawsx@all"), "en,de", "train"))
    assert len({example.id for example in loaded.examples}) == 60
    assert len({example.parallel for example in loaded.examples}) == 30


def test_one_language_is_read_as_ever(source):
    (plain, listed) = (load_all(Cell(source, task_named(name), "de", "train")) for name in ("pawsx@de", "pawsx@de,en"))
    assert [example.id for example in plain.examples] == [str(n) for n in range(30)]
    assert plain.examples == listed.examples


def test_the_rows_of_mixed_tasks_stay_apart_in_ids_and_clusters_and_share_a_limit(source, mixed):
    task, _ = mixed
    loaded = load_all(Cell(source, task, "en", "train"), limit=11)
    assert len(loaded.examples) == 11
    assert {example.id.split(":")[0] for example in loaded.examples} == {"mnli", "other"}
    assert {example.parallel.split(":")[0] for example in loaded.examples} == {"mnli", "other"}


def test_a_mixed_task_with_other_labels_is_refused(source, mixed):
    task, pages = mixed
    pages["other"] = replace(pages["other"], labels=("contradiction", "neutral", "entailment"))
    with pytest.raises(Incompatible, match="other, which it mixes"):
        load_all(Cell(source, task, "en", "train"))


def test_the_revision_of_several_parts_moves_with_each_of_them(source, mixed, tmp_path):
    task, _ = mixed
    before = revision_of(Cell(source, task, "en", "train"))
    (tmp_path / "other" / "en" / "train.jsonl").write_text('{"premise": "a", "hypothesis": "b", "label": 0}\n')
    assert before.startswith("several:")
    assert revision_of(Cell(source, task, "en", "train")) != before
    assert revision_of(Cell(source, task_named("mnli"), "en", "train")).startswith("files:")


def test_a_split_is_there_where_every_part_has_it(source):
    both = task_named("pawsx@all")
    assert has_split(Cell(source, both, "en,de", "train"))
    assert not has_split(Cell(source, both, "en,fr", "train"))
    assert not has_split(Cell(source, both, "en", "dev"))
    assert [part.language for part in parts_of(Cell(source, both, "en,de", "train"))] == ["en", "de"]
