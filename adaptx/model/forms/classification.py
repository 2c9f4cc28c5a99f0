"""Classification, heavy half: one or two texts, one label or one grade.

Owns the pair encoding and the losses; records, scores and goals are in the light half. The head reads one token that
sums up the sequence: the first, except for models that pad on the left and put it last (XLNet). A grade is learnt and
answered as its place in the page's range, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from adaptx.errors import Incompatible
from adaptx.model.forms import Batch, Feature, Limits
from adaptx.model.forms.heads import Head, LabelHead
from adaptx.tasks.example import ClassPrediction, Prediction, ValuePrediction

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import BatchEncoding, PreTrainedTokenizerBase

    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

__all__ = ["ClassificationModelForm"]


class ClassificationModelForm:
    """The heavy half of the form ``classification``."""

    name = "classification"

    def head(self, hidden_size: int, task: Task, *, summary: int = 0) -> Head:
        """Return a fresh head; ``summary`` is the token it reads: 0, or -1 for models that pad on the left."""
        return LabelHead(hidden_size, 1 if task.range else len(task.labels), summary=summary)

    def encode(
        self,
        examples: Sequence[Example],
        tokenizer: PreTrainedTokenizerBase,
        task: Task,
        limits: Limits,
        *,
        targets: bool,
    ) -> list[Feature]:
        """Tokenise one or two texts in the page's field order, the longer cut first; one feature per example.

        With ``targets`` unlabelled examples are left out. Raise `Incompatible` for a page of more than two fields.
        """
        kept = [i for i, example in enumerate(examples) if not targets or _target(example, task)]
        if not kept:
            return []
        encoded = _tokens([examples[i] for i in kept], tokenizer, tuple(task.fields), limits.max_length)
        kinds = encoded.get("token_type_ids") or [None] * len(kept)
        return [
            Feature(
                i, tuple(ids), kind and tuple(kind), _target(examples[i], task) if targets else (), detail=task.range
            )
            for i, ids, kind in zip(kept, encoded["input_ids"], kinds, strict=True)
        ]

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the weighted sum over rows of the cross-entropy, or of the squared error where rows have grades."""
        target = batch.targets[:, 0]
        if target.is_floating_point():
            rows = functional.mse_loss(output.float()[:, 0], target, reduction="none")
        else:
            rows = functional.cross_entropy(output.float(), target, reduction="none")
        return (rows * batch.weights).sum()

    def decode(
        self, examples: Sequence[Example], features: Sequence[Feature], outputs: Sequence[Tensor]
    ) -> list[Prediction]:
        """Return the most probable label of each example and the log-probabilities of all, or its grade."""
        if not features:
            return []
        if features[0].detail is not None:
            grades = {f.example: _grade(float(output), *f.detail) for f, output in zip(features, outputs, strict=True)}
            return [ValuePrediction(grades[i]) for i in range(len(examples))]
        rows = torch.log_softmax(torch.stack(list(outputs)).double(), dim=-1)
        by_example = {f.example: row for f, row in zip(features, rows.tolist(), strict=True)}
        found = [by_example[i] for i in range(len(examples))]
        return [ClassPrediction(row.index(max(row)), tuple(row)) for row in found]


def _target(example: Example, task: Task) -> tuple[float, ...]:
    """Return the label's index, or the grade's place in the page's range; nothing for a row without either."""
    if task.range is None:
        return () if example.label is None else (example.label,)
    least, most = task.range
    return () if example.grade is None else ((example.grade - least) / (most - least),)


def _grade(share: float, least: float, most: float) -> float:
    return least + share * (most - least)


def _tokens(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, names: tuple[str, ...], max_length: int
) -> BatchEncoding:
    if len(names) not in (1, 2):
        raise Incompatible(
            f"classification reads one or two texts, the page declares {len(names)}: {', '.join(names)}",
            hint="declare one or two fields",
        )
    columns = [[example.texts[name] for example in examples] for name in names]
    return tokenizer(
        *columns,
        truncation="longest_first",
        max_length=max_length,
        padding=False,
        return_attention_mask=False,
        verbose=False,
    )
