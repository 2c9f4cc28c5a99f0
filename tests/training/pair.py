"""One of several processes that train the toy together; started from test_pair.py."""

import json
import signal
import sys
import time
from pathlib import Path

import torch
from toy import Toy, toy_job, toy_pairs
from wet import KINDS, learnt

from adaptx.backbone import folder_ref
from adaptx.errors import Interrupted
from adaptx.model.forms.retrieval import RetrievalModelForm
from adaptx.training import engine
from adaptx.training.settings import ComputeSettings
from adaptx.training.train import Part, train


def values(model: torch.nn.Module) -> list[float]:
    """Return all weights as plain numbers."""
    return torch.cat([p.detach().flatten() for _, p in sorted(model.named_parameters())]).tolist()


def without_dropout(folder: Path, zero: int) -> list[float]:
    """Train with dropout 0, which makes the number of processes irrelevant."""
    how = ComputeSettings(device="cpu", processes=2, zero=zero, micro_tokens=60)
    job = toy_job(folder, model=Toy(dropout=0.0), how=how)
    train(job, lambda _: None)
    return values(job.model)


def contrastive(folder: Path) -> None:
    """Train pairs, each against the effective batch of both processes."""
    found = {}
    for zero in range(4):
        how = ComputeSettings(device="cpu", processes=2, zero=zero, micro_tokens=60)
        job = contrast_job(folder / str(zero), how)
        train(job, lambda _: None)
        found[zero] = values(job.model)
    (folder / f"rank{engine.join(how).rank}.json").write_text(json.dumps(found))


def contrast_job(folder: Path, how: ComputeSettings):
    """Return a few steps on pairs, without dropout, so that the number of processes is irrelevant."""
    parts = [Part(form=RetrievalModelForm(), features=toy_pairs())]
    return toy_job(folder, model=Toy(dropout=0.0), how=how, parts=parts, plan={"epochs": 1.0, "lr": 1e-3})


def layouts(folder: Path) -> None:
    """Train with dropout, every kind of run at every stage that it can have."""
    ref = folder_ref(folder / "backbone", name="wet")
    found = {}
    for kind in KINDS:
        for zero in range(3 if kind == "mlm" else 4):  # its head shares the embeddings, which stage 3 cuts apart
            how = ComputeSettings(device="cpu", processes=2, zero=zero, micro_tokens=60)
            found[f"{kind} {zero}"] = learnt(ref, folder / f"{kind}{zero}", how, kind)[1].tolist()
    (folder / f"rank{engine.join(how).rank}.json").write_text(json.dumps(found))


def learn(folder: Path, zero: int, *, offload: bool, steps: int | None = None) -> bytes:
    """Train; with ``steps``, stop after so many (rank 0 alone hears of it) and go on from the checkpoint."""
    how = ComputeSettings(device="cpu", processes=2, zero=zero, offload=offload, micro_tokens=60)

    def stop(entry):
        if entry["step"] == steps:
            signal.raise_signal(signal.SIGTERM)

    if steps:
        try:
            train(toy_job(folder, how=how), stop)
        except Interrupted:
            pass
        else:
            sys.exit("the signal was not heard")
    job = toy_job(folder, how=how)
    train(job, lambda _: None)
    return job.model.bytes()


def every_stage(folder: Path) -> None:
    """Train at every stage, whole and interrupted, and compare the ranks."""
    group = engine.join(ComputeSettings(device="cpu", processes=2))
    found = {}
    for zero, offload in ((0, False), (1, False), (2, False), (3, False), (2, True)):
        place = folder / f"{zero}{offload}"
        whole = learn(place / "whole", zero, offload=offload)
        resumed = learn(place / "cut", zero, offload=offload, steps=15)
        found[f"{zero} {offload}"] = {
            "weights": None if offload else without_dropout(place / "exact", zero),
            "resumed_equal": resumed == whole,
            "ranks_equal": group.agree(whole) == whole,
        }
    (folder / f"rank{group.rank}.json").write_text(json.dumps(found))
    print("a line that belongs on stderr")  # noqa: T201 - that is the point


def until_stopped(folder: Path) -> None:
    """Train slowly for long, so that a signal comes in between."""
    how = ComputeSettings(device="cpu", processes=2, micro_tokens=60)

    def slowly(entry):
        if entry["step"] > 0:  # before the first step there is nothing that a checkpoint could hold
            (folder / "begun").touch()
        time.sleep(0.02)

    try:
        train(toy_job(folder / "work", how=how, plan={"epochs": 400.0}), slowly)
    except Interrupted as stop:
        (folder / "stopped").write_text(str(stop))
        sys.exit(int(stop.exit_code))


if __name__ == "__main__":
    engine.PERSISTENCE_THRESHOLD = 0
    told = {"every_stage": every_stage, "until_stopped": until_stopped, "contrastive": contrastive}
    told |= {"layouts": layouts}
    told[sys.argv[1]](Path(sys.argv[2]))
