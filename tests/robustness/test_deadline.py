"""How long a stranger's code may compute, and that no alarm is left behind."""

from __future__ import annotations

import math
import signal
import threading
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from adaptx.robustness.deadline import ROW, Overrun, Patience, deadline

QUIET = {"SIGALRM": 0, "ITIMER_REAL": 0, "signal": lambda *_: None, "setitimer": lambda *_: None}  # no alarm at all


def spin() -> None:
    while True:
        pass


def test_a_step_within_its_time_leaves_no_alarm():
    before = signal.getsignal(signal.SIGALRM)
    with deadline(60.0):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_a_step_that_computes_for_ever_is_stopped_and_leaves_no_alarm():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(Overrun), deadline(0.03):
        spin()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_what_a_step_raises_goes_through():
    with pytest.raises(KeyError), deadline(60.0):
        raise KeyError("x")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_overrun_is_no_exception_that_a_plugin_would_take():
    assert not issubclass(Overrun, Exception)


def test_endless_seconds_are_watched_elsewhere():
    with deadline(math.inf):
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_off_the_main_thread_there_is_no_alarm_and_an_overrun_is_told_afterwards():
    told = []

    def work() -> None:
        try:
            with deadline(0.001):
                told.append(signal.getitimer(signal.ITIMER_REAL))
                sum(range(3_000_000))
                told.append("done")
        except Overrun:
            told.append("overrun")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == [(0.0, 0.0), "done", "overrun"]


@pytest.mark.parametrize(
    ("computed", "passed", "is_over"), [(1.0, 1.0, False), (1.1, 1.1, True), (0.0, 6.0, False), (0.0, 6.1, True)]
)
def test_waiting_counts_six_times_less_than_computing(monkeypatch, computed, passed, is_over):
    clocks = {"thread_time": iter([0.0, computed]), "monotonic": iter([0.0, passed])}
    watch = SimpleNamespace(**{name: lambda of=of: next(of) for name, of in clocks.items()})
    monkeypatch.setattr("adaptx.robustness.deadline.time", watch)
    monkeypatch.setattr("adaptx.robustness.deadline.signal", SimpleNamespace(**QUIET))
    with pytest.raises(Overrun) if is_over else nullcontext(), deadline(1.0):
        pass


def test_patience_is_over_after_so_many_rows_and_never_where_it_has_no_end():
    patience = Patience(seconds=2.0, most=2)
    assert (patience.is_over, patience.row) == (False, ROW * 2.0)
    patience.lapsed.update({"a", "b"})
    assert patience.is_over
    assert "in 2 rows" in patience.time_limit_text
    patience.most = None
    assert not patience.is_over


def test_rows_of_two_cells_lapse_apart():
    one, other = Patience(), Patience()
    one.lapsed.add("a")
    assert other.lapsed == set()
