"""Retrieval, heavy half: a text becomes one vector, the mean over its tokens of one layer's hidden states.

Owns that embedding and the contrastive loss; what is searched, and how, is in `adaptx.evaluation.retrieval`. Which
layer: for XLM-R Large XTREME reads ``hidden_states[14]`` of 24 (entry 0 is the output of the embeddings), and another
depth reads the same share, rounded up (7 of 12, where XTREME takes 8 for mBERT: ``--layer 8``). An encoder that was
trained to retrieve is read where it was trained: at its last layer. The mean includes special tokens, as XTREME's
``third_party/evaluate_retrieval.py`` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING, NoReturn

import torch
from torch.nn import functional

from adaptx.errors import UsageError
from adaptx.model.forms import Batch, Feature, Limits
from adaptx.model.forms.heads import Head

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

__all__ = ["MeanHead", "RetrievalModelForm"]

DEPTH = Fraction(14, 24)  # XTREME's layer of XLM-R Large
TEMPERATURE = 0.05  # of cosines in the contrastive softmax, as in SimCSE (Gao et al. 2021)
SIDES = 2  # a query and an item


class MeanHead(Head):
    """The mean over a text's own tokens, at unit length; no weights. ``share`` is the depth that it reads."""

    reads = ("attention_mask",)

    def __init__(self, share: Fraction) -> None:
        super().__init__()
        self.share = share

    def depth(self, layers: int, layer: int | None) -> int:
        """Return whose output to read in an encoder of so many layers, 0 being the embeddings; `UsageError`."""
        if layer is not None and layer > layers:
            raise UsageError(f"--layer {layer}, but the backbone has {layers}", hint=f"--layer 0 to {layers}")
        return ceil(self.share * layers) if layer is None else layer

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Map hidden states ``(rows, tokens, hidden)`` and their mask to vectors ``(rows, hidden)`` in fp32."""
        with torch.autocast(hidden.device.type, enabled=False):
            own = mask[:, :, None].float()
            mean = (hidden.float() * own).sum(dim=1) / own.sum(dim=1).clamp(min=1.0)
            return functional.normalize(mean, dim=-1)


class RetrievalModelForm:
    """The heavy half of the form ``retrieval``."""

    name = "retrieval"

    def head(self, hidden_size: int, task: Task, *, summary: int = 0) -> Head:
        """Return the head: it reads the last layer where a page trains for retrieval, else the middle."""
        return MeanHead(Fraction(1) if task.trains_on else DEPTH)

    def encode(
        self,
        examples: Sequence[Example],
        tokenizer: PreTrainedTokenizerBase,
        task: Task,
        limits: Limits,
        *,
        targets: bool,
    ) -> list[Feature]:
        """Tokenise the first text of each example: a query as an item; with ``targets`` both as one bundle.

        A bundle's target tells its item's text, so that the same item twice in a batch is no negative of itself.
        """
        texts = [list(example.texts.values()) for example in examples]
        queries = _features([text[0] for text in texts], tokenizer, limits)
        if not targets:
            return queries
        items = _features([text[1] for text in texts], tokenizer, limits)
        return [
            Feature(index, (), None, target=(_key(texts[index][1]),), pieces=pair)
            for index, pair in enumerate(zip(queries, items, strict=True))
        ]

    def vectors(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the vectors of a micro-batch's pairs, ``(pairs, 2, hidden)``, fillers left out."""
        return output.reshape(-1, SIDES, output.shape[-1])[batch.weights > 0]

    def names(self, batch: Batch) -> Tensor:
        """Return what tells equal items, ``(pairs,)``."""
        return batch.targets[batch.weights > 0, 0]

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return `contrast` within this micro-batch; a step of training takes the effective batch instead."""
        return self.contrast(self.vectors(output, batch), self.names(batch)) + 0.0 * output.sum()

    def contrast(self, pairs: Tensor, items: Tensor) -> Tensor:
        """Return the summed loss of ``(pairs, 2, hidden)`` vectors: each query among all items, and the other way.

        ``items`` ``(pairs,)`` names the item of each pair. Half the sum of both softmax losses (InfoNCE, van den Oord
        et al. 2018, symmetric as in CLIP, Radford et al. 2021).
        """
        if not len(items):  # a filler alone
            return pairs.sum()
        scores = pairs[:, 0] @ pairs[:, 1].T / TEMPERATURE
        same = (items[:, None] == items[None, :]) & ~torch.eye(len(items), dtype=torch.bool, device=items.device)
        scores = scores.masked_fill(same, -torch.inf)
        right = torch.arange(len(items), device=items.device)
        both = [functional.cross_entropy(side, right, reduction="sum") for side in (scores, scores.T)]
        return (both[0] + both[1]) / SIDES

    def decode(self, examples: Sequence[Example], features: Sequence[Feature], outputs: Sequence[Tensor]) -> NoReturn:
        """Raise: a vector answers nothing by itself, `adaptx.evaluation.retrieval.Searcher` looks among items."""
        raise TypeError("retrieval is answered by a Searcher, which knows what is searched")


def _features(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, limits: Limits) -> list[Feature]:
    if not texts:
        return []
    encoded = tokenizer(
        list(texts),
        truncation=True,
        max_length=limits.max_length,
        padding=False,
        return_attention_mask=False,
        verbose=False,
    )
    kinds = encoded.get("token_type_ids") or [None] * len(texts)
    return [
        Feature(index, tuple(ids), kind and tuple(kind))
        for index, (ids, kind) in enumerate(zip(encoded["input_ids"], kinds, strict=True))
    ]


def _key(item: str) -> int:
    """Return a number that equal items share."""
    return int.from_bytes(sha256(item.encode("utf-8", "surrogatepass")).digest()[:8], "big") >> 1
