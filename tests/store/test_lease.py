from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adaptx.store import Held, Store, lease

Rival = Callable[[str], "subprocess.Popen[str]"]

HOLD = """
with store.lease(step) as lease:
    print(lease.already, lease.taken_over, flush=True)
    sys.stdin.readline()
"""
MAKE = """
sys.stdin.readline()
with store.lease(step) as lease:
    if not lease.already:
        time.sleep(0.2)
        commit("by " + str(os.getpid()))
    print("found" if lease.already else "made", lease.taken_over, flush=True)
"""


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def files(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / "work").iterdir())


def foreign(store: Store, step_id: str, *, age: float) -> Path:
    """Leave the lease of a process on another machine, whose last heartbeat is ``age`` seconds old."""
    path = store.root / "work" / f"{step_id}.lease-0"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"host": "elsewhere", "place": "elsewhere boot pid", "pid": 1, "birth": "1"}))
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_of_four_processes_one_makes_the_step_and_the_others_find_it(store: Store, step_id: str, rival: Rival) -> None:
    rivals = [rival(MAKE) for _ in range(4)]
    go(*rivals)
    assert sorted(said(process) for process in rivals) == ["found False"] * 3 + ["made False"]
    assert [process.wait(60) for process in rivals] == [0] * 4
    assert store.check(step_id) == []
    assert files(store) == []


def test_a_living_holder_is_waited_for_and_named(store: Store, step_id: str, rival: Rival) -> None:
    holder = rival(HOLD)
    assert said(holder) == "False False"
    with pytest.raises(Held, match=f"process {holder.pid} on"), store.lease(step_id, wait=False):
        pass
    told: list[str] = []

    def on_wait(rival_name: str) -> None:
        told.append(rival_name)
        go(holder)

    with store.lease(step_id, on_wait=on_wait) as held:
        assert not held.already
        assert not held.taken_over
    assert len(told) == 1
    assert f"process {holder.pid}" in told[0]


def test_a_killed_holder_is_taken_over_though_nobody_reaped_it(store: Store, step_id: str, rival: Rival) -> None:
    holder = rival(HOLD)
    said(holder)
    holder.send_signal(signal.SIGKILL)  # not waited for: it stays a zombie, and its pid stays taken
    with store.lease(step_id) as held:
        assert held.taken_over


def test_a_dead_holder_is_taken_over_by_exactly_one_of_four(store: Store, step_id: str, rival: Rival) -> None:
    holder = rival(HOLD)
    said(holder)
    rivals = [rival(MAKE) for _ in range(4)]
    go(*rivals)
    holder.kill()
    holder.wait()
    words = sorted(said(process) for process in rivals)  # who came last may hold the lease after the commit
    assert [word.partition(" ")[0] for word in words] == ["found"] * 3 + ["made"]
    assert words[-1] == "made True"
    assert [process.wait(60) for process in rivals] == [0] * 4
    assert files(store) == []


def test_takeovers_in_a_row_never_let_two_hold_at_once(store: Store, step_id: str, rival: Rival) -> None:
    # Each holder notes that it came, and dies without a word; the next must be alone and must not have waited for ever.
    log = store.root.parent / "log"
    source = f"""
with store.lease(step):
    with open({str(log)!r}, "a") as stream:
        stream.write("in ")
    time.sleep(0.05)
    with open({str(log)!r}, "a") as stream:
        stream.write("out ")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    for process in [rival(source) for _ in range(6)]:
        process.wait(60)
    assert log.read_text() == "in out " * 6


def test_a_suspended_holder_on_this_machine_is_not_robbed(tmp_path: Path, step_id: str, rival: Rival) -> None:
    holder = rival(HOLD)
    said(holder)
    holder.send_signal(signal.SIGSTOP)
    path = tmp_path / "runs" / "work" / f"{step_id}.lease-0"
    os.utime(path, (1.0, 1.0))
    with pytest.raises(Held), Store(tmp_path / "runs").lease(step_id, wait=False):
        pass
    with pytest.raises(Held, match="no sign for 30 s"), Store(tmp_path / "runs").lease(step_id, patience=30.0):
        pass
    holder.send_signal(signal.SIGCONT)


def test_a_reused_process_number_does_not_keep_a_dead_lease_alive(store: Store, step_id: str, rival: Rival) -> None:
    holder = rival(HOLD)
    said(holder)
    path = store.root / "work" / f"{step_id}.lease-0"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"birth": "1"}))  # began at another time, so it is another process
    with store.lease(step_id, wait=False) as held:
        assert held.taken_over


def test_a_holder_elsewhere_lives_as_long_as_its_heartbeat(store: Store, step_id: str) -> None:
    foreign(store, step_id, age=lease.STALE - 20)
    with pytest.raises(Held, match="process 1 on elsewhere"), store.lease(step_id, wait=False):
        pass
    foreign(store, step_id, age=lease.STALE + 5)
    with store.lease(step_id, wait=False) as held:
        assert held.taken_over


def test_a_lease_killed_while_it_was_written_dies_by_its_heartbeat(store: Store, step_id: str) -> None:
    path = foreign(store, step_id, age=0)
    path.write_text("")
    with pytest.raises(Held), store.lease(step_id, wait=False):
        pass
    os.utime(path, (1.0, 1.0))
    with store.lease(step_id, wait=False) as held:
        assert held.taken_over


def test_the_heart_beats_while_the_lease_is_held(tmp_path: Path, step_id: str) -> None:
    store = Store(tmp_path / "runs", stale=0.06)
    with store.lease(step_id):
        path = tmp_path / "runs" / "work" / f"{step_id}.lease-0"
        os.utime(path, (1.0, 1.0))
        deadline = time.monotonic() + 30
        while path.stat().st_mtime == 1.0 and time.monotonic() < deadline:
            time.sleep(0.005)
        assert path.stat().st_mtime > 1.0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("heartbeat")]


def test_a_failed_body_gives_the_lease_back(store: Store, step_id: str) -> None:
    def fail() -> None:
        with store.lease(step_id):
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        fail()
    assert files(store) == []
    with store.lease(step_id, wait=False) as held:
        assert (held.already, held.taken_over) == (False, False)


def test_a_holder_given_up_for_dead_does_not_clear_its_successors_way(store: Store, step_id: str) -> None:
    # It was paused on another machine, others took over, now it wakes up and ends: its file must stay a dead one.
    work = store.root / "work"
    with store.lease(step_id):
        (work / f"{step_id}.lease-1").write_text("")
    assert files(store) == [f"{step_id}.lease-0", f"{step_id}.lease-1"]


def test_leases_of_different_steps_do_not_meet(store: Store, step_id: str) -> None:
    with store.lease(step_id), store.lease("0" * 64, wait=False) as other:
        assert not other.already
