"""The loop on real stacks: a tiny XLM-R with every method, above a committed layer."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from toy import toy_features, toy_job
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from adaptx.backbone import folder_ref
from adaptx.model.forms.collate import collate
from adaptx.model.stack import TrainedLayer, stack_for_evaluation, trainable
from adaptx.spec import MethodSpec
from adaptx.training import engine
from adaptx.training.checkpoint import FILE
from adaptx.training.settings import ComputeSettings
from adaptx.training.train import train

pytestmark = pytest.mark.slow

METHODS = {
    "lora": MethodSpec(name="lora", version=1, parameters={"rank": 4}),
    "bottleneck": MethodSpec(name="bottleneck", version=1, parameters={"reduction": 4.0}),
    "full": MethodSpec(name="full", version=1),
}
TASK = SimpleNamespace(
    name="toy",
    base="toy",
    form="classification",
    labels=("a", "b", "c"),
    range=None,
    fields={"text": True},
    trains_on=(),
)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backbone")
    words = ["<s>", "<pad>", "</s>", "<unk>", *(f"w{index}" for index in range(60))]
    core = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    names = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=core, **names).save_pretrained(folder)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    torch.manual_seed(0)
    config = XLMRobertaConfig(vocab_size=64, max_position_embeddings=40, type_vocab_size=1, pad_token_id=1, **sizes)
    XLMRobertaModel(config).save_pretrained(folder)
    return folder_ref(folder, name="tiny")


def fresh(backbone, method, below=(), precision="fp32"):
    return trainable(backbone, below, METHODS[method], TASK, precision=precision, seed=0, device="cpu")


def learnt(model, folder, zero=0, **changes):
    how = ComputeSettings(device="cpu", zero=zero, micro_tokens=150)
    job = toy_job(folder, model=model, how=how, plan={"epochs": 1.0, "lr": 1e-3, "evaluations": 1}, **changes)
    outcome = train(job, lambda _: None)
    return {name: p.detach().clone() for name, p in model.named_parameters()}, outcome


def distance(left, right):
    """Return the Euclidean distance of two models."""
    return sum(float((left[name].double() - right[name].double()).square().sum()) for name in left) ** 0.5


def committed(model, folder):
    """Write a layer as the store lays it out."""
    folder.mkdir()
    model.save(folder)
    (folder / "spec.json").write_text(json.dumps({"backbone": model.ref.revision}), encoding="utf-8")
    return TrainedLayer(id="0123456789ab", path=folder, method=model.spec, task="toy")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("method", METHODS)
def test_every_stage_trains_a_stack_alike_and_moves_only_its_top(backbone, tmp_path, monkeypatch, method, precision):
    monkeypatch.setattr(engine, "PERSISTENCE_THRESHOLD", 0)
    lower = fresh(backbone, method, precision=precision)
    learnt(lower, tmp_path / "lower-work")
    layer = committed(lower, tmp_path / "lower")
    found = {}
    for zero in (0, 1, 2, 3):
        model = fresh(backbone, method, [layer], precision)
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        found[zero], outcome = learnt(model, tmp_path / str(zero), zero)
        moved = {name for name, value in found[zero].items() if not torch.equal(value, before[name])}
        assert moved <= model.trainable_names()
        assert len(moved) > 0.8 * len(model.trainable_names())
        assert outcome.facts["zero_stage"] == zero
    # Stages 0 to 2 round alike. Stage 3 does in fp32 alone: under bf16 single elements with next to no gradient differ.
    way = distance(found[0], before)
    for zero in (1, 2, 3):
        assert distance(found[zero], found[0]) <= (0.05 if zero == 3 and precision == "bf16" else 1e-4) * way


@pytest.mark.parametrize("zero", [0, 3])
def test_what_is_saved_after_training_is_what_was_trained(backbone, tmp_path, monkeypatch, zero):
    monkeypatch.setattr(engine, "PERSISTENCE_THRESHOLD", 0)
    model = fresh(backbone, "lora")
    learnt(model, tmp_path / "work", zero)
    again = stack_for_evaluation(backbone, [committed(model, tmp_path / "layer")], TASK, precision="fp32", device="cpu")
    batch = collate(toy_features(8), model.tokenizer)
    with torch.inference_mode():
        torch.testing.assert_close(again(batch), model(batch), atol=1e-5, rtol=0)


@pytest.mark.parametrize("zero", [0, 1, 2, 3])
def test_dev_evaluation_in_inference_mode_does_not_disturb_training(backbone, tmp_path, monkeypatch, zero):
    monkeypatch.setattr(engine, "PERSISTENCE_THRESHOLD", 0)

    def run(folder, *, evaluated):
        model = fresh(backbone, "lora")
        batch = collate(toy_features(8), model.tokenizer)

        def score():
            with torch.inference_mode():
                return float(model(batch).mean())

        plan = {"epochs": 2.0, "lr": 1e-3, "evaluations": 4, "select": "last"}
        how = ComputeSettings(device="cpu", zero=zero, micro_tokens=150)
        job = toy_job(folder, model=model, how=how, plan=plan, evaluate_dev=score if evaluated else None)
        train(job, lambda _: None)
        return {name: p.detach().clone() for name, p in model.named_parameters()}

    plain, watched = run(tmp_path / "plain", evaluated=False), run(tmp_path / "watched", evaluated=True)
    assert all(torch.equal(plain[name], watched[name]) for name in plain)


def test_the_resume_file_of_an_adapter_does_not_hold_the_backbone(backbone, tmp_path):
    model = fresh(backbone, "lora")
    learnt(model, tmp_path, evaluate_dev=lambda: 0.5)
    trained = sum(p.numel() * 4 for p in model.parameters() if p.requires_grad)
    assert (tmp_path / FILE).stat().st_size <= 5 * trained + 1_000_000
