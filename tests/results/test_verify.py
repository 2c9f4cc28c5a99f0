"""Verification: a stored score must be what the stored rows give, to the last bit, whatever the hashes say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adaptx.errors import Missing, UnknownName
from adaptx.results.verify import verify
from adaptx.robustness.outcomes import summarise
from adaptx.spec import AttackSpec, EvalSpec, MethodSpec, Optimisation, RowsSpec, Spec, TrainSpec, content_id
from adaptx.store import Store, StoredStep
from adaptx.tables import read_json, read_rows, write_json, write_rows
from adaptx.tasks.catalog import task_named
from adaptx.tasks.example import ClassPrediction
from adaptx.tasks.forms import form_named
from adaptx.tasks.stored_page import keep_page
from adaptx.testing import pair

PAWSX = task_named("pawsx")
ROWS = RowsSpec(
    source="mini",
    revision="mini:1",
    task="pawsx",
    task_version=1,
    form="classification",
    form_version=1,
    language="de",
    split="test",
)
EVAL = EvalSpec(stack="a" * 64, rows=ROWS, metric="accuracy", metric_version=1, max_length=64, precision="fp32")
ATTACK = AttackSpec(
    cell=content_id(EVAL),
    attack="charswap",
    attack_version=1,
    parameters={},
    search="random",
    search_version=1,
    budget=4,
)
TRAIN = TrainSpec(
    backbone="mini:1",
    method=MethodSpec(name="lora", version=1, parameters={"rank": 4, "targets": "query"}),
    rows=ROWS,
    dev=None,
    optimisation=Optimisation(lr=1e-3, epochs=1.0, batch=8, max_length=64),
    below=None,
    seed=0,
    precision="fp32",
)

Write = Callable[[Path], None]


def predictions(right: Sequence[bool]) -> list[dict[str, Any]]:
    logs = (math.log(0.25), math.log(0.75))
    form, rows = form_named("classification"), []
    for number, is_right in enumerate(right):
        example = pair(f"r{number}", "de", f"one {number}", f"two {number}", label=number % 2)
        label = example.label if is_right else 1 - example.label
        rows.append(form.record(example, ClassPrediction(label, logs if label else logs[::-1]), PAWSX))
    return rows


def outcome(number: int, under: float) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "status": "success" if under == 0 else "survived",
        "attacked": True,
        "clean_terms": [1.0, 1.0],
        "terms_under_attack": [under, 1.0],
        "baseline_terms": [1.0, 1.0],
        "queries": 3,
        "edited_clusters": 2,
        "baseline_edited_clusters": 2,
        "clusters": 20,
        "candidates": 3,
        "no_op_candidates": 1,
    }


def commit(store: Store, spec: Spec, write: Write) -> StoredStep:
    staged = store.work(spec.kind, content_id(spec)) / "staged"
    staged.mkdir()
    write(staged)
    return store.commit(spec, staged, parents={}, how={}, seconds=1.0, facts={"name": f"a {spec.kind}"})


def evaluated(rows: Sequence[Mapping[str, Any]], scores: Mapping[str, Any] | None = None) -> Write:
    def write(staged: Path) -> None:
        write_rows(staged / "predictions.parquet", rows)
        found = form_named("classification").score(rows, PAWSX, "de") if scores is None else scores
        write_json(staged / "scores.json", {"n": len(rows), "scores": found})

    return write


def attacked(rows: Sequence[Mapping[str, Any]], **changes: float) -> Write:
    def write(staged: Path) -> None:
        write_rows(staged / "outcomes.parquet", rows)
        write_json(staged / "scores.json", {"n": len(rows), "scores": {**summarise(rows), **changes}})

    return write


def faults(store: Store, *prefixes: str) -> dict[str, list[str]]:
    """Return the faults of the steps that were checked, by kind."""
    told = verify(store, prefixes)
    assert told["checked"] == len(told["steps"])
    return {step["kind"]: step["faults"] for step in told["steps"]}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


RIGHT = [True, True, False, True]


def test_what_the_rows_give_is_right_for_every_kind(store: Store) -> None:
    commit(store, TRAIN, lambda staged: (staged / "adapter.safetensors").write_bytes(b"weights") and None)
    commit(store, EVAL, evaluated(predictions(RIGHT)))
    commit(store, ATTACK, attacked([outcome(number, number % 2) for number in range(4)]))
    assert faults(store) == {"train": [], "eval": [], "attack": []}
    assert {step["name"] for step in verify(store)["steps"]} == {"a train", "a eval", "a attack"}
    assert verify(store)["checked"] == 3


def test_an_empty_store_has_nothing_to_check(store: Store) -> None:
    assert verify(store) == {"checked": 0, "steps": []}


@pytest.mark.parametrize("wrong", [0.75 + 2**-53, 0.0, 1.0])
def test_a_score_that_differs_in_its_last_bit_is_told_with_both_values(store: Store, wrong: float) -> None:
    record = commit(store, EVAL, evaluated(predictions(RIGHT), {"accuracy": wrong}))
    assert faults(store) == {"eval": [f"{record.path}/scores.json: accuracy is {wrong}, the rows give 0.75"]}


def test_a_score_too_many_and_one_too_few_are_told(store: Store) -> None:
    commit(store, EVAL, evaluated(predictions(RIGHT), {"f1": 0.5}))
    told = faults(store)["eval"]
    assert [line.partition(": ")[2] for line in told] == [
        "accuracy is None, the rows give 0.75",
        "f1 is 0.5, the rows give None",
    ]


def test_a_score_of_an_attack_that_its_outcomes_do_not_give_is_told(store: Store) -> None:
    commit(store, ATTACK, attacked([outcome(number, number % 2) for number in range(4)], lost=0.25, queries=1.0))
    lost, queries = faults(store)["attack"]
    assert lost.endswith("lost is 0.25, the rows give 0.5")
    assert queries.endswith("queries is 1.0, the rows give 3.0")


def test_a_file_that_changed_is_told_and_its_scores_are_not_recomputed(store: Store) -> None:
    record = commit(store, EVAL, evaluated(predictions(RIGHT), {"accuracy": 0.0}))
    (record.path / "predictions.parquet").write_bytes(b"PAR1")
    (only,) = faults(store)["eval"]
    assert "predictions.parquet: 4 bytes" in only


def test_a_step_is_checked_alone_by_the_first_letters_of_its_id(store: Store) -> None:
    commit(store, EVAL, evaluated(predictions(RIGHT)))
    other = commit(store, replace(EVAL, max_length=32), evaluated(predictions(RIGHT), {"accuracy": 0.1}))
    told = verify(store, [other.id[:8]])
    assert [step["id"] for step in told["steps"]] == [other.id]
    assert told["steps"][0]["faults"]
    assert faults(store, content_id(EVAL)) == {"eval": []}


def test_an_id_that_is_not_there_is_refused(store: Store) -> None:
    commit(store, EVAL, evaluated(predictions(RIGHT)))
    with pytest.raises(UnknownName):
        verify(store, ["f" * 12])
    with pytest.raises(Missing):
        store.check("f" * 64)


def test_rows_that_a_form_cannot_score_are_told_as_a_fault_and_stop_nothing(store: Store) -> None:
    commit(store, replace(EVAL, max_length=32), evaluated([], {"accuracy": 0.5}))
    commit(store, EVAL, evaluated(predictions(RIGHT)))
    told = [step["faults"] for step in verify(store)["steps"]]
    assert sorted(map(len, told)) == [0, 1]
    (fault,) = max(told)
    assert "scores cannot be recomputed" in fault


def test_a_page_that_is_gone_is_told_and_one_that_was_kept_is_used(store: Store) -> None:
    gone = replace(EVAL, rows=replace(ROWS, task="mine"))
    commit(store, gone, evaluated(predictions(RIGHT)))
    (fault,) = faults(store)["eval"]
    assert "scores cannot be recomputed" in fault
    assert "mine" in fault
    page = replace(PAWSX, page=_page(), name="mine")

    def write(staged: Path) -> None:
        evaluated(predictions(RIGHT))(staged)
        keep_page(page, staged)

    kept = commit(store, replace(gone, max_length=32), write)
    assert faults(store, kept.id) == {"eval": []}


def _page() -> str:
    from adaptx.tasks.catalog import PAGES

    return (PAGES / "pawsx.toml").read_text(encoding="utf-8").replace('name = "pawsx"', 'name = "mine"')


def test_a_trained_step_is_checked_by_its_hashes_alone(store: Store) -> None:
    record = commit(store, TRAIN, lambda staged: (staged / "adapter.safetensors").write_bytes(b"weights") and None)
    (record.path / "adapter.safetensors").write_bytes(b"Weights")
    assert faults(store)["train"] == [f"{record.path / 'adapter.safetensors'}: sha256 differs from the manifest"]


def test_a_store_made_by_the_command_verifies_and_its_rows_read_back(tiny_store: Path) -> None:
    store = Store(tiny_store)
    assert faults(store) == {"train": [], "eval": [], "attack": []}
    assert verify(store)["checked"] == 5
    for record in store.all("attack"):
        assert (
            summarise(read_rows(record.path / "outcomes.parquet")) == read_json(record.path / "scores.json")["scores"]
        )
