"""How a run is cut into micro-batches, dealt to processes and sharded changes nothing that it learns, dropout included.

A run that draws other dropout ends 0.3 to 1.3 lengths of its own way apart; rounding alone, below 0.001.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from wet import CONFIGS, KINDS, METHODS, learnt, moved_apart, write_backbone

from adaptx.training import engine
from adaptx.training.launch import launch
from adaptx.training.settings import ComputeSettings

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROUNDING = 1e-3


@pytest.fixture(scope="module")
def refs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backbones")
    return {family: write_backbone(folder / family, family) for family in CONFIGS}


@pytest.fixture(autouse=True)
def _partition_everything(monkeypatch):
    monkeypatch.setattr(engine, "PERSISTENCE_THRESHOLD", 0)


def cpu(micro_tokens: int, zero: int = 0) -> ComputeSettings:
    return ComputeSettings(device="cpu", zero=zero, micro_tokens=micro_tokens)


@pytest.mark.parametrize("kind", KINDS)
def test_micro_batches_change_nothing_that_is_learnt(refs, tmp_path, kind):
    start, whole = learnt(refs["xlm-roberta"], tmp_path / "whole", cpu(10_000), kind)
    for tokens in (150, 30):
        _, cut = learnt(refs["xlm-roberta"], tmp_path / str(tokens), cpu(tokens), kind)
        assert moved_apart(start, whole, cut) < ROUNDING, f"{kind} at {tokens} tokens"


@pytest.mark.parametrize("family", CONFIGS)
def test_no_family_draws_dropout_by_the_micro_batch(refs, tmp_path, family):
    start, whole = learnt(refs[family], tmp_path / "whole", cpu(10_000), method="full")
    _, cut = learnt(refs[family], tmp_path / "cut", cpu(40), method="full")
    assert moved_apart(start, whole, cut) < ROUNDING


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("zero", [1, 3])
def test_no_method_and_no_stage_draws_dropout_by_the_micro_batch(refs, tmp_path, method, zero):
    start, whole = learnt(refs["xlm-roberta"], tmp_path / "whole", cpu(10_000), method=method)
    _, cut = learnt(refs["xlm-roberta"], tmp_path / "cut", cpu(40, zero), method=method)
    assert moved_apart(start, whole, cut) < ROUNDING


def test_dropout_is_on_in_these_runs_and_hangs_on_the_seed_alone(refs, tmp_path, monkeypatch):
    start, one = learnt(refs["xlm-roberta"], tmp_path / "one", cpu(150))
    _, again = learnt(refs["xlm-roberta"], tmp_path / "again", cpu(150))
    assert torch.equal(one, again)
    monkeypatch.setattr("adaptx.training.schedule.Schedule.dropout_seed", lambda _self, step: step)
    _, other = learnt(refs["xlm-roberta"], tmp_path / "other", cpu(150))
    assert moved_apart(start, one, other) > 0.05


@pytest.mark.slow
def test_two_processes_learn_what_one_does_at_every_stage_with_dropout(refs, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parents[1])]))
    for name in (*engine.LAUNCHED, "DS_ACCELERATOR"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(refs["xlm-roberta"].path, tmp_path / "backbone")
    assert launch("pair", ["layouts", str(tmp_path)], ComputeSettings(device="cpu", processes=2)) == 0
    both = json.loads((tmp_path / "rank0.json").read_text())
    assert len(both) == len(KINDS) * 4 - 1
    for kind in KINDS:
        start, alone = learnt(refs["xlm-roberta"], tmp_path / f"alone-{kind}", cpu(150), kind)
        for zero in range(3 if kind == "mlm" else 4):
            found = torch.tensor(both[f"{kind} {zero}"], dtype=torch.float64)
            assert moved_apart(start, alone, found) < ROUNDING, f"{kind}, ZeRO {zero}"
