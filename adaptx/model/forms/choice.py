"""Choice, heavy half: one row of input and one logit an option, a softmax over the options of a question.

Owns the pair encoding (the page's fields, then an option) and the loss over bundles; records, scores and goals are in
the light half. While a question is learnt its options are one bundle, so that they share a micro-batch and its softmax;
when it is asked each option is a row of its own, and rows of all lengths are batched as they suit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import torch
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from adaptx.model.forms import Batch, Feature, Limits
from adaptx.model.forms.heads import Head, LabelHead
from adaptx.model.forms.pairs import pair_room, truncate
from adaptx.tasks.example import ClassPrediction, Prediction
from adaptx.tasks.forms.choice import is_option

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

__all__ = ["ChoiceModelForm"]


class ChoiceModelForm:
    """The heavy half of the form ``choice``."""

    name = "choice"

    def head(self, hidden_size: int, task: Task, *, summary: int = 0) -> Head:
        """Return a fresh head with one output; ``summary`` is the token it reads."""
        return LabelHead(hidden_size, 1, summary=summary)

    def encode(
        self,
        examples: Sequence[Example],
        tokenizer: PreTrainedTokenizerBase,
        task: Task,
        limits: Limits,
        *,
        targets: bool,
    ) -> list[Feature]:
        """Tokenise the fields, joined by a space, with every option: a bundle per example, or a feature per option.

        The joined fields are cut first; an option keeps at most half of the room. With ``targets`` (bundles)
        unlabelled examples are left out. Raises as `pair_room`.
        """
        kept = [i for i, example in enumerate(examples) if not targets or example.label is not None]
        features = _features(examples, kept, tokenizer, task, limits)
        if not targets:
            return features
        by_example = groupby(features, key=lambda feature: feature.example)
        return [_bundle(examples[i], tuple(rows)) for i, rows in by_example]

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the weighted sum over questions of the cross-entropy over their options."""
        logits = output.float()[:, 0].split([len(feature.pieces) for feature in batch.features])
        table = pad_sequence(list(logits), batch_first=True, padding_value=float("-inf"))
        rows = functional.cross_entropy(table, batch.targets[:, 0], reduction="none")
        return (rows * batch.weights).sum()

    def decode(
        self, examples: Sequence[Example], features: Sequence[Feature], outputs: Sequence[Tensor]
    ) -> list[Prediction]:
        """Return the most probable option of each example and the log-probabilities of all its options."""
        logits: list[list[float]] = [[] for _ in examples]
        for feature, output in zip(features, outputs, strict=True):
            logits[feature.example].append(float(output))
        return [_prediction(row) for row in logits]


def _prediction(logits: Sequence[float]) -> ClassPrediction:
    logs = torch.log_softmax(torch.tensor(logits, dtype=torch.float64), dim=0).tolist()
    return ClassPrediction(logs.index(max(logs)), tuple(logs))


def _bundle(example: Example, rows: tuple[Feature, ...]) -> Feature:
    assert example.label is not None, "only labelled examples are learnt from"
    pieces = tuple(replace(row, units=0.0) for row in rows)
    return Feature(rows[0].example, (), None, (example.label,), pieces=pieces)


def _features(
    examples: Sequence[Example],
    kept: Sequence[int],
    tokenizer: PreTrainedTokenizerBase,
    task: Task,
    limits: Limits,
) -> list[Feature]:
    """Return one feature per option, those of an example side by side, in order."""
    if not kept:
        return []
    room = pair_room(tokenizer, limits, "fields and options")
    pairs = [
        (i, " ".join(examples[i].texts[field] for field in task.fields), option)
        for i in kept
        for field, option in examples[i].texts.items()
        if is_option(field, task)
    ]
    owners, contexts, options = zip(*pairs, strict=True)
    encoded = tokenizer(
        list(contexts),
        truncate(options, tokenizer, room // 2),
        truncation="only_first",
        max_length=limits.max_length,
        padding=False,
        return_attention_mask=False,
        verbose=False,
    )
    kinds = encoded.get("token_type_ids") or [None] * len(owners)
    return [
        Feature(i, tuple(ids), kind and tuple(kind))
        for i, ids, kind in zip(owners, encoded["input_ids"], kinds, strict=True)
    ]
