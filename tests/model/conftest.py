"""Tiny random backbones of every supported family, a form of ten lines, and committed layers made from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

from adaptx.backbone import BackboneRef, folder_ref
from adaptx.families import FAMILIES
from adaptx.methods import method_named, method_names
from adaptx.model.forms import Batch
from adaptx.model.forms.heads import Head
from adaptx.model.stack import StackModel, TrainedLayer, stack_for_evaluation, trainable

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

BERT_LIKE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
COMMON = {"vocab_size": 40, "pad_token_id": 1, "max_position_embeddings": 40}
DEBERTA = {"relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"], "share_att_key": True}
CONFIGS: dict[str, dict[str, Any]] = {
    **{name: {**BERT_LIKE, **COMMON} for name in FAMILIES},
    "deberta-v2": {**BERT_LIKE, **COMMON, **DEBERTA, "norm_rel_ebd": "layer_norm", "position_biased_input": False},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, **COMMON},
    "electra": {**BERT_LIKE, **COMMON, "embedding_size": 16},
    "rembert": {**BERT_LIKE, **COMMON, "input_embedding_size": 16},
    "xlm-roberta": {**BERT_LIKE, **COMMON, "type_vocab_size": 1},
    "xlnet": {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48, "vocab_size": 40, "pad_token_id": 1},
}
SMALL: dict[str, dict[str, Any]] = {"lora": {"rank": 4}, "bottleneck": {"reduction": 4.0}}
METHODS = {name: method_named(name).spec(SMALL.get(name, {})) for name in method_names()}


def tokenizer() -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["<s>", "<pad>", "</s>", "<unk>", *(f"w{index}" for index in range(36))]
    core = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def write_backbone(folder: Path, model_type: str, **changes: Any) -> BackboneRef:
    """Write a random encoder of a family, with its pooler where it has one, as the hub has them."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(model_type, **{**CONFIGS[model_type], **changes})
    AutoModel.from_config(config).save_pretrained(folder, safe_serialization=True)
    tokenizer().save_pretrained(folder)
    return folder_ref(folder, name=f"tiny-{model_type}")


class MeanHead(Head):
    """Logits of the mean token; enough of a head to train."""

    def __init__(self, hidden: int, labels: int) -> None:
        super().__init__()
        self.out = nn.Linear(hidden, labels)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return self.out(states.float().mean(dim=1))


class MeanForm:
    name = "classification"

    def head(self, hidden_size: int, task: Task, *, summary: int) -> nn.Module:  # noqa: ARG002
        return MeanHead(hidden_size, len(task.labels))

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        return nn.functional.cross_entropy(output, batch.targets[:, 0], reduction="sum")


class Tiny:
    """Everything small: backbones by family, tasks, batches, trained and committed layers."""

    configs = CONFIGS
    methods = METHODS

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, BackboneRef] = {}

    def ref(self, model_type: str) -> BackboneRef:
        if model_type not in self.made:
            self.made[model_type] = write_backbone(self.folder / model_type, model_type)
        return self.made[model_type]

    def task(self, name: str, labels: tuple[str, ...] = ("yes", "no", "maybe"), form: str = "classification") -> Task:
        given: Any = SimpleNamespace(
            name=name, base=name, form=form, labels=labels, fields={"text": True}, trains_on=(name,), version=1
        )
        return given

    def batch(self, rows: int = 3, tokens: int = 9, seed: int = 0) -> Batch:
        generator = torch.Generator().manual_seed(seed)
        ids = torch.randint(4, 40, (rows, tokens), generator=generator)
        mask = torch.ones_like(ids)
        ids[0, -3:], mask[0, -3:] = 1, 0
        targets = torch.arange(rows)[:, None] % 3
        return Batch(input_ids=ids, attention_mask=mask, token_type_ids=None, weights=torch.ones(rows), targets=targets)

    def fresh(
        self,
        method: str,
        below: Sequence[TrainedLayer] = (),
        *,
        family: str = "xlm-roberta",
        task: str = "a",
        **how: Any,
    ) -> StackModel:
        """Return a stack to train; ``how`` overrides precision and seed."""
        settings = {"precision": "fp32", "seed": 0, **how}
        return trainable(self.ref(family), below, METHODS[method], self.task(task), device="cpu", **settings)

    def evaluated(self, layers: Sequence[TrainedLayer], *, family: str = "xlm-roberta", **how: Any) -> StackModel:
        how = {"precision": "fp32", **how}
        return stack_for_evaluation(self.ref(family), layers, self.task("a"), device="cpu", **how)

    def train(self, model: StackModel, steps: int = 3, lr: float = 0.05) -> None:
        """Take a few steps, large enough to move every trained matrix off its start."""
        wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(wanted, lr=lr)
        model.train()
        for step in range(steps):
            batch = self.batch(seed=step)
            model.form.loss(model(batch), batch).backward()
            optimizer.step()
            optimizer.zero_grad()
        model.eval()

    def commit(self, model: StackModel, folder: Path) -> TrainedLayer:
        """Write a layer as the store would: the model's own files and the spec that names the backbone."""
        folder.mkdir(parents=True)
        model.save(folder)
        (folder / "spec.json").write_text(json.dumps({"backbone": model.ref.revision}), encoding="utf-8")
        return TrainedLayer(id=f"{folder.name}-0123456789ab", path=folder, method=model.spec, task=model.task.name)

    def layer(self, method: str, folder: Path, below: Sequence[TrainedLayer] = (), **how: Any) -> TrainedLayer:
        """Train and commit one layer."""
        model = self.fresh(method, below, task=folder.name, **how)
        self.train(model)
        return self.commit(model, folder)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return Tiny(tmp_path_factory.mktemp("backbones"))


@pytest.fixture(autouse=True)
def ten_line_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adaptx.model.stack.heavy_form", lambda _name: MeanForm())
