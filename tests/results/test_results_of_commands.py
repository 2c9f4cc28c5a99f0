"""What commands answer of a store: made from stored predictions alone, the same however often it is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adaptx.errors import Exit
from adaptx.store import Store
from adaptx.tables import read_json, read_rows

STACK = "stack pawsx --attack charswap --json"


@pytest.fixture
def stack(command_on, tiny, tiny_store):
    """Return the answer of ``stack`` on a store that holds all of it."""
    return command_on(tiny_store, STACK, *tiny).json


def test_a_stack_that_is_there_is_answered_from_the_store(stack) -> None:
    assert {step["status"] for step in stack["steps"]} == {"reused"}
    assert [step["seconds"] for step in stack["steps"]] == [0.0] * 5
    assert [step["kind"] for step in stack["steps"]] == ["train", "eval", "eval", "attack", "attack"]


def test_the_heading_says_what_was_asked(stack) -> None:
    asked = {
        "stack": ["pawsx"],
        "task": "pawsx",
        "backbone": "nano",
        "method": "lora",
        "source": "mini",
        "seed": 0,
        "precision": "fp32",
        "split": "test",
        "metric": "accuracy",
    }
    assert {key: stack[key] for key in asked} == asked


def test_the_numbers_of_a_language_are_those_of_its_stored_rows(stack, tiny_store) -> None:
    store = Store(tiny_store)
    names = {step["id"]: step["name"] for step in stack["steps"]}
    for record in store.all("eval"):
        rows = read_rows(record.path / "predictions.parquet")
        told = stack["languages"][record.spec["rows"]["language"]]
        assert told["n"] == len(rows) == 12
        assert told["clean"] == pytest.approx(sum(row["value"] for row in rows) / 12)
        assert told["clean"] == pytest.approx(read_json(record.path / "scores.json")["scores"]["accuracy"])
        assert names[record.id] == f"pawsx {record.spec['rows']['language']}"
    for record in store.all("attack"):
        rows = read_rows(record.path / "outcomes.parquet")
        (language,) = [lang for lang in ("en", "zh") if names[record.id] == f"pawsx {lang} charswap"]
        told = stack["languages"][language]["attacks"]["charswap"]
        assert told["accuracy"] == pytest.approx(sum(row["value_under_attack"] for row in rows) / 12)


def test_means_are_over_languages_and_zero_shot_leaves_out_the_trained_one(stack) -> None:
    en, zh = (stack["languages"][tag]["clean"] for tag in ("en", "zh"))
    assert stack["mean"]["clean"] == pytest.approx((en + zh) / 2)
    assert stack["mean_zero_shot"]["clean"] == pytest.approx(zh)
    assert (stack["mean"]["n_languages"], stack["mean_zero_shot"]["n_languages"]) == (2, 1)


def test_asking_again_answers_the_same_to_the_byte(command_on, tiny, tiny_store) -> None:
    assert len({command_on(tiny_store, STACK, *tiny).out for _ in range(2)}) == 1


def test_a_copied_store_answers_the_same(command_on, tiny, tiny_store, tiny_copy, stack) -> None:
    again = command_on(tiny_copy, STACK, *tiny).json
    assert again == stack


def test_train_tells_the_adapter_its_files_and_its_best_score(command_on, tiny, tiny_store) -> None:
    words = [word for word in tiny if word not in ("--languages", "en,zh", "--budget", "4")]
    told = command_on(tiny_store, "train --adapter pawsx --json", *words).json
    (record,) = Store(tiny_store).all("train")
    facts = record.manifest["facts"]
    assert (told["id"], told["path"]) == (record.id, str(record.path))
    assert told["trainable_parameters"] == facts["trained_parameters"] > 0
    assert told["best"] == facts["best"]
    assert told["bytes"] == sum(file["bytes"] for file in record.manifest["files"].values())
    assert told["flags"] == []
    assert [step["status"] for step in told["steps"]] == ["reused"]


def test_why_names_the_fields_in_which_the_nearest_step_of_its_kind_differs(command_on, tiny_store) -> None:
    cells = {record.spec["rows"]["language"]: record for record in Store(tiny_store).all("eval")}
    told = command_on(tiny_store, "why --json", cells["zh"].id[:12]).json
    assert (told["id"], told["nearest"]) == (cells["zh"].id, cells["en"].id)
    assert told["differences"] == [{"path": "rows.language", "here": "zh", "there": "en"}]


def test_why_of_an_only_step_names_no_other(command_on, tiny_store) -> None:
    (record,) = Store(tiny_store).all("train")
    told = command_on(tiny_store, "why --json", record.id).json
    assert (told["nearest"], told["nearest_name"], told["differences"]) == (None, None, [])


def test_results_that_are_damaged_are_not_told(command_on, tiny, tiny_copy) -> None:
    record = next(Store(tiny_copy).all("eval"))
    path = record.path / "predictions.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    done = command_on(tiny_copy, STACK, *tiny)
    assert done.code == Exit.FAILED
    assert done.out == ""
    assert "predictions.parquet" in done.err.replace("\n", "")


def test_a_dry_run_tells_every_step_and_makes_none(command_on, tiny, tiny_copy) -> None:
    store = Store(tiny_copy)
    gone = next(store.all("attack"))
    store.remove(gone.id)
    told = command_on(tiny_copy, STACK + " --dry-run", *tiny).json
    status = {step["id"]: step["status"] for step in told["steps"]}
    assert status.pop(gone.id) == "to do"
    assert set(status.values()) == {"done"}
    assert told["disk_bytes"] > 0
    assert store.get(gone.id) is None


def test_a_dry_run_of_what_is_all_there_costs_nothing(command_on, tiny, tiny_store) -> None:
    told = command_on(tiny_store, STACK + " --dry-run", *tiny).json
    assert {step["status"] for step in told["steps"]} == {"done"}
    assert told["seconds"] == 0.0


def test_a_step_that_was_removed_is_made_again_alone_and_with_the_same_rows(command_on, tiny, tiny_copy) -> None:
    store = Store(tiny_copy)
    gone = next(store.all("eval"))
    before = read_rows(gone.path / "predictions.parquet")
    store.remove(gone.id)
    told = command_on(tiny_copy, STACK, *tiny).json
    assert {step["id"] for step in told["steps"] if step["status"] == "made"} == {gone.id}
    assert read_rows(store.get(gone.id).path / "predictions.parquet") == before


def test_what_is_printed_for_people_holds_the_numbers_of_json(command_on, tiny, tiny_store, stack) -> None:
    out = command_on(tiny_store, STACK.replace(" --json", ""), *tiny).out
    for tag in ("en", "zh"):
        assert tag in out
        assert f"{100 * stack['languages'][tag]['clean']:.1f}" in out
    with pytest.raises(json.JSONDecodeError):
        json.loads(out)


def test_a_store_of_nothing_has_no_results(command_on, tmp_path: Path) -> None:
    assert command_on(tmp_path / "runs", "ls results --json").json == []
    assert command_on(tmp_path / "runs", "verify --json").json["checked"] == 0
    assert not (tmp_path / "runs").exists()
