"""A model small enough to train in milliseconds, with what it needs of a stack: frozen, trained, dropout."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn

from adaptx.model.dropout import replace_dropout
from adaptx.model.forms import Feature
from adaptx.model.forms.classification import ClassificationModelForm
from adaptx.spec import Optimisation
from adaptx.training.settings import ComputeSettings
from adaptx.training.train import Part, TrainJob

WORDS, WIDTH, LABELS = 60, 16, 3


class Toy(nn.Module):
    """Embeddings and a lower layer, frozen; above them a low-rank pair, a LayerNorm and a head, trained."""

    def __init__(self, seed: int = 0, *, dropout: float = 0.1, frozen: torch.dtype = torch.float32) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.words = nn.Embedding(WORDS, WIDTH)
        self.lower = nn.Linear(WIDTH, WIDTH)
        self.down = nn.Linear(WIDTH, 4, bias=False)
        self.up = nn.Linear(4, WIDTH, bias=False)
        self.norm = nn.LayerNorm(WIDTH)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(WIDTH, LABELS)
        for module in (self.words, self.lower):
            module.to(frozen).requires_grad_(False)
        replace_dropout(self)
        self.tokenizer = SimpleNamespace(padding_side="right", pad_token_id=0, pad_token_type_id=0)

    def forward(self, batch):
        hidden = torch.tanh(self.lower(self.words(batch.input_ids))).float()
        hidden = self.norm(hidden + self.up(self.dropout(self.down(hidden))))
        mask = batch.attention_mask[..., None].float()
        return self.head((hidden * mask).sum(1) / mask.sum(1))

    def trainable_names(self):
        return {name for name, p in self.named_parameters() if not name.startswith(("words", "lower"))}

    def fingerprint(self):
        digest = hashlib.sha256()
        for name, p in self.named_parameters():
            if name not in self.trainable_names():
                digest.update(f"{name} {tuple(p.shape)}".encode() + p.detach().float().numpy().tobytes())
        return digest.hexdigest()

    def bytes(self) -> bytes:
        return b"".join(p.detach().float().numpy().tobytes() for _, p in sorted(self.named_parameters()))


def toy_features(rows: int = 90, seed: int = 0) -> list[Feature]:
    """Rows whose label is the remainder of their first word: learnable, of uneven lengths."""
    random = torch.Generator().manual_seed(seed)
    features = []
    for row in range(rows):
        length = int(torch.randint(2, 24, (), generator=random))
        label = int(torch.randint(LABELS, (), generator=random))
        ids = torch.randint(1, WORDS // LABELS, (length,), generator=random) * LABELS + label - LABELS
        features.append(Feature(row, tuple(int(i) + 1 for i in ids), None, (label,)))
    return features


def toy_pairs(count: int = 40) -> list[Feature]:
    """Bundles of two rows, a query and its item; an item comes up again after every eleven."""
    rows = toy_features(2 * count)
    return [Feature(n, (), None, (n % 11,), pieces=(rows[2 * n], rows[2 * (n % 11) + 1])) for n in range(count)]


def toy_job(work: Path, **changes) -> TrainJob:
    """A run of 24 steps in 4 epochs of 6 (the last batch of an epoch is smaller); two dev evaluations."""
    plan = {"lr": 5e-3, "epochs": 4.0, "batch": 16, "max_length": 32, "evaluations": 2, **changes.pop("plan", {})}
    model = changes.pop("model", None) or Toy()
    given = {
        "model": model,
        "parts": [Part(form=ClassificationModelForm(), features=changes.pop("features", toy_features()))],
        "evaluate_dev": None,
        "optimisation": Optimisation(**plan),
        "seed": 3,
        "precision": "fp32",
        "work": work,
        "how": ComputeSettings(device="cpu", micro_tokens=100),
    }
    return TrainJob(**{**given, **changes})
