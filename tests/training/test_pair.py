"""Two processes of one launch, on a CPU with gloo."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from pair import contrast_job, values
from toy import Toy, toy_job

from adaptx.errors import Exit
from adaptx.training.checkpoint import FILE
from adaptx.training.engine import LAUNCHED
from adaptx.training.launch import launch
from adaptx.training.settings import ComputeSettings
from adaptx.training.train import train

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
TWO = ComputeSettings(device="cpu", processes=2)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parents[1])]))
    for name in (*LAUNCHED, "DS_ACCELERATOR"):
        monkeypatch.delenv(name, raising=False)


def test_two_processes_equal_one_at_every_stage_and_resume_to_the_same_bits(tmp_path, capfd):
    alone = toy_job(tmp_path / "alone", model=Toy(dropout=0.0))
    train(alone, lambda _: None)
    capfd.readouterr()
    assert launch("pair", ["every_stage", str(tmp_path)], TWO) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert "a line that belongs on stderr" in err
    found = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    for stage, one in found[0].items():
        assert one["resumed_equal"], stage
        assert found[1][stage]["ranks_equal"], stage
        assert one["weights"] is None or one["weights"] == pytest.approx(values(alone.model), abs=1e-6), stage


def test_two_processes_hold_a_pair_against_the_batch_of_both(tmp_path):
    alone = contrast_job(tmp_path / "alone", ComputeSettings(device="cpu", micro_tokens=100))
    train(alone, lambda _: None)
    assert launch("pair", ["contrastive", str(tmp_path)], TWO) == 0
    for rank in (0, 1):
        for zero, found in json.loads((tmp_path / f"rank{rank}.json").read_text()).items():
            assert found == pytest.approx(values(alone.model), abs=1e-5), f"ZeRO {zero}"


def test_a_signal_stops_all_processes_with_a_checkpoint_and_exit_code_130(tmp_path):
    def send():
        while not (tmp_path / "begun").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    assert launch("pair", ["until_stopped", str(tmp_path)], TWO) == Exit.INTERRUPTED
    assert "interrupted after step" in (tmp_path / "stopped").read_text()
    assert (tmp_path / "work" / FILE).exists()
    sender.join()
