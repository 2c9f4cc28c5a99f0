"""Small encoders with dropout everywhere, and runs of every kind on them: what they learn may hang on no layout."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from toy import toy_features, toy_job, toy_pairs
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

from adaptx.backbone import BackboneRef, folder_ref
from adaptx.model.forms import NO_TARGET, Feature, heavy_form
from adaptx.model.stack import StackModel, trainable
from adaptx.spec import MethodSpec
from adaptx.tasks.mlm import MLM
from adaptx.training.train import Part, train

if TYPE_CHECKING:
    from adaptx.training.settings import ComputeSettings

WET = {"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.2}
BERT_LIKE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
COMMON = {"vocab_size": 64, "pad_token_id": 1, "max_position_embeddings": 40}
DEBERTA = {"relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"], "conv_kernel_size": 3}
CONFIGS = {
    "xlm-roberta": {**BERT_LIKE, **COMMON, **WET, "type_vocab_size": 1},
    "deberta-v2": {**BERT_LIKE, **COMMON, **WET, **DEBERTA},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, **COMMON, "attention_dropout": 0.2},
    "xlnet": {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48, "vocab_size": 64, "dropout": 0.2},
}
METHODS = {
    "lora": MethodSpec(name="lora", version=1, parameters={"rank": 4, "dropout": 0.2}),
    "bottleneck": MethodSpec(name="bottleneck", version=1, parameters={"reduction": 4.0, "dropout": 0.2}),
    "full": MethodSpec(name="full", version=1),
}
LABELS = ("a", "b", "c")
KINDS = ("classification", "choice", "contrastive", "mixture", "mlm")


def write_backbone(folder: Path, family: str) -> BackboneRef:
    """Write a random encoder; XLNet's tokenizer pads on the left, as its own does."""
    words = ["<s>", "<pad>", "</s>", "<unk>", *(f"w{index}" for index in range(60))]
    core = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    roles = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    side = "left" if family == "xlnet" else "right"
    PreTrainedTokenizerFast(tokenizer_object=core, padding_side=side, **roles).save_pretrained(folder)
    torch.manual_seed(0)
    AutoModel.from_config(AutoConfig.for_model(family, **CONFIGS[family])).save_pretrained(folder)
    return folder_ref(folder, name=f"wet-{family}")


def task(form: str) -> SimpleNamespace:
    return SimpleNamespace(
        name=form, base=form, form=form, labels=LABELS, range=None, fields={"text": True}, trains_on=(form,)
    )


def questions(count: int = 24) -> list[Feature]:
    """Bundles of two to four options of uneven length, the first of which is right."""
    rows = toy_features(4 * count, seed=2)
    sizes = [2 + number % 3 for number in range(count)]
    return [Feature(n, (), None, (0,), pieces=tuple(rows[4 * n : 4 * n + size])) for n, size in enumerate(sizes)]


def masked(count: int = 20) -> list[Feature]:
    """Lines of which every third token is to be guessed."""
    lines = toy_features(count, seed=1)
    targets = [tuple(i if place % 3 == 0 else NO_TARGET for place, i in enumerate(line.ids)) for line in lines]
    return [
        Feature(n, line.ids, None, target, float(sum(value != NO_TARGET for value in target)))
        for n, (line, target) in enumerate(zip(lines, targets, strict=True))
    ]


PARTS = {
    "classification": [("classification", toy_features)],
    "choice": [("choice", questions)],
    "contrastive": [("retrieval", toy_pairs)],
    "mixture": [("classification", toy_features), ("choice", questions)],
    "mlm": [("classification", toy_features), ("mlm", masked)],
}


def learnt(
    ref: BackboneRef, folder: Path, how: ComputeSettings, kind: str = "classification", method: str = "lora"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Train a few steps; return all trained weights before and after, in float64."""
    names = [form for form, _ in PARTS[kind]]
    first, *others = [MLM if name == "mlm" else task(name) for name in names]
    model = trainable(ref, (), METHODS[method], first, precision="fp32", seed=0, device="cpu", others=others)
    before = trained(model)
    parts = [Part(form=heavy_form(name), features=features()) for name, features in PARTS[kind]]
    plan = {"epochs": 1.0, "lr": 1e-3, "evaluations": 1}
    train(toy_job(folder, model=model, how=how, parts=parts, plan=plan), lambda _: None)
    return before, trained(model)


def trained(model: StackModel) -> torch.Tensor:
    """Return what is trained, but for a bias that a softmax over options does not see: Adam drives it by rounding."""
    names = sorted(model.trainable_names() - {"head.out.bias", "head.1.out.bias"})
    parameters = dict(model.named_parameters())
    return torch.cat([parameters[name].detach().double().flatten() for name in names])


def moved_apart(start: torch.Tensor, one: torch.Tensor, other: torch.Tensor) -> float:
    """Return how far two runs ended apart, in lengths of the way that the first went."""
    return float((one - other).norm() / (one - start).norm())
