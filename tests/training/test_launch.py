from __future__ import annotations

import os
import subprocess
import sys

import pytest

from adaptx.errors import Missing
from adaptx.training.engine import LAUNCHED
from adaptx.training.launch import _commands, free_port, launch, runner_command
from adaptx.training.orphan import PARENT
from adaptx.training.settings import ComputeSettings


def port(words):
    return next(word.partition("=")[2] for word in words if word.startswith("--master_port"))


def test_the_processes_of_one_host_are_children_with_a_rank_and_one_meeting_place(monkeypatch):
    monkeypatch.setenv("KEPT", "yes")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    found = list(_commands("some.module", ["job.json"], ComputeSettings(processes=3, device="cpu")))
    assert [command for command, _ in found] == [[sys.executable, "-u", "-m", "some.module", "job.json"]] * 3
    assert [told["RANK"] for _, told in found] == [told["LOCAL_RANK"] for _, told in found] == ["0", "1", "2"]
    shared = {(told["MASTER_ADDR"], told["MASTER_PORT"], told["WORLD_SIZE"], told[PARENT]) for _, told in found}
    ((address, _, size, parent),) = shared
    assert (address, size, parent) == ("127.0.0.1", "3", str(os.getpid()))
    assert {(told["KEPT"], told["OMP_NUM_THREADS"], told["DS_ACCELERATOR"]) for _, told in found} == {
        ("yes", "7", "cpu")
    }
    assert set(LAUNCHED) <= found[0][1].keys()


def test_a_host_file_goes_to_the_runner_which_ends_with_this_process(tmp_path):
    words = runner_command("some.module", ["job.json"], tmp_path / "hosts")
    assert words[:4] == [sys.executable, "-m", "adaptx.training.orphan", "deepspeed.launcher.runner"]
    assert f"--hostfile={tmp_path / 'hosts'}" in words
    assert words[-4:] == ["--module", "--no_local_rank", "some.module", "job.json"]


def test_the_port_is_never_a_fixed_one(tmp_path):
    ports = {port(runner_command("some.module", [], tmp_path)) for _ in range(5)}
    assert len(ports) > 1
    assert "29500" not in ports
    assert free_port() > 1024


def test_a_module_that_is_watched_gets_its_own_arguments(tmp_path):
    (tmp_path / "shown.py").write_text("import sys; print(sys.argv[1:], __name__)")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "adaptx.training.orphan", "shown", "--a", "b"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "['--a', 'b'] __main__\n"


def test_a_missing_host_file_is_said_before_anything_starts(tmp_path):
    with pytest.raises(Missing, match="no host file"):
        launch("some.module", [], ComputeSettings(hostfile=tmp_path / "nowhere"))
