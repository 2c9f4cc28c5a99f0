from __future__ import annotations

import pytest

from adaptx.errors import UsageError
from adaptx.training.settings import ComputeSettings


@pytest.mark.parametrize(
    ("how", "ranks", "trained_share", "stage"),
    [
        (ComputeSettings(), 1, 0.01, 0),
        (ComputeSettings(), 1, 1.0, 0),
        (ComputeSettings(), 2, 0.01, 1),
        (ComputeSettings(), 2, 1.0, 2),
        (ComputeSettings(zero=3), 1, 0.01, 3),
        (ComputeSettings(zero=0), 8, 1.0, 0),
        (ComputeSettings(offload=True), 1, 0.01, 1),
        (ComputeSettings(offload=True), 1, 1.0, 2),
    ],
)
def test_the_default_stage_follows_processes_and_what_is_trained(how, ranks, trained_share, stage):
    assert how.stage(ranks=ranks, trained_share=trained_share) == stage


def test_offload_without_zero_is_refused():
    with pytest.raises(UsageError, match="ZeRO"):
        ComputeSettings(zero=0, offload=True)
