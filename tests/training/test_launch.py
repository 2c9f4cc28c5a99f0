from __future__ import annotations

import base64
import json
import sys

import pytest

from adaptx.errors import Missing
from adaptx.training.launch import command, free_port, launch
from adaptx.training.settings import ComputeSettings


def port(words):
    return next(word.partition("=")[2] for word in words if word.startswith("--master_port"))


def test_one_host_goes_to_the_local_launcher_with_all_its_processes():
    words = command("some.module", ["job.json"], ComputeSettings(processes=3))
    assert words[:3] == [sys.executable, "-m", "deepspeed.launcher.launch"]
    assert words[-4:] == ["--module", "--no_local_rank", "some.module", "job.json"]
    world = next(word.partition("=")[2] for word in words if word.startswith("--world_info"))
    assert json.loads(base64.urlsafe_b64decode(world)) == {"localhost": [0, 1, 2]}


def test_a_host_file_goes_to_the_runner(tmp_path):
    words = command("some.module", [], ComputeSettings(hostfile=tmp_path / "hosts"))
    assert words[:3] == [sys.executable, "-m", "deepspeed.launcher.runner"]
    assert f"--hostfile={tmp_path / 'hosts'}" in words


def test_the_port_is_never_a_fixed_one():
    ports = {port(command("some.module", [], ComputeSettings(processes=2))) for _ in range(5)}
    assert len(ports) > 1
    assert "29500" not in ports
    assert free_port() > 1024


def test_a_missing_host_file_is_said_before_anything_starts(tmp_path):
    with pytest.raises(Missing, match="no host file"):
        launch("some.module", [], ComputeSettings(hostfile=tmp_path / "nowhere"))
