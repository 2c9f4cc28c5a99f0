from __future__ import annotations

import subprocess

import pytest

from adaptx.results import doctor

SLOW = '{"device": "cpu", "machine": "old", "bf16": 7e8, "fp32": 5e10, "bf16_in": "fp32"}\n'


def told(monkeypatch, result):
    def run(*_args, **_how):
        if isinstance(result, Exception):
            raise result
        return subprocess.CompletedProcess([], 0, result, "")

    monkeypatch.setattr(doctor.subprocess, "run", run)
    return doctor._products()


def test_a_machine_with_slow_bf16_is_told_in_one_line(monkeypatch):
    (line,) = told(monkeypatch, SLOW)
    assert (line["check"], line["state"]) == ("matrix products, cpu", "note")
    assert "bf16 0.7 GFLOP/s, fp32 50.0 GFLOP/s (old): --precision bf16 is computed in fp32" in line["detail"]


@pytest.mark.parametrize("fault", [subprocess.TimeoutExpired("x", 1.0), subprocess.CalledProcessError(1, "x"), "not"])
def test_what_cannot_be_measured_is_a_fault_and_no_traceback(monkeypatch, fault):
    (line,) = told(monkeypatch, fault)
    assert (line["check"], line["state"]) == ("matrix products", "fault")
