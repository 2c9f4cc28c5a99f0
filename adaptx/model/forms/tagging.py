"""Tagging, heavy half: one tag a token, read off the token's first sub-token.

Owns alignment, windows and the loss; scores are in the light half. Every distinct token is tokenised by itself and a
sentence is put together from the pieces, so that a token's sub-tokens are known whatever the tokenizer, its script or
the spaces inside the token, as ``is_split_into_words`` would have it. No token is ever dropped: one of which the
tokenizer leaves nothing (a lone variation selector) stands as its unknown token, as in XTREME's ``utils_tag.py``, one
longer than a window keeps its first sub-tokens, and a sentence longer than a window is split between tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from adaptx.errors import UsageError
from adaptx.model.forms import NO_TARGET, Batch, Feature, Limits
from adaptx.model.forms.heads import Head, TokenHead
from adaptx.tasks.example import Prediction, TagPrediction
from adaptx.tasks.forms.tagging import tokens_of

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

__all__ = ["Stretch", "TaggingModelForm"]

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The tokens of a sentence that one feature holds: where each one's first sub-token stands, in order."""

    firsts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What a tokenizer puts around a sequence, and the types of both sides and of what is between."""

    before: Ids
    after: Ids
    types: tuple[Ids, int, Ids] | None

    def feature(self, example: int, words: Sequence[Ids], tags: Sequence[int]) -> Feature:
        """Return the words as one row; with tags, their first sub-tokens have targets and count as units."""
        firsts, position = [], len(self.before)
        for word in words:
            firsts.append(position)
            position += len(word)
        ids = (*self.before, *(piece for word in words for piece in word), *self.after)
        target = [NO_TARGET] * len(ids)
        for first, tag in zip(firsts, tags, strict=False):
            target[first] = tag
        return Feature(
            example,
            ids,
            self._types(position - len(self.before)),
            tuple(target) if tags else (),
            units=float(len(tags)) or 1.0,
            detail=Stretch(tuple(firsts)),
        )

    def _types(self, size: int) -> Ids | None:
        if self.types is None:
            return None
        before, inside, after = self.types
        return (*before, *(inside,) * size, *after)


class TaggingModelForm:
    """The heavy half of the form ``tagging``; the one field is ``tokens``."""

    name = "tagging"

    def head(self, hidden_size: int, task: Task, *, summary: int = 0) -> Head:
        """Return a fresh head; every token is read, so ``summary`` has no meaning here."""
        return TokenHead(hidden_size, len(task.labels))

    def encode(
        self,
        examples: Sequence[Example],
        tokenizer: PreTrainedTokenizerBase,
        task: Task,
        limits: Limits,
        *,
        targets: bool,
    ) -> list[Feature]:
        """Cut sentences between tokens into as few windows of ``max_length`` sub-tokens as hold them.

        With ``targets`` examples without tags are left out. Raise `UsageError` for a window that holds no sub-token.
        """
        kept = {i: tokens_of(example) for i, example in enumerate(examples) if not targets or example.tags}
        if not kept:
            return []
        frame = _frame(tokenizer)
        room = limits.max_length - len(frame.before) - len(frame.after)
        if room < 1:
            raise UsageError(f"--max-length {limits.max_length} leaves no room for a token", hint="--max-length 128")
        pieces = _pieces({token for tokens in kept.values() for token in tokens}, tokenizer)
        features: list[Feature] = []
        for i, tokens in kept.items():
            done = 0
            for words in _windows([pieces[token][:room] for token in tokens], room):
                tags = examples[i].tags[done : done + len(words)] if targets else ()
                features.append(frame.feature(i, words, tags))
                done += len(words)
        return features

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the weighted sum of the cross-entropy over labelled tokens."""
        real = batch.attention_mask.bool()
        sizes = real.sum(dim=1)
        held = torch.arange(batch.targets.shape[1], device=sizes.device) < sizes[:, None]
        tokens = functional.cross_entropy(
            output.float()[real], batch.targets[held], ignore_index=NO_TARGET, reduction="none"
        )
        return (tokens * batch.weights.repeat_interleave(sizes)).sum()

    def decode(
        self, examples: Sequence[Example], features: Sequence[Feature], outputs: Sequence[Tensor]
    ) -> list[Prediction]:
        """Return the most probable tag of every token, and the log-probability of its gold tag where that is known."""
        logs: list[list[Tensor]] = [[] for _ in examples]
        for feature, output in zip(features, outputs, strict=True):
            logs[feature.example].append(torch.log_softmax(output[list(feature.detail.firsts)].double(), dim=-1))
        return [_prediction(example, torch.cat(rows)) for example, rows in zip(examples, logs, strict=True)]


def _prediction(example: Example, logs: Tensor) -> TagPrediction:
    gold = logs.gather(1, torch.tensor(example.tags)[:, None])[:, 0].tolist() if example.tags else []
    best, tags = logs.max(dim=1)
    return TagPrediction(tuple(tags.tolist()), tuple(gold), tuple(best.tolist()))


def _windows(words: Sequence[Ids], room: int) -> Iterator[list[Ids]]:
    """Yield the words in order, as many at a time as fit."""
    held: list[Ids] = []
    size = 0
    for word in words:
        if size + len(word) > room:
            yield held
            held, size = [], 0
        held.append(word)
        size += len(word)
    yield held


def _pieces(tokens: set[str], tokenizer: PreTrainedTokenizerBase) -> Mapping[str, Ids]:
    """Return the sub-tokens of every distinct token; what a tokenizer makes nothing of is its unknown token."""
    words = sorted(tokens)
    space = _space(tokenizer)
    encoded = tokenizer(
        [space + word for word in words],
        add_special_tokens=False,
        return_attention_mask=False,
        verbose=False,
    )
    unknown = (tokenizer.unk_token_id if tokenizer.unk_token_id is not None else tokenizer.pad_token_id or 0,)
    return {word: tuple(ids) or unknown for word, ids in zip(words, encoded["input_ids"], strict=True)}


def _space(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the space before a token where a word is another one without it (RoBERTa's bytes), else nothing."""
    alone, twice = tokenizer(["a", "a a"], add_special_tokens=False)["input_ids"]
    return "" if twice == alone * 2 else " "


def _frame(tokenizer: PreTrainedTokenizerBase) -> Frame:
    """Return what the tokenizer puts around a text, seen on a short one."""
    encoded = tokenizer("a", return_special_tokens_mask=True)
    inside = [position for position, special in enumerate(encoded["special_tokens_mask"]) if not special]
    first, last = inside[0], inside[-1] + 1
    ids, kinds = tuple(encoded["input_ids"]), encoded.get("token_type_ids")
    types = (tuple(kinds[:first]), kinds[first], tuple(kinds[last:])) if kinds else None
    return Frame(ids[:first], ids[last:], types)
