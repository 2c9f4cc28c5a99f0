"""What an export takes: one evaluation a cell, of a test split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adaptx.errors import Incompatible, Missing, UsageError
from adaptx.results.export import export, n_published
from adaptx.store import StoredStep
from adaptx.tasks.catalog import task_named


def evaluation(step: str, language: str, *, split: str = "test") -> StoredStep:
    rows = {"task": "pawsx", "language": language, "split": split}
    spec = {"stack": "top", "rows": rows}
    facts = {"facts": {"name": f"pawsx {language}"}}
    return StoredStep(id=step, kind="eval", path=Path(step), spec=spec, manifest=facts)


@pytest.fixture
def refused(shelf: Any, tmp_path: Path) -> Callable[..., str]:
    """Return what says why an export is refused, after checking that nothing was written."""

    def refuse(records: list[StoredStep], asked: list[str], kind: type[Exception]) -> str:
        with pytest.raises(kind) as error:
            export(shelf(*records), asked, "xtreme", tmp_path)
        assert not any(tmp_path.iterdir())
        return str(error.value)

    return refuse


def test_two_evaluations_of_one_cell_are_refused(refused) -> None:
    told = refused([evaluation("aaa", "de"), evaluation("bbb", "de")], ["aaa", "bbb"], UsageError)
    assert told == "aaa and bbb are both evaluations of pawsx in de"


def test_a_split_that_is_not_the_test_is_refused(refused) -> None:
    assert "split dev" in refused([evaluation("aaa", "de", split="dev")], ["aaa"], Incompatible)


def test_an_adapter_without_evaluations_is_refused(refused, tmp_path: Path) -> None:
    top = StoredStep(id="top", kind="train", path=tmp_path, spec={}, manifest={"facts": {"name": "pawsx"}})
    assert "no evaluation" in refused([top, evaluation("aaa", "de", split="dev")], ["top"], Missing)


def test_published_rows_are_the_pages() -> None:
    assert n_published(task_named("pawsx"), "de") == 2000
    assert n_published(task_named("xquad"), "ar") == 1190
    by_tag = replace(task_named("pawsx"), sizes={"test": {"de": 7}})
    assert [n_published(by_tag, tag) for tag in ("de", "fr")] == [7, None]
    assert n_published(replace(by_tag, sizes={}), "de") is None
