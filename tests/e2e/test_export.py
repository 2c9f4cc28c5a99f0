"""Predictions leave as a submission and come back as the same scores; adapters leave as their library's files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from adaptx.cli.main import main
from adaptx.errors import Exit
from adaptx.store import Store
from adaptx.tables import read_json, read_rows

pytestmark = pytest.mark.e2e

TEST_ROWS, WORLD = 40, "mini:train=400,dev=60,test=60"  # of `small`


def cells(store: Store) -> dict[tuple[str, str], dict[str, float]]:
    found = {}
    for record in store.all("eval"):
        rows = record.spec["rows"]
        found[rows["task"], rows["language"]] = read_json(record.path / "scores.json")["scores"]
    return found


@pytest.fixture(scope="module")
def studied(made: Path, environment, small: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store with evaluations of three tasks of XTREME; read it only."""
    root = tmp_path_factory.mktemp("studied") / "runs"
    shutil.copytree(made, root)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        for words in (["squad", "xquad"], ["xnli", "--max-train", "mnli=64"]):
            assert main(["stack", *small, *words, "--store", str(root)]) == Exit.DONE
    return Store(root)


@pytest.fixture
def submitted(studied: Store, adaptx, folder: Path) -> Path:
    """Return a submission of everything that was evaluated."""
    tops = [record.id for record in studied.all("train")]
    done = adaptx("export", *tops, "--to", "xtreme", folder / "out", "--store", studied.root)
    assert done.code == Exit.DONE, done.err
    return folder / "out"


def test_a_submission_scores_as_the_store_does(submitted: Path, studied: Store, adaptx) -> None:
    told = adaptx("score", submitted, "--source", WORLD, "--max-eval", TEST_ROWS, "--json").json
    wanted = cells(studied)
    assert {task for task, _ in wanted} == set(told["tasks"]) == {"pawsx", "xquad", "xnli"}
    for (task, language), scores in wanted.items():
        found = told["tasks"][task]["languages"][language]
        assert {name: found[name] for name in scores} == pytest.approx(scores, abs=1e-12)
        assert found["n"] == TEST_ROWS
    assert told["overall"] == {"xtreme": {}, "xtreme-r": {}}
    assert any("2 of 7 languages" in gap for gap in told["missing"]["pawsx"])
    assert "zh: 40 of 2000 rows" in told["missing"]["pawsx"]
    shown = adaptx("score", submitted, "--source", WORLD, "--max-eval", TEST_ROWS, "--languages", "zh")
    assert shown.code == Exit.DONE
    assert "mean, as XTREME counts it" in shown.out
    assert "missing: pawsx" in shown.out


def test_an_export_says_how_many_of_the_published_rows_it_holds(studied: Store, adaptx, folder: Path) -> None:
    cell = next(record for record in studied.all("eval") if record.spec["rows"]["task"] == "xquad")
    told = adaptx("export", cell.id[:12], "--to", "xtreme", folder / "one", "--json", "--store", studied.root).json
    language = cell.spec["rows"]["language"]
    assert [Path(row["file"]).name for row in told] == [f"test-{language}.json"]
    assert (told[0]["rows"], told[0]["published"]) == (TEST_ROWS, 1190)
    assert "40 of 1190 rows" in told[0]["note"]
    answers = json.loads((folder / "one" / "xquad" / f"test-{language}.json").read_text(encoding="utf-8"))
    assert answers == {row["id"]: row["prediction"] for row in read_rows(cell.path / "predictions.parquet")}


def test_lines_that_are_not_the_rows_are_refused(submitted: Path, adaptx) -> None:
    done = adaptx("score", submitted, "--source", WORLD)
    assert done.code == Exit.FAILED
    assert "40 predictions for 60 rows" in done.err
    assert "--max-eval" in done.err


def test_an_adapter_is_copied_as_it_is_stored(copied: Store, adaptx, folder: Path) -> None:
    top = next(copied.all("train"))
    assert adaptx("export", top.id[:12], "--to", "peft", folder / "adapter").code == Exit.DONE
    for file in top.path.iterdir():
        assert (folder / "adapter" / file.name).read_bytes() == file.read_bytes()
    again = adaptx("export", top.id[:12], "--to", "peft", folder / "adapter")
    assert again.code == Exit.USAGE
    assert "not empty" in again.err


def test_what_a_format_cannot_hold_is_refused(copied: Store, adaptx, folder: Path) -> None:
    top, cell, attack = (next(copied.all(kind)) for kind in ("train", "eval", "attack"))
    for words, told in (
        ((top.id, "--to", "adapterhub"), "is a trained lora"),
        ((cell.id, "--to", "peft"), "of kind eval"),
        ((attack.id, "--to", "xtreme"), "kind attack"),
        ((top.id, cell.id, "--to", "peft"), "2 results"),
    ):
        done = adaptx("export", *words, folder / "out")
        assert done.code == Exit.USAGE
        assert told in done.err
    assert not (folder / "out").exists()


def test_a_folder_without_predictions_is_said_so(adaptx, folder: Path) -> None:
    (folder / "notes").mkdir()
    assert "no file of XTREME's layout" in adaptx("score", folder, "--source", "mini").err
    missing = adaptx("score", folder / "nowhere", "--source", "mini")
    assert (missing.code, "no folder" in missing.err) == (Exit.MISSING, True)
