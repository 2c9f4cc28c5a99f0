"""The loop in one process, at every ZeRO stage."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toy import Toy, toy_job

from adaptx.errors import AdaptxError, Exit, Interrupted
from adaptx.training import engine
from adaptx.training.checkpoint import FILE
from adaptx.training.settings import ComputeSettings
from adaptx.training.train import train

HERE = Path(__file__).parent
MANNERS = [(0, False), (1, False), (2, False), (3, False), (1, True), (2, True), (3, True)]


def silent(entry):
    """Progress that nobody watches."""


@pytest.fixture(autouse=True)
def _partition_everything(monkeypatch):
    """ZeRO-3 leaves small parameters whole by default, which would hide what reads empty."""
    monkeypatch.setattr(engine, "PERSISTENCE_THRESHOLD", 0)


def manner(zero, offload=False, micro_tokens=100):
    return ComputeSettings(device="cpu", zero=zero, offload=offload, micro_tokens=micro_tokens)


def weights_of(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    job = toy_job(tmp_path_factory.mktemp("reference"))
    train(job, silent)
    return job.model.bytes()


@pytest.mark.parametrize(("zero", "offload"), MANNERS)
def test_every_stage_learns_the_same_and_leaves_the_frozen_part_alone(tmp_path, reference, zero, offload):
    job = toy_job(tmp_path, how=manner(zero, offload))
    lower = job.model.lower.weight.clone()
    outcome = train(job, silent)
    assert outcome.facts["zero_stage"] == zero
    assert torch.equal(job.model.lower.weight, lower)
    assert all(p.numel() for p in job.model.parameters())
    if offload:  # another AdamW kernel
        other = torch.frombuffer(bytearray(reference), dtype=torch.float32)
        mine = torch.frombuffer(bytearray(job.model.bytes()), dtype=torch.float32)
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=0)
    else:
        assert job.model.bytes() == reference


def test_the_loss_falls(tmp_path):
    log = train(toy_job(tmp_path, plan={"epochs": 20.0}), silent).log
    assert log[-1]["loss"] < 0.5 * log[0]["loss"]


@pytest.mark.parametrize("zero", [0, 1, 2, 3])
def test_uneven_micro_batches_equal_one_big_batch(tmp_path, zero):
    jobs = [
        toy_job(tmp_path / str(tokens), model=Toy(dropout=0.0), how=manner(zero, micro_tokens=tokens))
        for tokens in (10_000, 37)
    ]
    for job in jobs:
        train(job, silent)
    torch.testing.assert_close(weights_of(jobs[0].model), weights_of(jobs[1].model), atol=1e-6, rtol=0)


def test_frozen_bf16_weights_stay_bf16_and_what_is_trained_stays_fp32(tmp_path):
    job = toy_job(tmp_path, model=Toy(frozen=torch.bfloat16), precision="bf16")
    train(job, silent)
    assert job.model.lower.weight.dtype == torch.bfloat16
    assert job.model.head.weight.dtype == torch.float32


def stop_at(step):
    """Progress that sends this process a signal after a step, once."""
    sent = []

    def progress(entry):
        if entry["step"] == step and not sent:
            sent.append(os.kill(os.getpid(), signal.SIGTERM))

    return progress


@pytest.mark.parametrize(("zero", "offload"), MANNERS)
def test_an_interrupted_run_resumes_to_the_same_bits(tmp_path, zero, offload):
    def dev_scores():
        scores = iter([0.7, 0.2])
        return lambda: next(scores)

    whole = toy_job(tmp_path / "whole", how=manner(zero, offload), evaluate_dev=dev_scores())
    expected = train(whole, silent)
    cut = toy_job(tmp_path / "cut", how=manner(zero, offload), evaluate_dev=dev_scores())
    with pytest.raises(Interrupted):
        train(cut, stop_at(15))
    again = toy_job(tmp_path / "cut", how=manner(zero, offload), evaluate_dev=lambda: 0.2)
    outcome = train(again, silent)
    assert outcome.facts["resumed_at"] == 15
    assert again.model.bytes() == whole.model.bytes()
    assert outcome.best == expected.best == {"step": 12, "score": 0.7}


def test_a_signal_leaves_a_checkpoint_of_bounded_size_and_exit_code_130(tmp_path):
    job = toy_job(tmp_path, evaluate_dev=lambda: 0.5)
    with pytest.raises(Interrupted) as caught:
        train(job, stop_at(13))
    assert caught.value.exit_code == Exit.INTERRUPTED == 130
    trained = sum(p.numel() * 4 for p in job.model.parameters() if p.requires_grad)
    assert 3 * trained < (tmp_path / FILE).stat().st_size <= 5 * trained + 1_000_000
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_the_best_dev_score_is_kept_and_the_earliest_of_equal_ones(tmp_path):
    seen = []
    scores = iter([0.1, 0.5, 0.5, 0.3])
    model = Toy()

    def score():
        seen.append(weights_of(model))
        return next(scores)

    outcome = train(toy_job(tmp_path, model=model, evaluate_dev=score, plan={"evaluations": 4}), silent)
    assert outcome.best == {"step": 12, "score": 0.5}
    assert torch.equal(weights_of(model), seen[1])
    assert [entry["dev"] for entry in outcome.log if "dev" in entry] == [0.1, 0.5, 0.5, 0.3]


def test_the_last_weights_are_kept_where_the_page_asks_for_them(tmp_path):
    seen = []
    scores = iter([0.9, 0.1])
    model = Toy()

    def score():
        seen.append(weights_of(model))
        return next(scores)

    train(toy_job(tmp_path, model=model, evaluate_dev=score, plan={"select": "last"}), silent)
    assert torch.equal(weights_of(model), seen[-1])


def test_dev_is_scored_without_dropout_and_training_goes_on_with_it(tmp_path):
    modes = []
    job = toy_job(tmp_path, evaluate_dev=lambda: modes.append(job.model.training) or 0.0)
    watch = []
    job.model.dropout.register_forward_hook(lambda module, *_: watch.append(module.training))
    train(job, silent)
    assert modes == [False, False]
    assert all(watch)
    assert not job.model.training


def test_a_frozen_tensor_that_moves_is_an_error(tmp_path):
    def meddle():
        with torch.no_grad():
            job.model.lower.weight += 1
        return 0.5

    job = toy_job(tmp_path, evaluate_dev=meddle)
    with pytest.raises(AdaptxError, match="frozen tensor changed"):
        train(job, silent)


def test_a_trainable_set_that_is_not_the_declared_one_is_an_error(tmp_path):
    job = toy_job(tmp_path)
    job.model.lower.weight.requires_grad_(True)
    with pytest.raises(AdaptxError, match=r"trainable set is wrong.*lower\.weight"):
        train(job, silent)


def test_a_loss_that_is_not_finite_is_an_error(tmp_path):
    job = toy_job(tmp_path)
    with torch.no_grad():
        job.model.head.weight.fill_(float("nan"))
    with pytest.raises(AdaptxError, match="loss is nan"):
        train(job, silent)


def test_nothing_to_train_on_is_an_error(tmp_path):
    with pytest.raises(AdaptxError, match="nothing to train on"):
        train(toy_job(tmp_path, features=[]), silent)


def test_progress_tells_what_a_live_view_shows(tmp_path):
    told = []
    outcome = train(toy_job(tmp_path, evaluate_dev=lambda: 0.5), told.append)
    assert told[0]["trained"] == sum(p.numel() for p in Toy().parameters() if p.requires_grad)
    entry = next(entry for entry in told if "loss" in entry)
    shown = {"step", "steps", "loss", "lr", "tokens_per_second", "padding", "peak_share", "eta_seconds"}
    assert shown <= entry.keys()
    assert outcome.facts["tokens_per_second"] > 0
    assert 0 <= outcome.facts["padding"] < 0.3


def test_the_random_state_of_the_caller_is_left_alone(tmp_path):
    job = toy_job(tmp_path)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(job, silent)
    assert torch.equal(torch.rand(3), expected)


def run(script, tmp_path, **environment):
    command = [sys.executable, "-W", "ignore", str(HERE / script), str(tmp_path)]
    kept = {name: value for name, value in os.environ.items() if name not in ("DS_ACCELERATOR", *engine.LAUNCHED)}
    return subprocess.run(
        command, env={**kept, **environment}, capture_output=True, text=True, timeout=300, check=False
    )


def test_one_process_needs_no_compiler_and_prints_nothing_on_stdout(tmp_path, reference):
    empty = tmp_path / "bin"
    empty.mkdir()
    done = run("alone.py", tmp_path, PATH=str(empty), CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert (tmp_path / "weights").read_bytes() == reference


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_with_the_same_bits(tmp_path, reference):
    done = run("killed.py", tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["kills"] >= 5, report
    assert (tmp_path / "weights").read_bytes() == reference, report
