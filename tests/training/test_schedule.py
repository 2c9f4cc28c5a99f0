from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.spec import Optimisation, Sampling
from adaptx.training.schedule import Schedule, shares


def schedule(rows=100, **plan):
    settings = {"lr": 1e-3, "epochs": 2.0, "batch": 16, "max_length": 32, **plan}
    return Schedule([[5 + row % 7 for row in range(rows)]], Optimisation(**settings), seed=1)


def mixture(sizes, fixed=(), sampling=None, **plan):
    settings = {"lr": 1e-3, "epochs": 1.0, "batch": 10, "max_length": 32, **plan}
    return Schedule([[5] * size for size in sizes], Optimisation(**settings), 1, sampling, fixed)


@given(st.integers(1, 200), st.integers(1, 3), st.integers(1, 40))
def test_whole_epochs_read_every_row_equally_often(rows, epochs, batch):
    plan = schedule(rows, epochs=float(epochs), batch=batch)
    read = Counter(row for step in range(plan.steps) for row in plan.rows(step))
    assert read == Counter(dict.fromkeys(range(rows), epochs))


def test_any_step_can_be_asked_first_so_that_a_run_can_resume():
    whole = schedule()
    read = [whole.rows(step) for step in range(whole.steps)]
    assert [schedule().rows(step) for step in range(whole.steps)] == read


def test_a_fraction_of_an_epoch_is_a_fraction_of_its_steps():
    assert schedule(160, epochs=0.5).steps == 5
    assert schedule(16, epochs=0.1).steps == 1


def test_the_rate_rises_over_the_warm_up_and_falls_to_nothing():
    plan = schedule(160, epochs=2.0, warmup=0.1)
    rates = [plan.lr(step) for step in range(20)]
    assert rates[:2] == [5e-4, 1e-3]
    assert rates[2] == pytest.approx(1e-3)
    assert all(later < earlier for earlier, later in pairwise(rates[2:]))
    assert 0 < rates[-1] < 1e-4


@given(st.integers(1, 300), st.integers(1, 12))
def test_evaluations_are_evenly_spaced_and_the_last_is_at_the_end(rows, count):
    plan = schedule(rows, evaluations=count)
    places = sorted(plan.evaluations)
    assert places[-1] == plan.steps
    assert len(places) == min(count, plan.steps)
    gaps = [later - earlier for earlier, later in pairwise([0, *places])]
    assert max(gaps) - min(gaps) <= 1


def test_dropout_differs_by_step_and_repeats():
    seeds = {schedule().dropout_seed(step) for step in range(20)}
    assert len(seeds) == 20
    assert schedule().dropout_seed(3) in seeds


def test_a_mixture_reads_batches_of_one_task_each_and_every_row_once_an_epoch():
    plan = mixture([300, 100, 50], epochs=2.0)
    assert plan.steps == 90
    ranges = [range(300), range(300, 400), range(400, 450)]
    for step in range(plan.steps):
        assert set(plan.rows(step)) <= set(ranges[plan.turns[step]])
    read = Counter(row for step in range(plan.steps) for row in plan.rows(step))
    assert read == Counter(dict.fromkeys(range(450), 2))


def test_the_tasks_of_a_mixture_are_not_read_one_after_the_other():
    turns = mixture([300, 300]).turns
    assert 10 < sum(earlier != later for earlier, later in pairwise(turns)) < 50


KINDS = st.sampled_from(["proportional", "temperature", "uniform"])


@given(st.lists(st.integers(1, 500), min_size=1, max_size=5), KINDS)
def test_counts_of_a_mixture_are_its_shares_to_within_one_step(sizes, kind):
    sampling = Sampling(kind=kind, cap=200, temperature=2.0 if kind == "temperature" else None)
    plan = mixture(sizes, sampling=sampling)
    wanted = shares(sizes, sampling, [None] * len(sizes))
    assert sum(wanted) == pytest.approx(1)
    counts = Counter(plan.turns)
    assert all(abs(counts[part] - plan.steps * share) < 1 + 1e-9 for part, share in enumerate(wanted))


def test_a_cap_a_temperature_and_uniform_favour_the_small_task_more_and_more():
    small = [
        shares([900, 100], sampling, [None, None])[1]
        for sampling in (
            Sampling(),
            Sampling(cap=300),
            Sampling(kind="temperature", temperature=2.0),
            Sampling(kind="temperature", temperature=5.0),
            Sampling(kind="uniform"),
        )
    ]
    assert small == pytest.approx([0.1, 0.25, 0.25, 0.391873, 0.5], abs=1e-6)


def test_a_fixed_share_takes_its_batches_beside_those_of_the_tasks():
    plan = mixture([300, 50], fixed=[None, 0.25])
    assert plan.steps == 40
    assert Counter(plan.turns) == {0: 30, 1: 10}
