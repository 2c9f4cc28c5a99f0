"""bf16 is a floor: computed in bf16 or in fp32, a stack has one id and decides alike."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from adaptx.execution.job import Job
from adaptx.execution.make import make
from adaptx.model.stack import TrainedLayer, stack_for_evaluation, trainable
from adaptx.planning.choices import Choices, PerTask
from adaptx.planning.planner import plan_all
from adaptx.planning.request import Request, steps_of
from adaptx.store import Store, StoreView
from adaptx.tables import read_rows
from adaptx.training.settings import ComputeSettings

pytestmark = pytest.mark.slow

ROWS = "mini:train=320,dev=40,test=250"
LANGUAGES = ("en", "de", "zh", "ar")


def request(method: str) -> Request:
    choices = Choices(
        source=ROWS,
        backbone="nano",
        precision="bf16",
        method=method,
        languages=LANGUAGES,
        max_length=PerTask(64),
        epochs=PerTask(2.0),
        lr=PerTask(2e-3 if method != "full" else 2e-4),
        batch=PerTask(16),
    )
    return Request(choices=choices, names=("mnli", "xnli"))


def made(store: Store, method: str, dtype: str) -> list[str]:
    planned = plan_all([request(method)], store)
    make(planned, StoreView(store), Job(how=ComputeSettings(device="cpu", compute_dtype=dtype), keep="all"))
    return list(steps_of(planned))


def shares(one: Store, two: Store) -> list[float]:
    """Per cell the share of rows decided alike."""
    found = []
    for record in one.all("eval"):
        pair = zip(*(read_rows(s.get(record.id).path / "predictions.parquet") for s in (one, two)), strict=True)
        alike = [left["prediction"] == right["prediction"] for left, right in pair]
        found.append(sum(alike) / len(alike))
    return found


@pytest.mark.parametrize("method", ["lora", "bottleneck", "full"])
def test_both_computations_of_a_trained_stack_decide_alike_under_one_id(tmp_path: Path, method: str) -> None:
    narrow, wide = Store(tmp_path / "narrow"), Store(tmp_path / "wide")
    ids = made(narrow, method, "bf16")
    for record in narrow.all("train"):
        shutil.copytree(record.path, wide.root / record.path.relative_to(narrow.root))
    assert made(wide, method, "fp32") == ids
    assert {record.manifest["how"]["compute_dtype"] for record in narrow.all()} == {"bf16"}
    assert {record.manifest["how"]["compute_dtype"] for record in wide.all("eval")} == {"fp32"}
    agreed = shares(narrow, wide)
    assert len(agreed) == len(LANGUAGES)
    assert sum(agreed) / len(agreed) >= 0.99, agreed


def test_both_computations_train_under_one_id_to_nearly_the_same_stack(tmp_path: Path) -> None:
    narrow, wide = Store(tmp_path / "narrow"), Store(tmp_path / "wide")
    assert made(narrow, "lora", "bf16") == made(wide, "lora", "fp32")
    facts = [next(store.all("train")).manifest["facts"] for store in (narrow, wide)]
    assert [one["computed_in"] for one in facts] == ["bf16", "fp32"]
    assert facts[0]["frozen_fingerprint"] == facts[1]["frozen_fingerprint"], "both rounded the same backbone"
    agreed = shares(narrow, wide)
    assert sum(agreed) / len(agreed) >= 0.95, agreed


@pytest.mark.parametrize("method", ["lora", "bottleneck", "full"])
def test_what_is_computed_in_fp32_holds_frozen_weights_rounded_to_bf16(tmp_path: Path, method: str) -> None:
    store = Store(tmp_path / "runs")
    made(store, method, "fp32")
    (planned,) = plan_all([request(method)], store)
    step = planned.plan.layers[0]
    layer = TrainedLayer(id=step.id, path=store.get(step.id).path, method=step.spec.method, task=step.task.name)
    how = {"precision": "bf16", "device": "cpu", "compute_dtype": "fp32"}
    above = trainable(planned.backbone, [layer], layer.method, step.task, seed=0, **how)
    for model in (above, stack_for_evaluation(planned.backbone, [layer], step.task, **how)):
        still = {name: p for name, p in model.encoder.named_parameters() if not p.requires_grad}
        assert all(p.dtype == torch.float32 for p in model.parameters())
        rounded = [name for name, p in still.items() if torch.equal(p, p.bfloat16().float())]
        assert rounded == list(still) or method == "full", "full is fp32 under autocast, and fp32 without it"
