"""Making: what is there costs nothing, and one command plans once, reads a cell once and looks a step up twice."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adaptx.errors import Missing
from adaptx.execution import make as making
from adaptx.execution.job import Executor, Job, Work
from adaptx.execution.make import expected_cost, make, missing_steps, require_stored
from adaptx.planning.choices import Choices
from adaptx.planning.planner import plan_all
from adaptx.planning.request import PlannedRequest, Request, steps_of
from adaptx.store import Store, StoreView
from adaptx.training.settings import ComputeSettings

if TYPE_CHECKING:
    from adaptx.data.cell import Cell
    from adaptx.steps.step import Step

CHOICES = Choices(source="mini", backbone="nano", languages=("en", "de"), attacks=("charswap",))
REQUEST = Request(choices=CHOICES, names=("squad", "pawsx"))
JOB = Job(how=ComputeSettings())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


def commit(store: Store, step: Step) -> None:
    staged = store.work(step.kind, step.id) / "staged"
    staged.mkdir()
    (staged / "scores.json").write_text("{}")
    store.commit(step.spec, staged, parents=step.parents, how={}, seconds=2.0, facts={"name": step.name})


def planned(store: Store, *requests: Request) -> list[PlannedRequest]:
    return plan_all(requests or (REQUEST,), store)


def test_what_is_all_there_is_reused_and_the_bridge_is_not_crossed(store: Store, monkeypatch) -> None:
    plans = planned(store)
    for step in plans[0].plan.steps:
        commit(store, step)
    monkeypatch.setitem(sys.modules, "adaptx.execution.local", None)  # importing it would raise
    monkeypatch.setitem(sys.modules, "adaptx.execution.estimate", None)
    results = make(plans, StoreView(store), JOB)
    assert [(step["status"], step["seconds"]) for step in results] == [("reused", 0.0)] * 6
    assert [step["kind"] for step in results] == ["train", "train", "eval", "eval", "attack", "attack"]
    cost = expected_cost(plans, StoreView(store), JOB, measured=True)
    assert {step["status"] for step in cost["steps"]} == {"done"}


def test_a_step_that_two_requests_share_is_listed_once(store: Store) -> None:
    plans = planned(store, REQUEST, Request(choices=CHOICES, names=("squad",), cells=False))
    for step in steps_of(plans).values():
        commit(store, step)
    results = make(plans, StoreView(store), JOB)
    assert len(results) == len({step["id"] for step in results}) == 6


class CommitsAll:
    """An executor that makes every cell itself, and finds everything else made by another command."""

    def submit(self, work: Work) -> None:
        for step in steps_of(work.planned).values():
            commit(work.view.store, step)
            if step.kind == "eval":
                work.on_made(step.id)


def test_made_is_what_the_executor_made_and_not_what_came_from_elsewhere(store: Store, monkeypatch) -> None:
    def all_committed(_job: Job) -> Executor:
        return CommitsAll()

    monkeypatch.setattr(making, "executor_for", all_committed)
    status = {step["name"]: step["status"] for step in make(planned(store), StoreView(store), JOB)}
    assert [name for name, what in status.items() if what == "made"] == ["pawsx en", "pawsx de"]
    assert status["squad"] == "reused"


def test_what_was_never_made_is_named_with_the_command_that_makes_it(store: Store) -> None:
    plans = planned(store)
    commit(store, plans[0].plan.steps[0])
    with pytest.raises(Missing, match=r"5 of 6 steps are not in .*, the first is squad → pawsx") as error:
        require_stored(plans, StoreView(store), repair="adaptx stack squad pawsx")
    assert error.value.hint == "adaptx stack squad pawsx"


def test_missing_is_what_the_store_lacks(store: Store) -> None:
    plans = planned(store)
    first, *others = plans[0].plan.steps
    commit(store, first)
    assert missing_steps(plans, StoreView(store)) == {step.id for step in others}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[Any]:
    """Return a counter of plans made, cells read and steps looked up, all by their own key."""
    from adaptx.data import reader
    from adaptx.planning import planner

    counts: Counter[Any] = Counter()
    plan, load, get, intact = planner.plan, reader.load, Store.get, Store.intact
    inside: list[bool] = []

    def count_plan(request: Request, store: Store) -> PlannedRequest:
        counts["plan"] += 1
        return plan(request, store)

    def count_load(cell: Cell, **how: Any) -> Any:
        counts["read", cell.task.name, cell.language, cell.split] += 1
        return load(cell, **how)

    def count_get(store: Store, step_id: str) -> Any:
        if not inside and "store/" not in str(Path(sys._getframe(1).f_code.co_filename).parent) + "/":
            counts["look", step_id] += 1
        return get(store, step_id)

    def count_intact(store: Store, step_id: str) -> Any:
        counts["look", step_id] += 1
        inside.append(True)
        try:
            return intact(store, step_id)
        finally:
            inside.pop()

    monkeypatch.setattr(planner, "plan", count_plan)
    monkeypatch.setattr(reader, "load", count_load)
    monkeypatch.setattr(Store, "get", count_get)
    monkeypatch.setattr(Store, "intact", count_intact)
    return counts


def stack(store: Path, *more: str) -> Sequence[str]:
    small = ["--source", "mini:train=60,dev=20,test=20", "--max-train", "40", "--epochs", "1", "--languages", "en,de"]
    return [
        "stack",
        "squad",
        "pawsx",
        "--attack",
        "charswap",
        "--backbone",
        "nano",
        *small,
        "--store",
        str(store),
        *more,
    ]


def test_a_command_plans_once_reads_each_cell_once_and_looks_a_step_up_twice(tmp_path: Path, counted) -> None:
    from adaptx.cli.main import main

    assert main(list(stack(tmp_path / "runs"))) == 0
    read = {key[1:]: times for key, times in counted.items() if key[0] == "read"}
    assert counted["plan"] == 1
    assert read == {
        ("squad", "en", "train"): 1,
        ("squad", "en", "dev"): 1,
        ("pawsx", "en", "train"): 1,
        ("pawsx", "en", "dev"): 1,
        ("pawsx", "en", "test"): 1,
        ("pawsx", "de", "test"): 1,
    }
    looks = {key[1]: times for key, times in counted.items() if key[0] == "look"}
    assert len(looks) == 6
    assert max(looks.values()) <= 2
    counted.clear()
    assert main(list(stack(tmp_path / "runs"))) == 0
    assert counted["plan"] == 1
    assert not [key for key in counted if key[0] == "read"]
    assert max(times for key, times in counted.items() if key[0] == "look") <= 2
