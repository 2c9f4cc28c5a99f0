"""What a bf16 stack is computed in follows from one measurement per machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch

from adaptx.model import products
from adaptx.model.products import Products, choose_dtype, measure_products


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    measure_products.cache_clear()
    yield
    measure_products.cache_clear()


def measured(monkeypatch, bf16: float, fp32: float) -> list[torch.dtype]:
    """Let the machine have these rates; returns what was measured."""
    seen: list[torch.dtype] = []

    def rate(_device, dtype, _size, _times):
        seen.append(dtype)
        return bf16 if dtype == torch.bfloat16 else fp32

    monkeypatch.setattr(products, "product_rate", rate)
    return seen


@pytest.mark.parametrize(("bf16", "fp32", "expected"), [(1.0, 50.0, "fp32"), (99.0, 100.0, "fp32"), (4.0, 1.0, "bf16")])
def test_bf16_is_computed_in_fp32_where_its_products_are_slower(monkeypatch, bf16, fp32, expected):
    measured(monkeypatch, bf16, fp32)
    assert choose_dtype("bf16", "auto", "cpu") == expected


def test_a_choice_of_ones_own_measures_nothing_and_never_goes_below_the_precision(monkeypatch):
    seen = measured(monkeypatch, 1.0, 50.0)
    asked = [choose_dtype(precision, dtype, "cpu") for precision in ("bf16", "fp32") for dtype in ("bf16", "fp32")]
    assert asked == ["bf16", "fp32", "fp32", "fp32"]
    assert choose_dtype("fp32", "auto", "cpu") == "fp32"
    assert seen == []


def test_a_machine_is_measured_once_and_another_again(monkeypatch):
    seen = measured(monkeypatch, 1.0, 50.0)
    assert measure_products("cpu") == Products(bf16=1.0, fp32=50.0)
    measure_products.cache_clear()  # a new process
    measured(monkeypatch, 7.0, 2.0)
    assert measure_products("cpu") == Products(bf16=1.0, fp32=50.0)
    assert seen == [torch.bfloat16, torch.float32]
    measure_products.cache_clear()
    monkeypatch.setattr(products, "_machine", lambda kind: f"another {kind}")
    assert measure_products("cpu") == Products(bf16=7.0, fp32=2.0)
    assert len(json.loads(products._cache_file().read_text())) == 2


@pytest.mark.parametrize("damage", ["{", "[1]", '{"x": 1}', '{"x": {"bf16": 1}}', ""])
def test_a_damaged_cache_is_measured_anew(monkeypatch, damage):
    path = products._cache_file()
    path.parent.mkdir(parents=True)
    path.write_text(damage)
    measured(monkeypatch, 1.0, 50.0)
    assert measure_products("cpu") == Products(bf16=1.0, fp32=50.0)
    assert len(json.loads(path.read_text())) == 1


def test_a_home_that_cannot_be_written_to_costs_a_measurement_and_no_more(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    measured(monkeypatch, 1.0, 50.0)
    assert choose_dtype("bf16", "auto", "cpu") == "fp32"


def test_the_machine_prints_a_line_of_json_for_each_device(tmp_path):
    command = [sys.executable, "-m", "adaptx.model.products"]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=300, check=True)
    first = json.loads(done.stdout.splitlines()[0])
    assert first["device"] == "cpu"
    assert first["bf16"] > 0
    assert first["bf16_in"] == ("bf16" if first["bf16"] >= first["fp32"] else "fp32")
