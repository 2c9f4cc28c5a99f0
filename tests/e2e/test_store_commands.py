"""verify, why, ls, show, prune and doctor on a store with real results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adaptx.errors import Exit
from adaptx.store import Store, StoredStep, manifest
from adaptx.tables import read_rows, write_rows

pytestmark = pytest.mark.e2e


def first(store: Store, kind: str) -> StoredStep:
    return next(store.all(kind))


def reseal(record: StoredStep) -> None:
    """Make a manifest that agrees with the changed files: what a careful forger would do."""
    path = record.path / manifest.MANIFEST
    told = json.loads(path.read_text(encoding="utf-8"))
    del told["digest"]
    path.unlink()
    path.write_bytes(manifest.seal(manifest.describe(record.path, told)))


def test_verify_recomputes_every_score_without_a_fault(made, adaptx) -> None:
    told = adaptx("verify", "--json", "--store", made).json
    assert told["checked"] == 6
    assert [step["faults"] for step in told["steps"]] == [[]] * 6


def flip(record: StoredStep, name: str) -> None:
    content = bytearray((record.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (record.path / name).write_bytes(content)


SPOILT = {
    "a flipped byte": ("eval", "predictions.parquet", flip),
    "a flipped byte of an outcome": ("attack", "outcomes.parquet", flip),
    "a flipped byte of a weight": ("train", "adapter_model.safetensors", flip),
    "a deleted file": ("eval", "scores.json", lambda record, name: (record.path / name).unlink()),
    "a changed manifest": ("train", "manifest.json", flip),
    "a file too many": ("eval", "notes.txt", lambda record, name: (record.path / name).write_text("x")),
}


@pytest.mark.parametrize("case", SPOILT)
def test_verify_finds_what_is_not_as_it_was_committed(case, copied, adaptx) -> None:
    kind, name, spoil = SPOILT[case]
    step = first(copied, kind)  # of a damaged manifest the store has no record any more
    spoil(step, name)
    done = adaptx("verify")
    assert done.code == Exit.FAILED
    assert name in done.err
    assert step.id[:12] in done.err.replace("\n", "")


@pytest.mark.parametrize("kind", ["eval", "attack"])
def test_verify_finds_a_score_that_the_rows_do_not_give_although_all_hashes_agree(kind, copied, adaptx) -> None:
    record = first(copied, kind)
    path = record.path / "scores.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    told["scores"]["accuracy"] += 0.001
    path.write_text(json.dumps(told), encoding="utf-8")
    reseal(record)
    done = adaptx("verify", record.id)
    assert done.code == Exit.FAILED
    assert "scores.json: accuracy is" in done.err


def test_verify_finds_a_prediction_that_was_improved_although_all_hashes_agree(copied, adaptx) -> None:
    record = first(copied, "eval")
    rows = read_rows(record.path / "predictions.parquet")
    wrong = next(row for row in rows if row["prediction"] != row["gold"])
    wrong["prediction"] = wrong["gold"]
    write_rows(record.path / "predictions.parquet", rows)
    reseal(record)
    assert adaptx("verify", record.id).code == Exit.FAILED


def test_why_names_the_field_that_made_a_miss(made, adaptx, small) -> None:
    base = ("stack", "squad", "pawsx", *small, "--store", made, "--json")
    chinese = adaptx(*base).json["steps"][3]["id"]
    told = adaptx("why", chinese, "--store", made, "--json").json
    assert told["name"] == "pawsx zh"
    assert told["nearest_name"] == "pawsx en"
    assert told["differences"] == [{"path": "rows.language", "here": "zh", "there": "en"}]
    assert "rows.language" in adaptx("why", chinese, "--store", made).out


def test_results_are_listed_and_shown(made, adaptx) -> None:
    listed = adaptx("ls", "results", "--store", made, "--json").json
    assert sorted(row["kind"] for row in listed) == ["attack", "attack", "eval", "eval", "train", "train"]
    adapters = adaptx("ls", "adapters", "--store", made, "--json").json
    assert {row["name"] for row in adapters} == {"squad", "squad → pawsx"}
    for row in listed:
        shown = adaptx("show", row["id"], "--store", made, "--json").json
        assert shown["id"].startswith(row["id"])
        assert shown["manifest"]["facts"]["name"] == row["name"]
        assert adaptx("show", row["id"], "--store", made).code == Exit.DONE
    assert adaptx("show", "squad", "--json").json["hub"] == "rajpurkar/squad"


def test_an_adapter_is_proved_still_below_and_small(made) -> None:
    for record in Store(made).all("train"):
        facts, files = record.manifest["facts"], record.manifest["files"]
        assert len(facts["frozen_fingerprint"]) == 64
        assert sum(file["bytes"] for name, file in files.items() if name.endswith(".safetensors")) <= (
            1.1 * 4 * facts["trained_parameters"] + 16_384
        )
        assert "adapter_config.json" in files


def test_prune_removes_unfinished_work_and_named_results_and_nothing_else(copied, adaptx, small) -> None:
    work = copied.work("train", "0" * 64)
    (work / "resume.safetensors").write_bytes(b"half")
    attack = first(copied, "attack")
    would = adaptx("prune", attack.id, "--dry-run", "--json").json
    assert {Path(row["path"]).name for row in would} == {work.name, attack.id}
    assert (work.exists(), copied.get(attack.id) is not None) == (True, True)
    assert adaptx("prune", attack.id, "--json").json == would
    assert (work.exists(), copied.get(attack.id)) == (False, None)
    again = adaptx("stack", "squad", "pawsx", "--attack", "charswap", *small, "--json").json
    assert [step["status"] for step in again["steps"]].count("made") == 1


def test_doctor_finds_nothing_wrong_with_this_installation(folder, adaptx) -> None:
    found = adaptx("doctor", "--json").json
    assert [finding for finding in found if finding["state"] == "fault"] == []
    assert "adaptx.attacks charswap" in {finding["check"] for finding in found}
    assert not (folder / "runs").exists(), "looking made a store"
