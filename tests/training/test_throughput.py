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


def test_the_peak_is_measured_once():
    assert matmul_peak("cpu", torch.float32, size=64) > 0
    assert matmul_peak("cpu", torch.float32, size=64) == matmul_peak("cpu", torch.float32, size=64)
