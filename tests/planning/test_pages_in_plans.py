"""Plans on folders: what a page says of splits, labels and languages decides what is trained and evaluated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adaptx.errors import Missing, UsageError
from adaptx.spec import TrainSpec

SENTENCE = {"tokens": ["Selm", "sleeps"], "tags": ["N", "S[dcl]\\NP"]}
PAIR = {"premise": "a", "hypothesis": "b", "label": 0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rows"


@pytest.fixture
def planner(folder: Path, asked):
    folder.mkdir()
    return partial(asked, source=str(folder), backbone="nano")


def write(folder: Path, name: str, rows: Sequence[dict[str, Any]]) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_a_folder_without_dev_rows_is_trained_without_choosing_a_checkpoint(planner, folder) -> None:
    write(folder, "snli/en/train.jsonl", [PAIR])
    spec = planner().train(["snli"]).layers[0].spec
    assert isinstance(spec, TrainSpec)
    assert spec.dev is None


def test_a_split_without_published_labels_is_refused_with_one_that_has_them(planner, folder) -> None:
    for split in ("train", "test"):
        write(folder, f"qqp/en/{split}.jsonl", [PAIR])
    with pytest.raises(UsageError, match=r"labels of qqp, split test, are not published") as caught:
        planner(split="test").stack(["qqp"])
    assert caught.value.hint == "--split dev"


def test_labels_of_a_users_folder_reach_every_step_and_its_id(planner, folder) -> None:
    for split in ("train", "validation", "test"):
        write(folder, f"ccg/en/{split}.jsonl", [SENTENCE])
    with pytest.raises(Missing, match="no labels of ccg"):
        planner().stack(["ccg"])
    (folder / "ccg" / "labels.txt").write_text("N\nS[dcl]\\NP\n", encoding="utf-8")
    plan = planner().stack(["ccg"])
    assert {step.task.labels for step in plan.steps} == {("N", "S[dcl]\\NP")}
    (folder / "ccg" / "labels.txt").write_text("S[dcl]\\NP\nN\n", encoding="utf-8")
    assert planner().stack(["ccg"]).layers[0].id != plan.layers[0].id


def test_extra_languages_are_planned_only_when_asked_for(planner, folder) -> None:
    for language in ("en", "de", "ro"):
        write(folder, f"xquad/{language}/validation.jsonl", [PAIR])
    write(folder, "squad/en/train.jsonl", [PAIR])
    assert [cell.language for cell in planner().stack(["xquad"]).cells] == ["en", "de"]
    assert [cell.language for cell in planner(languages=("ro",)).stack(["xquad"]).cells] == ["ro"]


def test_a_language_with_training_rows_of_its_own_can_be_trained_in(planner, folder) -> None:
    for language in ("en", "sw"):
        write(folder, f"tydiqa/{language}/train.jsonl", [PAIR])
    assert planner().train(["tydiqa"]).layers[0].spec.rows.language == "en"
    assert planner().train(["tydiqa@sw"]).layers[0].spec.rows.language == "sw"
    assert planner().train(["tydiqa@all"]).layers[0].spec.rows.language == "en,sw"
