from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.data.batching import epoch_batches
from adaptx.spec import Optimisation, Sampling
from adaptx.training.schedule import Schedule, shares


def schedule(rows=100, seed=1, **plan):
    settings = {"lr": 1e-3, "epochs": 2.0, "batch": 16, "max_length": 32, **plan}
    return Schedule([[5 + row % 7 for row in range(rows)]], Optimisation(**settings), seed=seed)


def mixture(sizes, fixed=(), sampling=None, seed=1, **plan):
    settings = {"lr": 1e-3, "epochs": 1.0, "batch": 10, "max_length": 32, **plan}
    return Schedule([[5] * size for size in sizes], Optimisation(**settings), seed, sampling, fixed)


def read(plan):
    return [plan.rows(step) for step in range(plan.steps)]


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


@pytest.mark.parametrize("order", ["bucketed", "iid"])
def test_every_epoch_is_read_in_an_order_of_its_own_that_the_seed_and_the_page_decide(order):
    plan = schedule(60, seed=5, order=order)
    lengths = plan.lengths[0]
    expected = [epoch_batches(lengths, 16, order=order, seed=5, epoch=epoch) for epoch in (0, 1)]
    assert read(plan) == [batch for batches in expected for batch in batches]
    assert expected[0] != expected[1]
    assert read(schedule(60, seed=6, order=order)) != read(plan)
    assert read(schedule(60, seed=5, order=order)) == read(plan)


def test_the_two_orders_differ():
    assert read(schedule(60, order="iid")) != read(schedule(60, order="bucketed"))


def test_the_first_task_of_a_mixture_reads_its_batches_as_it_would_alone_and_the_second_in_an_order_of_its_own():
    plan = mixture([90, 90], epochs=2.0)
    first, second = ([plan.rows(step) for step in range(plan.steps) if plan.turns[step] == part] for part in (0, 1))
    assert first == read(mixture([90], epochs=2.0))
    assert [[row - 90 for row in rows] for rows in second] != first
    other = mixture([90, 90], epochs=2.0, seed=2)
    assert [other.rows(step) for step in range(plan.steps) if other.turns[step] == 1] != second


def test_a_step_may_be_asked_again_after_one_of_another_epoch():
    plan = mixture([30, 50], epochs=3.0)
    forwards = read(plan)
    assert [plan.rows(step) for step in reversed(range(plan.steps))] == forwards[::-1]


def test_turns_are_drawn_by_the_seed_and_once():
    assert mixture([300, 300]).turns == mixture([300, 300]).turns
    assert mixture([300, 300], seed=2).turns != mixture([300, 300]).turns


def test_what_does_not_divide_goes_to_the_largest_remainders():
    # 12 steps over 14, 70 and 26 of 110 rows: 1.53, 7.64 and 2.84
    assert Counter(mixture([14, 70, 26]).turns) == {0: 1, 1: 8, 2: 3}


def test_a_temperature_that_is_not_said_is_one():
    sizes = [900, 100]
    assert shares(sizes, Sampling(kind="temperature"), [None, None]) == shares(sizes, Sampling(), [None, None])


def test_tasks_share_what_the_fixed_ones_leave():
    assert shares([300, 100, 7], Sampling(), [None, None, 0.25]) == pytest.approx([0.5625, 0.1875, 0.25], abs=1e-12)


def test_a_task_with_a_fixed_share_has_no_say_in_how_many_steps_there_are():
    for size in (1, 50, 5000):
        assert mixture([300, size], fixed=[None, 0.5]).steps == 60


def test_a_cap_shortens_the_run_too():
    assert mixture([300, 1000], sampling=Sampling(cap=200)).steps == 40


def test_a_run_that_warms_up_to_its_last_step_learns_at_the_full_rate_there():
    assert [schedule(32, epochs=1.0, warmup=0.5).lr(step) for step in (0, 1)] == [1e-3, 1e-3]
    assert [schedule(32, epochs=1.0, warmup=1.0).lr(step) for step in (0, 1, 2)] == [5e-4, 1e-3, 0.0]


def test_without_a_warm_up_the_first_step_has_the_full_rate():
    assert schedule(160, warmup=0.0).lr(0) == 1e-3


def test_seeds_stay_what_they_were_for_the_same_request():
    """Another number here is another result under the same id."""
    plan = mixture([40, 40, 20])
    assert plan.dropout_seed(3) == 58678399490799871
    assert plan.turns == [2, 0, 0, 2, 1, 1, 1, 0, 0, 1]
    assert [rows[:3] for rows in read(plan)[:3]] == [[90, 85, 80], [15, 28, 24], [39, 30, 23]]
