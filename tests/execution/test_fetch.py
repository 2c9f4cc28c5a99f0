"""What is fetched for a task: the benchmark's languages, or those asked for with what they are trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx.execution import fetch
from adaptx.planning.recipe import read_recipe
from adaptx.store import Store
from adaptx.tasks.catalog import task_named


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Return a fetcher of a task that tells the cells it would download, per split."""
    cells: dict[str, list[str]] = {}

    def note(_task, languages, splits, _store) -> list[Path]:
        cells.setdefault(splits[0], []).extend(languages)
        return []

    monkeypatch.setattr(fetch, "fetch_rows", note)

    def fetched_cells(name: str, *languages: str) -> dict[str, list[str]]:
        cells.clear()
        fetch.fetch([name], None, languages, Store(tmp_path / "runs"))
        return cells

    return fetched_cells


def test_without_languages_the_benchmarks_are_fetched_and_training_rows_in_english_alone(fetched) -> None:
    cells = fetched("panx")
    assert cells["train"] == ["en"]
    assert len(cells["test"]) == 40


def test_extra_and_translated_languages_are_fetched_when_asked_for(fetched) -> None:
    assert fetched("mnli", "de")["train"] == ["en", "de"]
    assert fetched("panx", "lt")["test"] == ["en", "lt"]


def test_a_task_named_in_another_language_is_fetched_in_that_one(fetched) -> None:
    cells = fetched("pawsx@de")
    assert cells["train"] == ["de"]
    assert cells["test"] == list(task_named("pawsx").languages)


def test_a_recipe_is_fetched_with_all_its_tasks_and_the_backbones_of_the_hub(monkeypatch, tmp_path: Path) -> None:
    wanted: list[str] = []
    monkeypatch.setattr(fetch, "fetch_rows", lambda task, *_: wanted.append(task.name) or [])
    monkeypatch.setattr(fetch, "fetch_model", lambda name, *_, **__: wanted.append(name) or tmp_path)
    text = 'why = "x"\nbackbones = ["xlm-roberta-base", "nano"]\nintermediates = ["squad"]\ntargets = ["xnli"]\n'
    for source, tasks in (("", {"squad", "mnli", "xnli"}), ('source = "mini"\n', set())):
        wanted.clear()
        (tmp_path / "study.toml").write_text(text + source, encoding="utf-8")
        told = fetch.fetch_recipe(read_recipe(tmp_path / "study.toml"), Store(tmp_path / "runs"))
        assert set(wanted) == tasks | {"FacebookAI/xlm-roberta-base"}
        assert [row["what"] for row in told][-1] == "backbone xlm-roberta-base"
