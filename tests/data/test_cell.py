"""A cell says of itself what its source says of it, and what messages call it."""

from __future__ import annotations

import pytest

from adaptx.data.cell import Cell
from adaptx.data.source import open_source
from adaptx.errors import UnknownName
from adaptx.tasks.catalog import task_named

PAWSX = task_named("pawsx")


def test_a_cell_is_called_by_task_language_and_split(folder) -> None:
    assert Cell(folder.source, PAWSX, "de", "test").name == "pawsx in de, split test"


def test_revision_and_files_are_those_of_its_own_language_and_split(folder) -> None:
    cells = [Cell(folder.source, PAWSX, *place) for place in (("de", "test"), ("fr", "test"), ("de", "dev"))]
    for cell in cells:
        folder.write(f"paws-x/{cell.language}/{PAWSX.splits[cell.split][0]}.jsonl", [{"id": cell.name}])
    assert len({cell.revision for cell in cells}) == 3
    assert [cell.revision for cell in cells] == [folder.source.revision(PAWSX, c.language, c.split) for c in cells]
    files = [file.split("paws-x/")[1] for cell in cells for file in cell.files]
    assert files == ["de/test.jsonl", "fr/test.jsonl", f"de/{PAWSX.splits['dev'][0]}.jsonl"]


def test_only_a_folder_has_files_that_a_person_may_have_changed(store) -> None:
    assert Cell(open_source("mini", store), PAWSX, "de", "test").files == ()


def test_a_cell_that_no_page_declares_is_refused_by_its_source_and_not_before(folder) -> None:
    cell = Cell(folder.source, PAWSX, "xx", "test")
    with pytest.raises(UnknownName):
        _ = cell.revision
