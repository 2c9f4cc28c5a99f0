"""A submission is scored against its rows, whoever wrote it; means over tasks need every language and row."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adaptx.data.cell import Cell
from adaptx.data.rows import load
from adaptx.data.source import FolderSource
from adaptx.errors import DataFault
from adaptx.metrics import xtreme
from adaptx.results import submission
from adaptx.results.submission import scored
from adaptx.store import Store
from adaptx.tasks import xtreme_files
from adaptx.tasks.catalog import task_named

if TYPE_CHECKING:
    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

LANGUAGES = ("zh", "sw")
REAL = ["pawsx", "xnli", "xquad", "tatoeba", "panx", "udpos", "xcopa"]


def source(folder: Path, tmp_path: Path) -> FolderSource:
    return FolderSource(folder, Store(tmp_path / "runs"))


def right(example: Example, task: Task) -> dict[str, Any]:
    """Return the record of a model that is always right."""
    answers = {"span": lambda: example.answers[0].text, "tagging": lambda: list(example.tags)}
    answers["retrieval"] = lambda: example.gold[0] if example.gold else ""
    prediction = answers.get(task.form, lambda: example.label)()
    scores = [1.0] * len(example.gold)
    return {"id": example.id, "prediction": prediction, "found": example.gold, "scores": scores, "threshold": 0.5}


def submit(folder: Path, task: Task, language: str, text: str) -> Path:
    path = folder / xtreme_files.folder_of(task) / xtreme_files.file_name(task, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_gold_as_prediction_is_perfect_on_real_rows(shared_data: Path, tmp_path: Path, name: str) -> None:
    task, rows = task_named(name), source(shared_data, tmp_path)
    spoken = [tag for tag in rows.languages(task, xtreme_files.SPLIT) if tag in LANGUAGES]
    assert spoken
    for language in spoken:
        examples = load(Cell(rows, task, language, xtreme_files.SPLIT)).examples
        submit(
            tmp_path / "out", task, language, xtreme_files.write([right(example, task) for example in examples], task)
        )
    result = scored(tmp_path / "out", rows)["tasks"][xtreme_files.folder_of(task)]
    assert result["averages"] == dict.fromkeys(result["averages"], 1.0)
    assert list(result["languages"]) == spoken


def test_all_pairs_of_a_submission_are_scored(tmp_path: Path) -> None:
    home, names = tmp_path / "rows" / "bucc2018" / "zh", range(20)
    files = {
        "test_source": [{"id": f"zh-{n}", "text": f"{n}"} for n in names],
        "test_target": [{"id": f"en-{n}", "text": f"{n}"} for n in names],
        "test": [{"source_id": f"zh-{n}", "target_id": f"en-{n}"} for n in names],
    }
    home.mkdir(parents=True)
    for name, rows in files.items():
        (home / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    submit(tmp_path / "out", task_named("bucc"), "zh", "".join(f"zh-{n}\ten-{n % 15}\n" for n in names))
    found = scored(tmp_path / "out", source(tmp_path / "rows", tmp_path))
    assert found["tasks"]["bucc2018"]["languages"]["zh"] == {"n": 20, "f1": 0.75, "precision": 0.75, "recall": 0.75}


@pytest.fixture
def pawsx(tmp_path: Path) -> FolderSource:
    """Return a source of three German rows, of which the second was never translated."""
    rows = [
        {"id": 1, "sentence1": "eins", "sentence2": "zwei", "label": 0},
        {"id": 2, "sentence1": "NS", "sentence2": "NS", "label": 1},
        {"id": 3, "sentence1": "drei", "sentence2": "vier", "label": 1},
    ]
    path = tmp_path / "rows" / "paws-x" / "de" / "test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return source(tmp_path / "rows", tmp_path)


@pytest.mark.parametrize("text", ["0\n1\n", "0\n0\n1\n"])
def test_a_row_that_cannot_be_used_may_have_a_line_or_not(pawsx: FolderSource, tmp_path: Path, text: str) -> None:
    submit(tmp_path / "out", task_named("pawsx"), "de", text)
    found = scored(tmp_path / "out", pawsx)
    assert found["tasks"]["pawsx"]["languages"]["de"] == {"n": 2, "accuracy": 1.0}
    assert "de: 3 of 2000 rows" in found["missing"]["pawsx"]


def test_a_wrong_number_of_lines_names_the_file(pawsx: FolderSource, tmp_path: Path) -> None:
    path = submit(tmp_path / "out", task_named("pawsx"), "de", "0\n")
    with pytest.raises(DataFault) as error:
        scored(tmp_path / "out", pawsx)
    assert str(error.value) == f"{path}: 1 predictions for 2 rows"


def test_a_folder_that_is_no_task_and_a_language_that_was_not_asked_for_are_passed_over(
    pawsx: FolderSource, tmp_path: Path
) -> None:
    submit(tmp_path / "out", task_named("pawsx"), "de", "0\n0\n")
    submit(tmp_path / "out", task_named("pawsx"), "fr", "not scored")
    (tmp_path / "out" / "notes").mkdir()
    found = scored(tmp_path / "out", pawsx, languages=["de"])
    assert found["tasks"]["pawsx"]["languages"] == {"de": {"n": 2, "accuracy": 0.5}}


def found_for(place: str, languages: list[str]) -> dict[str, Any]:
    scores = {"f1": 0.5, "em": 0.25} if place in ("xquad", "mlqa", "tydiqa") else {"accuracy": 0.5}
    return {"languages": {tag: {"n": 9, **scores} for tag in languages}}


def test_the_overall_mean_needs_every_language_and_row_and_for_xtreme_r_its_own_languages() -> None:
    tasks = {
        place: replace(task_named("pawsx"), name=place, languages={"de": "", "ro": ""}, extra_languages=("ro",))
        for place in xtreme.TASKS["xtreme"] | xtreme.TASKS["xtreme-r"]
    }
    whole = {place: found_for(place, ["de", "ro"]) for place in tasks}
    without = {place: found_for(place, ["de"]) for place in tasks}
    gaps: dict[str, list[str]] = {place: [] for place in tasks}
    qa, rest = (0.5 + 0.25) / 2, 0.5
    assert submission._overall(whole, tasks, gaps, "xtreme")["all_task"] == pytest.approx((3 * qa + 6 * rest) / 9)
    assert submission._overall(whole, tasks, gaps, "xtreme-r")["all_task"] == pytest.approx((3 * qa + 7 * rest) / 10)
    assert "all_task" in submission._overall(without, tasks, gaps, "xtreme")
    assert submission._overall(without, tasks, gaps, "xtreme-r") == {}
    short = {**gaps, "pawsx": ["de: 3 of 2000 rows"]}
    overall = submission._overall(whole, tasks, short, "xtreme")
    assert "all_task" not in overall
    assert set(overall) == {"tagging", "qa", "retrieval"}
