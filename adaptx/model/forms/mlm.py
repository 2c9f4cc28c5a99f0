"""Masked language modelling, heavy half: tokens to guess from their context, beside the tasks of a mixture.

Owns masking, the head and its loss. A tenth and a half of the tokens are chosen once per line; of these 80 % become the
mask, 10 % another token, 10 % stay (Devlin et al. 2019, section 3.1). The head is the backbone's own where its file has
one, and its output layer is the backbone's word embeddings, frozen: it is never saved with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from adaptx.errors import Incompatible
from adaptx.model.forms import NO_TARGET, Batch, Feature, Limits
from adaptx.model.forms.heads import Head

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from adaptx.tasks.example import Example, Prediction
    from adaptx.tasks.task import Task

__all__ = ["MaskedHead", "MlmModelForm"]

MASKED = 0.15  # share of the tokens
AS_MASK, AS_OTHER = 0.8, 0.1  # of the chosen ones; the rest stays as it is
NAMES: Mapping[str, tuple[str, ...]] = {  # in the files of RoBERTa's and of BERT's family
    "dense": ("lm_head.dense", "cls.predictions.transform.dense"),
    "norm": ("lm_head.layer_norm", "cls.predictions.transform.LayerNorm"),
}
BIASES = ("lm_head.bias", "cls.predictions.bias")


class MaskedHead(Head):
    """Dense, GELU, LayerNorm, then the word embeddings as output layer; always fp32."""

    reads = ("targets",)

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        nn.init.normal_(self.dense.weight, std=0.02)
        nn.init.zeros_(self.dense.bias)
        self.bias = nn.Parameter(torch.zeros(0))
        self._words: list[nn.Embedding] = []  # a list, so that the embeddings are no part of this module

    def join(self, encoder: PreTrainedModel, heads: Mapping[str, Tensor]) -> None:
        """Take the encoder's word embeddings as output layer and, of ``heads``, what its files have of such a head."""
        words = encoder.get_input_embeddings()
        self._words = [words]
        self.bias = nn.Parameter(torch.zeros(words.num_embeddings))
        for name, tensor in _own_head(heads).items():
            slot = self.get_parameter(name)
            if slot.shape == tensor.shape:
                slot.data.copy_(tensor)

    def forward(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Map hidden states ``(rows, tokens, hidden)`` to logits ``(masked tokens, words)``, masked by ``targets``."""
        with torch.autocast(hidden.device.type, enabled=False):
            chosen = hidden[:, : targets.shape[1]][targets != NO_TARGET].float()
            transformed = self.norm(functional.gelu(self.dense(chosen)))
            words = self._words[0].weight  # in its own dtype: XLM-R Large's would be 1 GB more in fp32
            return functional.linear(transformed.to(words.dtype), words).float() + self.bias


class MlmModelForm:
    """The heavy half of the form ``mlm``; the field is ``text``. It is trained and never asked."""

    name = "mlm"

    def head(self, hidden_size: int, task: Task, *, summary: int = 0) -> Head:
        """Return a fresh head, to be joined to its encoder."""
        return MaskedHead(hidden_size)

    def encode(
        self,
        examples: Sequence[Example],
        tokenizer: PreTrainedTokenizerBase,
        task: Task,
        limits: Limits,
        *,
        targets: bool,
    ) -> list[Feature]:
        """Tokenise and mask; what is masked depends on the line's id alone. Lines without a masked token are left out.

        Raise `Incompatible` for a tokenizer without a mask token.
        """
        if not targets:
            raise Incompatible("masked language modelling is trained, not evaluated", hint="name a task")
        if tokenizer.mask_token_id is None or tokenizer.padding_side == "left":
            raise Incompatible(
                f"{type(tokenizer).__name__} has no mask token that --mlm could use", hint="train without --mlm"
            )
        lines = [example.texts["text"] for example in examples]
        encoded = tokenizer(
            lines, truncation=True, max_length=limits.max_length, return_attention_mask=False, verbose=False
        )
        kinds = encoded.get("token_type_ids") or [None] * len(lines)
        features = [
            _mask(index, example.id, ids, kind, tokenizer)
            for index, (example, ids, kind) in enumerate(zip(examples, encoded["input_ids"], kinds, strict=True))
        ]
        return [feature for feature in features if feature.units]

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the weighted sum of the cross-entropy over masked tokens."""
        masked = batch.targets != NO_TARGET
        weights = batch.weights[:, None].expand_as(masked)[masked]
        tokens = functional.cross_entropy(output.float(), batch.targets[masked], reduction="none")
        return (tokens * weights).sum()

    def decode(
        self, examples: Sequence[Example], features: Sequence[Feature], outputs: Sequence[Tensor]
    ) -> list[Prediction]:
        """Refuse: nothing asks for guessed words."""
        raise NotImplementedError(f"{len(examples)} texts were to be predicted; masked words are only trained")


def _mask(
    index: int, name: str, ids: Sequence[int], kind: Sequence[int] | None, tokenizer: PreTrainedTokenizerBase
) -> Feature:
    random, special = Random(f"mlm:{name}"), set(tokenizer.all_special_ids)
    inputs, target = list(ids), [NO_TARGET] * len(ids)
    for position, token in enumerate(ids):
        if token not in special and random.random() < MASKED:
            target[position] = token
            inputs[position] = _corrupt(token, tokenizer, random)
    units = sum(token != NO_TARGET for token in target)
    return Feature(index, tuple(inputs), tuple(kind) if kind else None, tuple(target), float(units))


def _corrupt(token: int, tokenizer: PreTrainedTokenizerBase, random: Random) -> int:
    luck = random.random()
    if luck < AS_MASK:
        return int(tokenizer.mask_token_id)
    return random.randrange(len(tokenizer)) if luck < AS_MASK + AS_OTHER else token


def _own_head(heads: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what a backbone's files hold of a masked-word head, under this head's names."""
    wanted = {f"{name}.{kind}": f"{own}.{kind}" for own, names in NAMES.items() for name in names for kind in KINDS}
    wanted |= dict.fromkeys(BIASES, "bias")
    return {wanted[key]: tensor.float() for key, tensor in heads.items() if key in wanted}


KINDS = ("weight", "bias")
