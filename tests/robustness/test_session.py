"""One generator under guard: what it is asked, what is kept, and everything that ends it."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace

import pytest

from adaptx.errors import Interrupted
from adaptx.robustness.deadline import Patience
from adaptx.robustness.edits import Edit
from adaptx.robustness.session import AttackTarget, BestCandidate, Elsewhere, Session, freeze
from adaptx.testing import pair

EXAMPLE = pair("p", "en", "one two three", "four five")
TARGET = AttackTarget(example=EXAMPLE, fields=("sentence1",), protected={}, snapped=True)
ONE, TWO = (Edit("sentence1", 0, 1, "x"),), (Edit("sentence1", 1, 2, "y"),)


def session(start, *, budget=4, target=TARGET, **patience):
    return Session(start, target, budget, Patience(**{"seconds": 5.0} | patience))


def best(candidate=ONE, **changes):
    given = {"reached": False, "harm": -1.0, "terms": (1.0, 1.0), "score": 0.0, "no_op": False}
    return BestCandidate(candidate=candidate, **given | changes)


def always(batch):
    """Return an attack that yields the same questions for ever."""

    def start(_example, _budget):
        while True:
            yield list(batch)

    return start


def test_a_session_begins_with_its_first_questions_and_counts_each_candidate_once():
    begun = session(always([ONE, TWO, ()]))
    assert begun.asked == [ONE, TWO, ()]
    assert (begun.spent, begun.budget.spent, begun.budget.left) == (3, 3, 1)
    assert begun.error is None


def test_replies_are_sent_to_the_generator_in_order():
    heard = []

    def start(_example, _budget):
        heard.append((yield [ONE, TWO]))
        heard.append((yield [TWO]))

    running = session(start)
    running.answer(["first", "second"])
    assert heard == [["first", "second"]]
    assert running.asked == [TWO]
    running.answer(["third"])
    assert heard == [["first", "second"], ["third"]]
    assert (running.asked, running.spent, running.error) == ([], 3, None)


def test_a_generator_that_asks_nothing_ends_without_an_error():
    def start(_example, _budget):
        yield from ()

    ended = session(start)
    assert (ended.asked, ended.spent, ended.error) == ([], 0, None)
    ended.answer([])
    assert ended.error is None


@pytest.mark.parametrize("reason", ["budget", "success"])
def test_a_generator_is_closed_on_its_last_question_and_on_success(reason):
    closed = []

    def start(_example, _budget):
        try:
            while True:
                yield [ONE]
        finally:
            closed.append(True)

    running = session(start, budget=1 if reason == "budget" else 9)
    if reason == "success":
        running.keep(best(reached=True))
    running.answer(["reply"])
    assert closed == [True]
    assert (running.asked, running.spent, running.error) == ([], 1, None)


def test_a_candidate_that_did_not_succeed_does_not_end_the_session():
    running = session(always([ONE]), budget=9)
    running.keep(best(reached=False))
    running.answer(["reply"])
    assert running.asked == [ONE]


def test_the_last_of_the_budget_may_be_asked_and_not_one_more():
    running = session(always([ONE, TWO]), budget=4)
    running.answer([None, None])
    assert (running.asked, running.spent, running.error) == ([ONE, TWO], 4, None)
    greedy = session(always([ONE, TWO, ()]), budget=4)
    greedy.answer([None] * 3)
    assert greedy.error == "refused: overspent, asked 3 with 1 of 4 left"
    assert (greedy.asked, greedy.spent) == ([], 3)


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        ([], "refused: yielded [], not a list of candidates"),
        ((ONE,), "not a list of candidates"),
        (None, "refused: yielded None, not a list of candidates"),
        ([ONE, (Edit("sentence2", 0, 1, "x"),)], "field is not attackable (attackable: sentence1)"),
        ([(Edit("sentence1", 0, 99, "x"),)], "outside the text of 13 code points"),
        ([[*ONE]], "a candidate is a tuple of Edit, not list"),
    ],
)
def test_a_batch_that_breaks_the_protocol_is_refused_whole_with_its_reason(batch, reason):
    def start(_example, _budget):
        yield batch

    refused = session(start)
    assert refused.error.startswith("refused: ")
    assert reason in refused.error
    assert (refused.asked, refused.spent) == ([], 0)


def test_a_long_thing_that_is_no_batch_is_cut_in_the_message():
    def start(_example, _budget):
        yield "x" * 500

    assert len(session(start).error) < 150


def test_the_budget_that_counts_is_not_the_one_a_plugin_may_write_to():
    def start(_example, budget):
        while True:
            budget.spent = 0
            budget.total = 99
            yield [ONE, TWO]

    running = session(start, budget=3)
    running.answer([None, None])
    assert running.error == "refused: overspent, asked 2 with 1 of 3 left"


def test_the_example_that_a_plugin_sees_cannot_be_written_to_and_equals_its_own():
    seen = freeze(EXAMPLE)
    assert seen == EXAMPLE
    with pytest.raises(TypeError):
        seen.texts["sentence1"] = "other"
    with pytest.raises(TypeError):
        seen.languages["sentence1"] = "de"


def test_an_example_changed_by_force_ends_the_session():
    def start(example, _budget):
        object.__setattr__(example, "label", 0)
        yield [ONE]

    assert session(start).error == "refused: the example was changed"


def test_what_a_plugin_raises_ends_its_session_with_type_and_message():
    def start(_example, _budget):
        yield [ONE]
        raise LookupError("nothing of the kind")

    running = session(start)
    running.answer([None])
    assert running.error == "LookupError: nothing of the kind"
    assert running.asked == []


def test_a_start_that_raises_before_there_is_a_generator_is_an_error_of_the_row():
    def start(_example, _budget):
        raise ValueError("no")

    assert session(start).error == "ValueError: no"


def test_an_interruption_is_not_the_plugins_error():
    def start(_example, _budget):
        raise Interrupted("stop")
        yield

    with pytest.raises(Interrupted):
        session(start)


def test_a_plugin_that_computes_for_ever_is_stopped_and_the_alarm_put_back():
    def start(_example, _budget):
        while True:
            pass
        yield

    before = signal.getsignal(signal.SIGALRM)
    assert session(start, seconds=0.05).error == "overrun: more than 0.05 s"
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_plugin_that_swallows_exceptions_is_stopped_as_well():
    def start(_example, _budget):
        while True:
            try:
                while True:
                    pass
            except Exception:  # noqa: BLE001 - what such a plugin does
                pass
        yield

    assert session(start, seconds=0.05).error.startswith("overrun")


def test_off_the_main_thread_an_overrun_is_told_once_the_step_is_back():
    told = []

    def work():
        def start(_example, _budget):
            count = 0
            for number in range(3_000_000):
                count += number
            yield [ONE]

        told.append(session(start, seconds=0.001).error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == ["overrun: more than 0.001 s"]


def test_a_refused_generator_is_closed_at_once_and_what_it_raises_then_is_nobodys():
    closed = []

    def start(_example, _budget):
        try:
            yield []
        finally:
            closed.append(True)
            raise RuntimeError("while closing")

    assert session(start).error.startswith("refused")
    assert closed == [True]


BETTER = [
    (best(harm=-0.5), best(TWO, reached=True)),  # reached before value
    (best(score=9.0), best(TWO, harm=-0.5)),  # value before score
    (best(), best(TWO, score=0.1)),
]


@pytest.mark.parametrize(("worse", "better"), BETTER)
def test_the_best_candidate_is_kept_whatever_comes_first(worse, better):
    for order in ((worse, better), (better, worse)):
        running = session(always([ONE]))
        for one in order:
            running.keep(one)
        assert running.kept is better


def test_of_equal_candidates_the_first_is_kept():
    running = session(always([ONE]))
    running.keep(best(ONE))
    running.keep(best(TWO))
    assert running.kept.candidate == ONE


def test_the_unedited_text_is_never_kept():
    running = session(always([ONE]))
    running.keep(best((), reached=True))
    assert running.kept is None


def test_a_protected_span_is_refused_by_the_session_of_its_row():
    guarded = replace(TARGET, protected={"sentence1": ((0, 3),)})
    assert "edits a protected span" in session(always([ONE]), target=guarded).error
    assert session(always([(Edit("sentence1", 3, 4, ""),)]), target=guarded).error is None


def test_what_failed_in_a_process_of_its_own_is_the_rows_error_in_its_own_words():
    def start(_example, _budget):
        yield [ONE]
        raise Elsewhere("KeyError: 'x'")

    running = session(start)
    running.answer([None])
    assert (running.error, running.has_lapsed) == ("KeyError: 'x'", False)
    assert running.patience.lapsed == set()


def test_a_process_that_had_to_be_ended_counts_against_the_patience_of_the_cell():
    def start(_example, _budget):
        raise Elsewhere("killed", lapse=True)
        yield

    ended = session(start)
    assert (ended.error, ended.has_lapsed) == ("killed", True)
    assert ended.patience.lapsed == {"p"}


def test_a_plugin_that_lapsed_in_several_rows_gets_no_further_one():
    patience = Patience(seconds=5.0, most=2, lapsed={"r1", "r2"})
    refused = Session(always([ONE]), TARGET, 4, patience)
    assert refused.error == "given up: the attack did not end by itself in 2 rows before this one"
    assert (refused.asked, refused.spent, refused.has_lapsed) == ([], 0, False)
    assert Session(always([ONE]), TARGET, 4, Patience(seconds=5.0, most=2, lapsed={"r1"})).error is None


def test_whatever_is_raised_ends_the_row_alone_but_an_interruption_of_the_run_does_not():
    def exits(_example, _budget):
        raise SystemExit(3)
        yield

    def stops(_example, _budget):
        raise KeyboardInterrupt
        yield

    assert session(exits).error == "SystemExit: 3"
    with pytest.raises(KeyboardInterrupt):
        session(stops)


def test_a_session_that_is_closed_asks_no_more():
    closed = []

    def start(_example, _budget):
        try:
            while True:
                yield [ONE]
        finally:
            closed.append(True)

    running = session(start)
    running.close()
    assert (running.asked, closed, running.error) == ([], [True], None)
