"""Ranks agree before they act: whatever each of two processes sees of the store, and however late, no cell is lost."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from adaptx.execution import local
from adaptx.execution.job import Job, job_to_json
from adaptx.planning.choices import Choices, PerTask
from adaptx.planning.planner import plan_all
from adaptx.planning.request import Request, steps_of
from adaptx.store import Store
from adaptx.training.engine import LAUNCHED
from adaptx.training.launch import launch
from adaptx.training.settings import ComputeSettings

HERE = Path(__file__).parent
REQUEST = Request(
    choices=Choices(
        source="mini:train=48,dev=20,test=20",
        backbone="nano",
        languages=("en", "zh", "de", "fr"),
        max_length=PerTask(64),
        epochs=PerTask(1.0),
        batch=PerTask(16),
        attacks=("charswap",),
        max_eval=10,
    ),
    names=("mnli", "xnli"),
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parents[1])]))
    for name in (*LAUNCHED, "DS_ACCELERATOR"):
        monkeypatch.delenv(name, raising=False)


class Spoken:
    """A group of two as rank 0 sees it, which notes what it is told."""

    rank, size = 0, 2

    def __init__(self) -> None:
        self.said: list[bool | None] = []

    def agree(self, value: bool | None) -> bool | None:
        self.said.append(value)
        return value

    def barrier(self) -> None:
        self.said.append(True)


def test_ranks_are_told_now_and_then_that_another_command_makes_the_layer(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "WAIT_S", 0.05)
    store, waiting = Store(tmp_path / "runs"), []
    (planned,) = plan_all([REQUEST], store)
    step, taken, told = planned.plan.layers[0], threading.Event(), threading.Event()

    def another_command() -> None:
        with store.lease(step.id):
            taken.set()
            told.wait(60)

    def on_wait(*who: object) -> None:
        waiting.append(who)
        threading.Timer(0.3, told.set).start()

    walk = local._Walk.__new__(local._Walk)
    walk.group, walk.work = Spoken(), SimpleNamespace(view=SimpleNamespace(store=store))
    monkeypatch.setattr(walk, "_waiting", on_wait)
    monkeypatch.setattr(walk, "_commit", lambda *_args, **_how: None)
    other = threading.Thread(target=another_command)
    other.start()
    taken.wait(60)
    walk._make_together(step, lambda _: {})
    other.join()
    *waits, go_on, barrier = walk.group.said
    assert set(waits) == {None}
    assert (go_on, barrier) == (False, True)
    assert len(waiting) == 1
    assert f"process {os.getpid()}" in waiting[0][1]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["late", "slow"])
def test_a_rank_that_is_late_and_sees_another_store_loses_no_cell(tmp_path, what):
    store, how = Store(tmp_path / "runs"), ComputeSettings(device="cpu", processes=2, deadline=90.0)
    file = tmp_path / "job.json"
    file.write_text(json.dumps(job_to_json([REQUEST], store, Job(how=how))), encoding="utf-8")
    assert launch("dealt", [str(file), str(store.root), what], how) == 0
    steps = steps_of(plan_all([REQUEST], store))
    assert {step.kind for step in steps.values()} == {"train", "eval", "attack"}
    assert {record.id for record in store.all()} == steps.keys()
    assert not list((store.root / "work").glob("*.lease-*"))
