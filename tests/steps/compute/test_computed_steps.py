"""What each kind of step leaves in the store: the adapter with its log and card, predictions, outcomes.

Through the command line, for how a step is computed is nobody's business but its own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaptx.errors import Exit
from adaptx.store import Store, StoredStep
from adaptx.tables import read_json, read_rows

PREDICTIONS = "predictions.parquet"
NANO = "--backbone nano --device cpu --epochs 1 --lr 2e-3 --json".split()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def steps_of(store: Path, kind: str) -> dict[str, StoredStep]:
    return {record.manifest["facts"]["name"]: record for record in Store(store).all(kind)}


class Rows:
    """A folder of PAWS-X rows in the making."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, count: int, spoil: Callable[[list[dict[str, Any]]], None] | None = None) -> None:
        rows = [
            {"id": n, "sentence1": f"the red bird sees {n}", "sentence2": f"a bird {n} is seen", "label": n % 2}
            for n in range(1, count + 1)
        ]
        if spoil is not None:
            spoil(rows)
        path = self.root / "paws-x" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    made = Rows(tmp_path / "rows")
    made.write("en/train.jsonl", 24)
    made.write("en/validation.jsonl", 6)
    made.write("en/test.jsonl", 6)
    return made


def test_a_trained_step_holds_adapter_head_log_and_card(tiny_store: Path) -> None:
    (record,) = Store(tiny_store).all("train")
    names = set(record.manifest["files"])
    assert {"adapter_config.json", "adapter_model.safetensors", "head.safetensors", "log.jsonl", "card.md"} <= names
    assert "quarantined.jsonl" not in names
    card = (record.path / "card.md").read_text(encoding="utf-8")
    assert card.startswith("# pawsx\n")
    assert record.id in card
    log = lines(record.path / "log.jsonl")
    losses = [entry for entry in log if "loss" in entry]
    assert [entry["step"] for entry in losses] == list(range(1, record.manifest["facts"]["steps"] + 1))
    best = record.manifest["facts"]["best"]
    assert best["score"] == max(entry["dev"] for entry in log if "dev" in entry)


def test_the_facts_of_a_training_say_how_many_rows_there_were(tiny_store: Path) -> None:
    (record,) = Store(tiny_store).all("train")
    facts = record.manifest["facts"]
    assert (facts["rows"], facts["quarantined"], facts["dropped"], facts["repaired"]) == (60, 0, 0, {})
    assert facts["resumed_at"] == 0
    assert record.manifest["parents"] == {}
    assert record.manifest["how"]["device"] == "cpu"


def test_a_prediction_is_stored_for_every_row_and_scored(tiny_store: Path) -> None:
    cells = steps_of(tiny_store, "eval")
    assert set(cells) == {"pawsx en", "pawsx zh"}
    ids = []
    for record in cells.values():
        predicted = read_rows(record.path / PREDICTIONS)
        ids.append([row["id"] for row in predicted])
        told = read_json(record.path / "scores.json")
        assert told["n"] == len(predicted) == record.manifest["facts"]["rows"] == 12
        right = sum(row["prediction"] == row["gold"] for row in predicted)
        assert told["scores"]["accuracy"] == right / 12
        assert record.manifest["parents"] == {"stack": steps_of(tiny_store, "train")["pawsx"].id}
    assert ids[0] == ids[1], "translations of the same rows"


def test_an_outcome_is_stored_for_every_prediction_in_their_order(tiny_store: Path) -> None:
    cells, attacks = steps_of(tiny_store, "eval"), steps_of(tiny_store, "attack")
    for name, cell in cells.items():
        record = attacks[f"{name} charswap"]
        outcomes, predicted = (read_rows(r.path / f) for r, f in ((record, "outcomes.parquet"), (cell, PREDICTIONS)))
        assert [row["id"] for row in outcomes] == [row["id"] for row in predicted]
        assert [row["clean_value"] for row in outcomes] == [row["value"] for row in predicted]
        assert [row["status"] == "wrong" for row in outcomes] == [row["value"] == 0 for row in predicted]
        assert record.manifest["parents"] == {"cell": cell.id}
        told = read_json(record.path / "scores.json")
        assert (told["n"], told["flags"]) == (12, [])
        assert record.manifest["facts"]["rules"]


def interrupt(store: Store, gone: StoredStep, count: int) -> None:
    """Leave a journal of ``count`` outcomes that nobody would find again, and a line that was cut off."""
    outcomes = read_rows(gone.path / "outcomes.parquet")
    for row in outcomes:
        row["original"], row["adversarial"] = json.loads(row["original"]), {"sentence1": "kept", "sentence2": "as is"}
    work = store.work("attack", gone.id)
    store.remove(gone.id)
    journal = "".join(json.dumps(row) + "\n" for row in outcomes[:count])
    (work / "outcomes.jsonl").write_text(journal + json.dumps(outcomes[count])[:40], encoding="utf-8")


def test_an_interrupted_attack_goes_on_where_it_stopped_and_drops_a_line_that_was_cut_off(
    tiny_copy: Path, command_on, tiny
) -> None:
    store = Store(tiny_copy)
    gone = next(store.all("attack"))
    before = read_rows(gone.path / "outcomes.parquet")
    interrupt(store, gone, 5)
    told = command_on(tiny_copy, "stack pawsx --attack charswap --json", *tiny).json
    assert [step["id"] for step in told["steps"] if step["status"] == "made"] == [gone.id]
    after = read_rows(store.get(gone.id).path / "outcomes.parquet")
    assert [json.loads(row["adversarial"])["sentence1"] == "kept" for row in after] == [True] * 5 + [False] * 7
    assert after[5:] == before[5:]
    assert "outcomes.jsonl" not in store.get(gone.id).manifest["files"]


