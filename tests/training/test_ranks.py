"""Two processes, of which one leaves, is suspended or is killed: the other ends within the deadline, and says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from adaptx.errors import AdaptxError, Exit
from adaptx.training import launch as launching
from adaptx.training.engine import LAUNCHED, Group
from adaptx.training.launch import launch
from adaptx.training.settings import ComputeSettings

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
TWO = ComputeSettings(device="cpu", processes=2)
LONG = 120.0  # seconds that nothing here takes


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parents[1])]))
    for name in (*LAUNCHED, "DS_ACCELERATOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(launching, "GRACE_S", 3.0)


def test_a_rank_that_leaves_early_ends_the_other_which_says_so(tmp_path, capfd):
    assert launch("ranks", ["leave", str(tmp_path)], TWO) == Exit.FAILED
    err = capfd.readouterr().err
    assert "error: another rank has ended while rank 0 was waiting for it" in err
    assert "the same command goes on from the last checkpoint" in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("ended*"))


def test_a_rank_that_is_suspended_is_an_error_within_the_deadline_and_leaves_no_process(tmp_path, capfd):
    assert launch("ranks", ["suspend", str(tmp_path)], TWO) == Exit.FAILED
    assert "error: another rank fell behind: rank 0 waited 4 s for it" in capfd.readouterr().err


def test_a_killed_rank_ends_the_launch_with_its_number_and_signal(tmp_path):
    with pytest.raises(AdaptxError, match=r"rank 1 was killed by signal 9 \(SIGKILL\)") as caught:
        launch("ranks", ["die", str(tmp_path)], TWO)
    assert "memory" in (caught.value.hint or "")


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_the_processes_of_a_killed_command_end_though_one_of_them_ignores_the_signal(tmp_path):
    source = (
        "import sys; from adaptx.training.launch import launch; from adaptx.training.settings import ComputeSettings; "
        "launch('ranks', ['wait', sys.argv[1]], ComputeSettings(device='cpu', processes=2))"
    )
    parent = subprocess.Popen([sys.executable, "-c", source, str(tmp_path)])
    until = time.monotonic() + LONG
    files = [tmp_path / f"pid{rank}" for rank in (0, 1)]
    while not all(file.exists() for file in files) and time.monotonic() < until:
        time.sleep(0.05)
    pids = [int(file.read_text()) for file in files]
    assert all(is_running(pid) for pid in pids)
    parent.send_signal(signal.SIGKILL)
    parent.wait(LONG)
    while any(is_running(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    left = [pid for pid in pids if is_running(pid)]
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left


def test_of_several_that_failed_the_one_that_was_killed_is_the_reason():
    failed = [subprocess.Popen([sys.executable, "-c", f"import os; {end}"]) for end in ("os._exit(1)", "os.abort()")]
    for child in failed:
        child.wait(LONG)
    assert launching._first_to_fail(failed) == 1


def test_what_is_no_matter_of_other_ranks_keeps_its_own_error():
    for group in (Group(0, 2, "cpu", 5.0), Group(0, 1, "cpu", 5.0)):
        with pytest.raises(RuntimeError, match="shape mismatch"), group.together():
            raise RuntimeError("shape mismatch")
    with pytest.raises(RuntimeError, match="Timed out"), Group(0, 1, "cpu", 5.0).together():
        raise RuntimeError("Timed out")
