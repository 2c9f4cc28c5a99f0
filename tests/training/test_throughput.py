from __future__ import annotations

import pytest
import torch
from torch import nn

from adaptx.training.throughput import Meter, matmul_peak, work_per_token


def test_work_counts_matrices_and_leaves_out_tables_and_biases():
    model = nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 4), nn.Linear(4, 2))
    model[1].requires_grad_(False)
    assert work_per_token(model) == 4 * (32 + 8) + 2 * 8


def test_rates_of_two_windows_add_up():
    first, second = Meter(work=10.0, peak=1000.0), Meter(work=10.0, peak=1000.0)
    assert first.rates() == {}
    with first.step(30, 40):
        pass
    with second.step(30, 60):
        pass
    first.add(second)
    first.seconds = 2.0
    assert first.rates() == pytest.approx({"tokens_per_second": 30.0, "padding": 0.4, "peak_share": 0.3})


def test_the_peak_of_a_device_and_type_is_measured_once_a_process(monkeypatch):
    measured = []

    def made(*shape, device):
        measured.append((shape, device))
        return torch.ones(*shape, device=device)

    monkeypatch.setattr(torch, "randn", made)
    matmul_peak.cache_clear()
    rates = [matmul_peak("cpu", torch.float32, size=64) for _ in range(3)]
    assert len(measured) == 1
    assert rates[0] > 0
    assert rates == rates[:1] * 3
    assert matmul_peak("cpu", torch.bfloat16, size=64) > 0
    assert measured == [((64, 64), "cpu")] * 2
    matmul_peak.cache_clear()


def test_the_peak_is_the_best_of_several_products(monkeypatch):
    clock = iter([0.0, 0.25, 1.0, 1.0625, 2.0, 2.125])  # seconds: the products take 1/4, 1/16 and 1/8
    monkeypatch.setattr("adaptx.model.products.perf_counter", lambda: next(clock))
    matmul_peak.cache_clear()
    assert matmul_peak("cpu", torch.float32, size=64, times=2) == 2 * 64**3 * 16
    matmul_peak.cache_clear()


def test_a_slow_product_is_not_repeated(monkeypatch):
    clock = iter([0.0, 9.0])
    monkeypatch.setattr("adaptx.model.products.perf_counter", lambda: next(clock))
    matmul_peak.cache_clear()
    assert matmul_peak("cpu", torch.float32, size=64, times=20) == 2 * 64**3 / 9
    matmul_peak.cache_clear()


def test_waiting_counts_as_time_of_the_window():
    meter = Meter(work=10.0, peak=1000.0)
    with meter.step(30, 40):
        pass
    meter.seconds = 1.0
    meter.wait(2.0)
    assert meter.rates() == pytest.approx({"tokens_per_second": 10.0, "padding": 0.25, "peak_share": 0.1})
