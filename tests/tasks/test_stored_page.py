"""Which task a stored step is of: the catalog's, or the page that lies beside its rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adaptx.errors import UnknownName, UsageError
from adaptx.store import StoredStep
from adaptx.tasks.catalog import PAGES, page_at, task_named
from adaptx.tasks.stored_page import FILE, keep_page, task_of

PAWSX = task_named("pawsx")


def text(name: str = "mine") -> str:
    return (PAGES / "pawsx.toml").read_text(encoding="utf-8").replace('name = "pawsx"', f'name = "{name}"')


def record(folder: Path, task: str) -> StoredStep:
    return StoredStep(id="a" * 64, kind="eval", path=folder, spec={"rows": {"task": task}}, manifest={})


def test_a_task_of_the_catalog_keeps_no_page_and_is_found_by_its_name(tmp_path: Path) -> None:
    keep_page(PAWSX, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert task_of(record(tmp_path, "pawsx")) is task_named("pawsx")


def test_a_page_of_somebodys_own_is_kept_to_the_byte_and_outlives_its_file(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(text() + "# größer\n", encoding="utf-8")
    task, staged = page_at(own), tmp_path / "staged"
    staged.mkdir()
    keep_page(task, staged)
    assert (staged / FILE).read_bytes() == own.read_bytes()
    own.unlink()
    assert task_of(record(staged, "mine")) == task


def test_the_kept_page_goes_before_a_name_that_means_something_else_now(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text("pawsx").replace("chance = ", "chance = 0.25 #"), encoding="utf-8")
    found = task_of(record(tmp_path, "pawsx"))
    assert found.chance == 0.25 != PAWSX.chance


def test_a_page_that_was_kept_by_another_step_says_nothing_of_this_one(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    keep_page(replace(PAWSX, page=text(), name="mine"), one)
    assert task_of(record(one, "mine")).name == "mine"
    with pytest.raises(UnknownName, match="mine"):
        task_of(record(other, "mine"))


def test_a_kept_page_that_was_spoilt_is_told_and_not_guessed(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("name = 1", encoding="utf-8")
    with pytest.raises(UsageError, match=FILE):
        task_of(record(tmp_path, "pawsx"))
