"""Making: what is there costs nothing, and a job reaches the processes of a launch unchanged."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.execution import make as making
from adaptx.execution.make import Job, Request, cost, make, planned, read_job, written
from adaptx.planning.choices import Choices, PerTask
from adaptx.spec import content_id
from adaptx.store import Store
from adaptx.training.settings import ComputeSettings

CHOICES = Choices(source="mini", backbone="nano", languages=("en", "de"), attacks=("charswap",))
REQUEST = Request(choices=CHOICES, names=("squad", "pawsx"))


def commit(store: Store, step: Any) -> None:
    staged = store.work(step.kind, step.id) / "staged"
    staged.mkdir()
    (staged / "scores.json").write_text("{}")
    store.commit(step.spec, staged, parents=step.parents, how={}, seconds=2.0, facts={"name": step.name})


def test_what_is_all_there_is_reused_and_the_bridge_is_not_crossed(tmp_path: Path, monkeypatch) -> None:
    store = Store(tmp_path / "runs")
    for step in planned([REQUEST], store)[0].plan.steps:
        commit(store, step)
    monkeypatch.setitem(sys.modules, "adaptx.execution.local", None)  # importing it would raise
    monkeypatch.setitem(sys.modules, "adaptx.execution.estimate", None)
    told = make([REQUEST], store, Job(how=ComputeSettings()))
    assert [(step["status"], step["seconds"]) for step in told] == [("reused", 0.0)] * 6
    assert [step["kind"] for step in told] == ["train", "train", "eval", "eval", "attack", "attack"]
    assert {step["status"] for step in cost([REQUEST], store, Job(how=ComputeSettings()), measured=True)["steps"]} == {
        "done"
    }


def test_a_step_that_two_requests_share_is_told_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    both = [REQUEST, Request(choices=CHOICES, names=("squad",), cells=False)]
    for step in {step.id: step for plan in planned(both, store) for step in plan.plan.steps}.values():
        commit(store, step)
    told = make(both, store, Job(how=ComputeSettings()))
    assert len(told) == len({step["id"] for step in told}) == 6


def test_made_is_what_the_bridge_made_and_not_what_came_from_elsewhere(tmp_path: Path, monkeypatch) -> None:
    store = Store(tmp_path / "runs")

    def compute(requests: Any, makings: Any, missing: set[str], *_: Any) -> set[str]:
        for step in makings[0].plan.steps:
            commit(store, step)
        return {step.id for step in makings[0].plan.cells}

    monkeypatch.setattr(making, "_compute", compute)
    status = {step["name"]: step["status"] for step in make([REQUEST], store, Job(how=ComputeSettings()))}
    assert [name for name, what in status.items() if what == "made"] == ["pawsx en", "pawsx de"]
    assert status["squad"] == "reused"


@settings(deadline=None, max_examples=20)
@given(
    st.builds(
        Choices,
        source=st.just("mini"),
        seed=st.integers(0, 9),
        lr=st.builds(PerTask, st.none() | st.just(1e-3), st.just({"pawsx": 2e-4})),
        attacks=st.sampled_from([(), ("charswap",), ("charswap:rate=0.2", "charswap")]),
        languages=st.sampled_from([(), ("de",)]),
        backbone=st.just("nano"),
    ),
    st.builds(
        ComputeSettings,
        processes=st.integers(1, 4),
        zero=st.none() | st.just(2),
        hostfile=st.none() | st.just(Path("hosts")),
    ),
    st.booleans(),
)
def test_a_launch_plans_the_same_ids_from_the_job_it_reads(
    choices: Choices, how: ComputeSettings, strict: bool
) -> None:
    requests, store = [Request(choices=choices, names=("squad", "pawsx"), on=None)], Store(Path("/nowhere/runs"))
    job = Job(how=how, strict=strict, keep="all")
    read, place, again = read_job(json.loads(json.dumps(written(requests, store, job))))
    assert (read, place.root, again) == (requests, store.root, job)
    ours, theirs = (planned(asked, store)[0].plan.steps for asked in (requests, read))
    assert [step.id for step in ours] == [step.id for step in theirs] == [content_id(step.spec) for step in theirs]
