"""A job reaches the processes of a launch unchanged, and they plan the same ids."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.execution.job import Job, job_from_json, job_to_json
from adaptx.planning.choices import Choices, PerTask
from adaptx.planning.planner import plan_all
from adaptx.planning.request import Request
from adaptx.spec import content_id
from adaptx.store import Store
from adaptx.training.settings import ComputeSettings


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
    read, place, again = job_from_json(json.loads(json.dumps(job_to_json(requests, store, job))))
    assert (read, place.root, again) == (requests, store.root, job)
    ours, theirs = (plan_all(asked, store)[0].plan.steps for asked in (requests, read))
    assert [step.id for step in ours] == [step.id for step in theirs] == [content_id(step.spec) for step in theirs]