def test_what_an_earlier_process_left_half_staged_is_no_part_of_a_result(tiny_copy: Path, command_on, tiny) -> None:
    store = Store(tiny_copy)
    gone = next(store.all("eval"))
    store.remove(gone.id)
    staged = store.work("eval", gone.id) / "staged"
    staged.mkdir()
    (staged / "scores.json").write_text("half", encoding="utf-8")
    (staged / "rubbish").write_text("half", encoding="utf-8")
    command_on(tiny_copy, "stack pawsx --json", *tiny)
    made = store.get(gone.id)
    assert set(made.manifest["files"]) == set(gone.manifest["files"])
    assert read_json(made.path / "scores.json")["n"] == 12


def test_a_bad_row_is_listed_beside_the_predictions_and_counted(tmp_path: Path, rows: Rows, command_on) -> None:
    def spoil(made: list[dict[str, Any]]) -> None:
        made[7]["label"] = 9
        made[9]["sentence2"] = "NS"

    rows.write("en/test.jsonl", 120, spoil)
    store = tmp_path / "runs"
    told = command_on(store, "stack pawsx --languages en --source", rows.root, *NANO).json
    record = steps_of(store, "eval")["pawsx en"]
    facts = record.manifest["facts"]
    assert (facts["rows"], facts["quarantined"], facts["dropped"]) == (118, 1, 1)
    (listed,) = lines(record.path / "quarantined.jsonl")
    assert (listed["row"], listed["field"]) == (7, "label")
    assert listed["file"].endswith("test.jsonl")
    assert "quarantined" in told["languages"]["en"]["flags"]
    assert not (steps_of(store, "train")["pawsx"].path / "quarantined.jsonl").exists()


def test_strict_stops_at_the_same_row_with_nothing_stored_of_the_cell(tmp_path: Path, rows: Rows, command_on) -> None:
    rows.write("en/test.jsonl", 120, lambda made: made[7].update(label=9))
    done = command_on(tmp_path / "runs", "stack pawsx --strict --languages en --source", rows.root, *NANO)
    assert done.code == Exit.FAILED
    assert "row 7" in done.err
    assert steps_of(tmp_path / "runs", "eval") == {}


def test_a_cap_scores_fewer_rows_and_attacks_them_with_the_letters_of_all(
    tmp_path: Path, rows: Rows, command_on
) -> None:
    rows.write("en/test.jsonl", 40, lambda made: made[39].update(sentence1="the grey whale hums", sentence2="ωmega"))
    store, words = (
        tmp_path / "runs",
        "stack pawsx --languages en --attack charswap:operations=insert --budget 2 --source",
    )
    command_on(store, words, rows.root, *NANO)
    command_on(store, words, rows.root, *NANO, "--max-eval", 5)
    whole, capped = sorted(Store(store).all("attack"), key=lambda record: -record.manifest["facts"]["rows"])
    assert (whole.manifest["facts"]["rows"], capped.manifest["facts"]["rows"]) == (40, 5)
    assert whole.manifest["facts"]["alphabet"] == capped.manifest["facts"]["alphabet"]
    everything = {row["id"]: row for row in read_rows(whole.path / "outcomes.parquet")}
    assert all(everything[row["id"]] == row for row in read_rows(capped.path / "outcomes.parquet"))


def test_two_tasks_of_one_layer_are_both_counted_and_scored_together(tmp_path: Path, command_on) -> None:
    words = "train --adapter pawsx+mnli --source mini:train=24,dev=6,test=6"
    command_on(tmp_path / "runs", words, *NANO)
    (record,) = Store(tmp_path / "runs").all("train")
    assert record.manifest["facts"]["rows"] == 48
    dev = [entry["dev"] for entry in lines(record.path / "log.jsonl") if "dev" in entry]
    assert all(0 <= score <= 1 for score in dev)
    assert {round(12 * score, 6) % 1 for score in dev} == {0.0}, "the mean of two scores over six rows each"
    card = (record.path / "card.md").read_text(encoding="utf-8")
    assert "mnli" in card
    assert "pawsx" in card


@pytest.mark.parametrize("task", ["tatoeba", "bucc"])
def test_a_search_needs_no_training_and_stores_what_each_query_found(tmp_path: Path, command_on, task: str) -> None:
    words = f"stack {task} --source mini:train=12,dev=12,test=12"
    told = command_on(tmp_path / "runs", words, "--backbone", "nano", "--device", "cpu", "--json").json
    assert told["method"] == "none"
    assert [step["kind"] for step in told["steps"]].count("train") == 0
    for record in Store(tmp_path / "runs").all("eval"):
        found = read_rows(record.path / PREDICTIONS)
        assert len(found) == record.manifest["facts"]["rows"] > 0
        assert all(row["prediction"] is not None for row in found)


def test_a_page_of_ones_own_lies_beside_what_was_predicted_by_it(tmp_path: Path, rows: Rows, command_on) -> None:
    from adaptx.tasks.catalog import PAGES

    text = (PAGES / "pawsx.toml").read_text(encoding="utf-8")
    page = tmp_path / "mine.toml"
    page.write_text(text.replace('"pawsx"', '"mine"'), encoding="utf-8")
    store = tmp_path / "runs"
    command_on(store, "stack --languages en --source", rows.root, page, *NANO)
    (record,) = Store(store).all("eval")
    assert (record.path / "page.toml").read_text(encoding="utf-8") == page.read_text(encoding="utf-8")
    page.unlink()
    shutil.rmtree(rows.root)
    told = command_on(store, "verify --json").json
    assert [step["faults"] for step in told["steps"]] == [[], []]
