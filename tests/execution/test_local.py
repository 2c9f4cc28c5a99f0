"""The executor of this process: what it makes and in which order, what it lets go of, and what it makes again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adaptx.errors import AdaptxError, Exit, Interrupted
from adaptx.execution import launch as launching
from adaptx.execution.job import Job, Work
from adaptx.execution.launch import LaunchExecutor
from adaptx.execution.local import _families
from adaptx.store import Store, StoreView
from adaptx.training.settings import ComputeSettings

FULL = "stack pawsx --method full --json"


def weights(record: Any) -> dict[str, str]:
    return {name: file["sha256"] for name, file in record.manifest["files"].items() if name.endswith(".safetensors")}


def trained(store: Store) -> Any:
    (record,) = store.all("train")
    return record


def test_weights_of_a_whole_model_go_once_all_that_stands_on_them_is_there_and_come_back_for_more(
    command_on, tiny, tmp_path: Path
) -> None:
    store = Store(tmp_path / "runs")
    command_on(store.root, FULL, *tiny)
    first = trained(store)
    assert first.evicted
    assert not list(first.path.glob("*.safetensors"))
    told = command_on(store.root, FULL, *tiny).json
    assert {step["status"] for step in told["steps"]} == {"reused"}
    attacked = command_on(store.root, f"{FULL} --attack charswap", *tiny).json
    assert [(s["kind"], s["status"]) for s in attacked["steps"]] == [
        ("train", "made"),
        ("eval", "reused"),
        ("eval", "reused"),
        ("attack", "made"),
        ("attack", "made"),
    ]
    again = trained(store)
    assert again.evicted
    assert again.manifest["remade"] == {"same_weights": True}
    assert weights(again) == weights(first)


def test_weights_stay_where_that_is_asked_for_and_small_ones_always(command_on, tiny, tiny_store, tmp_path) -> None:
    store = Store(tmp_path / "runs")
    command_on(store.root, f"{FULL} --keep all", *tiny)
    assert not trained(store).evicted
    assert not trained(Store(tiny_store)).evicted


def test_a_layer_that_is_only_trained_keeps_its_weights(command_on, tiny, tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    words = [word for word in tiny if word not in ("--languages", "en,zh", "--budget", "4")]
    command_on(store.root, "train --adapter pawsx --method full --json", *words)
    assert not trained(store).evicted


def test_a_changed_weight_is_an_error_and_not_a_result(command_on, tiny, tiny_copy: Path) -> None:
    store = Store(tiny_copy)
    cell = next(store.all("eval"))
    store.remove(cell.id)
    path = trained(store).path / "adapter_model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    done = command_on(tiny_copy, "stack pawsx --json", *tiny)
    assert done.code == Exit.FAILED
    assert "adapter_model.safetensors" in done.err.replace("\n", "")
    assert store.get(cell.id) is None


def test_the_manifest_says_how_it_was_computed_and_by_what(tiny_store: Path) -> None:
    for record in Store(tiny_store).all():
        assert record.manifest["how"]["processes"] == "1"
        assert record.manifest["how"]["device"] == "cpu"
        assert "zero" not in record.manifest["how"], "what was not said is not recorded"
        assert record.manifest["facts"]["backbone"] == "nano"
        assert record.manifest["seconds"] > 0


def step(name: str, **parents: str) -> Any:
    return SimpleNamespace(id=name, parents=parents)


def names(kinds: list[list[Any]]) -> list[list[str]]:
    return [[one.id for one in family] for family in _families(kinds)]


def test_steps_stay_with_what_they_stand_on() -> None:
    cells = [step("en", stack="top"), step("de", stack="top")]
    attacks = [step("de swap", cell="de"), step("en swap", cell="en"), step("en typo", cell="en")]
    assert names([cells, attacks]) == [["en", "en swap", "en typo"], ["de", "de swap"]]


def test_a_step_that_stands_on_a_step_of_a_step_is_of_the_same_family() -> None:
    assert names([[step("a")], [step("b", of="a")], [step("c", of="b")], [step("d")]]) == [["a", "b", "c"], ["d"]]
    assert names([]) == []


@pytest.fixture
def work(tmp_path: Path) -> Any:
    made: list[str] = []
    return Work(
        planned=(),
        missing=frozenset({"a", "b"}),
        view=StoreView(Store(tmp_path / "runs")),
        job=Job(how=ComputeSettings(processes=2)),
        report=lambda _event: None,
        on_made=made.append,
    ), made


def test_a_launch_that_ended_well_made_what_was_missing(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, made = work
    seen = []

    def launch(module: str, words: list[str], how: ComputeSettings) -> int:
        seen.append((module, Path(words[0]).read_text(encoding="utf-8"), how.processes))
        return 0

    monkeypatch.setattr(launching, "launch", launch)
    LaunchExecutor().submit(asked)
    assert sorted(made) == ["a", "b"]
    ((module, job, processes),) = seen
    assert (module, processes) == ("adaptx.cli.worker", 2)
    assert str(asked.view.store.root) in job


@pytest.mark.parametrize(
    ("code", "kind", "message", "hint"),
    [
        (130, Interrupted, "interrupted", "the same command goes on from the last checkpoint"),
        (1, AdaptxError, "a process of the launch ended with code 1", "its message is above"),
        (-9, AdaptxError, "a process of the launch ended with code -9", "its message is above"),
    ],
)
def test_a_launch_that_ended_otherwise_made_nothing_and_says_why(
    work: Any, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[AdaptxError], message: str, hint: str
) -> None:
    asked, made = work
    monkeypatch.setattr(launching, "launch", lambda *_: code)
    with pytest.raises(kind) as caught:
        LaunchExecutor().submit(asked)
    assert (str(caught.value), caught.value.hint) == (message, hint)
    assert made == []
