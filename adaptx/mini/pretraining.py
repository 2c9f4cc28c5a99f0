"""How ``nano`` is made from nothing: an encoder of XLM-R's architecture, pretrained on the text of the world.

Owns the losses and the loop; the lessons are `lessons`'s, and the heads are thrown away. Every step reads lessons of
each kind, and its loss is their weighted sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize
from transformers import XLMRobertaConfig, XLMRobertaModel, XLMRobertaTokenizerFast

from adaptx.mini import tokenizer as tokenizers
from adaptx.mini.initialisation import initialise
from adaptx.mini.lessons import AGREES, Lesson, Pair, Translation

if TYPE_CHECKING:
    from transformers import BatchEncoding

__all__ = ["PretrainingConfig", "pretrain"]

IGNORED = -100  # a token without a target
LONGEST = 512  # tokens, as the pages ask for up to 384
CUT = 160  # tokens of a lesson
MASKED, EXCHANGED = 0.8, 0.1  # shares of the hidden tokens; the others stay (Devlin et al. 2019)
RARER = (1.0, 2.0, 2.0)  # weights of what tokens say: three in four agree
UNMARRED = 0.5  # share of the pairs without typos
Report = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingConfig:
    """What decides nano: its size, and how long and from what it learns."""

    vocabulary: int = 6144
    width: int = 128
    layers: int = 4
    heads: int = 4
    feed_forward: int = 512
    steps: int = 7000
    texts: int = 6  # rows of each kind of lesson in a step
    doubts: int = 32
    answers: int = 8
    translations: int = 32
    stages: tuple[float, ...] = (0.06, 0.15)  # shares of the steps after which more families are told
    peak_lr: float = 6e-4
    weight_decay: float = 0.01
    masked: float = 0.15
    text_weight: float = 0.5  # weights of the losses, beside that of answers
    doubt_weight: float = 3.0
    contrast_weight: float = 1.0
    temperature: float = 0.07
    contrast_layers: tuple[int, ...] = (2, 3)  # the last is where retrieval reads by default, ceil(14/24 of the depth)
    marred_from: float = 0.45  # share of the steps after which words are misspelt and cut otherwise: first the words
    typos: float = 0.05  # letters of most pairs that change places with their neighbour
    dropped_merges: float = 0.1  # Provilkov et al. 2020; drawn by the library, which takes no seed
    seed: int = 13


class Heads(nn.Module):
    """What reads the encoder's last layer during pretraining."""

    def __init__(self, encoder: XLMRobertaModel) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.restore = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(encoder.config.vocab_size))
        self.doubt = nn.Linear(width, 3)
        self.ends = nn.Linear(width, 2)


def pretrain(config: PretrainingConfig, folder: Path, report: Report) -> None:
    """Make nano and write it to ``folder``, in half precision, as any encoder of the hub is laid out."""
    tokenizer = tokenizers.build(config.vocabulary, LONGEST)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        encoder = _first_weights(config, len(tokenizer))
        _learn(config, encoder, tokenizer, report)
    tokenizer.backend_tokenizer.model.dropout = None
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    encoder.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _first_weights(config: PretrainingConfig, vocabulary: int) -> XLMRobertaModel:
    architecture = XLMRobertaConfig(
        vocab_size=vocabulary,
        hidden_size=config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        intermediate_size=config.feed_forward,
        max_position_embeddings=LONGEST + 2,  # XLM-R counts positions from the padding id + 1
        type_vocab_size=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        layer_norm_eps=1e-5,
    )
    encoder = XLMRobertaModel(architecture, add_pooling_layer=False)
    initialise(encoder, config.width, config.heads)
    return encoder


def _learn(
    config: PretrainingConfig, encoder: XLMRobertaModel, tokenizer: XLMRobertaTokenizerFast, report: Report
) -> None:
    heads = Heads(encoder)
    weights = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(
        weights, config.peak_lr, betas=(0.9, 0.98), weight_decay=config.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.peak_lr, config.steps, pct_start=0.02, anneal_strategy="cos"
    )
    encoder.train()
    for step in range(config.steps):
        stage = sum(step >= share * config.steps for share in config.stages)
        if step >= config.marred_from * config.steps:
            tokenizer.backend_tokenizer.model.dropout = config.dropped_merges
        losses = _losses(config, encoder, heads, tokenizer, step, stage)
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        report(step, {name: loss.item() for name, loss in losses.items()})
    encoder.eval()


def _losses(
    config: PretrainingConfig,
    encoder: XLMRobertaModel,
    heads: Heads,
    tokenizer: XLMRobertaTokenizerFast,
    step: int,
    stage: int,
) -> dict[str, Tensor]:
    """Return the weighted loss of each kind of lesson of one step."""
    size = config.texts + config.doubts + config.answers + config.translations
    lessons = iter([Lesson(step * size + row, stage) for row in range(size)])
    noise = Random(step)
    typos = config.typos if step >= config.marred_from * config.steps else 0.0
    texts = [next(lessons).text() for _ in range(config.texts)]
    doubts = [_add_typos(next(lessons).doubt(), noise, typos) for _ in range(config.doubts)]
    answers = [_add_typos(next(lessons).answer(), noise, typos) for _ in range(config.answers)]
    translations = [next(lessons).translation() for _ in range(config.translations)]
    batches = Batches(encoder, tokenizer)
    return {
        "texts": config.text_weight * _text_loss(config, batches, heads, texts),
        "doubts": config.doubt_weight * _doubt_loss(batches, heads, doubts),
        "answers": _answer_loss(batches, heads, answers),
        "contrast": config.contrast_weight * _contrast_loss(config, batches, translations),
    }


@dataclass(frozen=True, slots=True)
class Batches:
    """The encoder with its tokenizer: texts in, batch and states out."""

    encoder: XLMRobertaModel
    tokenizer: XLMRobertaTokenizerFast

    def tokens(self, firsts: Sequence[str], seconds: Sequence[str] | None = None) -> BatchEncoding:
        """Return a padded batch of texts or pairs of texts."""
        return self.tokenizer(
            list(firsts),
            None if seconds is None else list(seconds),
            padding=True,
            truncation=True,
            max_length=CUT,
            return_tensors="pt",
        )

    def layers(self, batch: BatchEncoding) -> tuple[Tensor, ...]:
        """Return the states of the embeddings and of every layer, each ``(rows, tokens, width)``."""
        inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
        states: tuple[Tensor, ...] = self.encoder(**inputs, output_hidden_states=True).hidden_states
        return states

    def states(self, batch: BatchEncoding) -> Tensor:
        """Return the last states, ``(rows, tokens, width)``."""
        return self.layers(batch)[-1]


def _text_loss(config: PretrainingConfig, batches: Batches, heads: Heads, texts: Sequence[tuple[str, str]]) -> Tensor:
    """Return the loss of restoring hidden tokens of texts, half of them beside their translation."""
    batch = batches.tokens(*zip(*texts, strict=True))
    words = _mask(config.masked, batch["input_ids"], batches.tokenizer)
    chosen = words != IGNORED
    states = heads.restore(batches.states(batch)[chosen])
    embeddings = batches.encoder.embeddings.word_embeddings.weight
    scores = states @ embeddings.T * embeddings.shape[1] ** -0.5  # of unit variance: embeddings begin that large
    return cross_entropy(scores + heads.bias, words[chosen])


def _mask(rate: float, ids: Tensor, tokenizer: XLMRobertaTokenizerFast) -> Tensor:
    """Hide a share of the tokens, in place, and return what they were, `IGNORED` elsewhere."""
    special = len(tokenizers.SPECIAL)
    chosen = (torch.rand(ids.shape) < rate) & (ids >= special)
    words = torch.where(chosen, ids, IGNORED)
    fate = torch.rand(ids.shape)
    ids[chosen & (fate < MASKED)] = tokenizer.mask_token_id
    other = chosen & (fate >= 1 - EXCHANGED)
    ids[other] = torch.randint(special, len(tokenizer), (int(other.sum()),))
    return words


def _doubt_loss(batches: Batches, heads: Heads, pairs: Sequence[Pair]) -> Tensor:
    """Return the loss of telling what each token of the second text says, held against the first."""
    batch = batches.tokens([pair.first for pair in pairs], [pair.second for pair in pairs])
    says = torch.full(batch["input_ids"].shape, IGNORED)
    for row, pair in enumerate(pairs):
        says[row, torch.tensor([part == 1 for part in batch.sequence_ids(row)])] = AGREES
        for mark in pair.marks:
            first, last = _tokens_of(batch, row, mark.start, mark.end)
            says[row, first : last + 1] = mark.says
    scores = heads.doubt(batches.states(batch))
    return cross_entropy(scores.flatten(0, 1), says.flatten(), weight=torch.tensor(RARER), ignore_index=IGNORED)


def _answer_loss(batches: Batches, heads: Heads, pairs: Sequence[Pair]) -> Tensor:
    """Return the loss of finding the first and the last token of each answer, the first of all where there is none."""
    batch = batches.tokens([pair.first for pair in pairs], [pair.second for pair in pairs])
    ends = [_tokens_of(batch, row, *pair.answer) if pair.answer else (0, 0) for row, pair in enumerate(pairs)]
    scores = heads.ends(batches.states(batch)).masked_fill(batch["attention_mask"][:, :, None] == 0, -1e4)
    return cross_entropy(scores.transpose(1, 2).flatten(0, 1), torch.tensor(ends).flatten())


def _tokens_of(batch: BatchEncoding, row: int, start: int, end: int) -> tuple[int, int]:
    """Return the first and last token of a stretch of the second text, the first of all where it was cut off."""
    first, last = batch.char_to_token(row, start, 1), batch.char_to_token(row, end - 1, 1)
    return (0, 0) if first is None or last is None else (first, last)


def _contrast_loss(config: PretrainingConfig, batches: Batches, lessons: Sequence[Translation]) -> Tensor:
    """Return the loss of finding each translation among the others and their twins, and of the way back."""
    twins = [lesson.twin for lesson in lessons if lesson.twin]
    batch = batches.tokens([lesson.first for lesson in lessons] + [lesson.second for lesson in lessons] + twins)
    seen = batch["attention_mask"][:, :, None]
    layers = batches.layers(batch)
    gold = torch.arange(len(lessons))
    losses = []
    for layer in config.contrast_layers:
        vectors = normalize((layers[layer] * seen).sum(1) / seen.sum(1), dim=1)
        cosines = vectors[: len(lessons)] @ vectors[len(lessons) :].T / config.temperature
        losses += [cross_entropy(cosines, gold), cross_entropy(cosines[:, : len(lessons)].T, gold)]
    return torch.stack(losses).mean()


def _add_typos(pair: Pair, noise: Random, rate: float) -> Pair:
    """Exchange letters in most pairs; all lengths stay."""
    if noise.random() < UNMARRED:
        return pair
    return replace(pair, first=_swap_letters(pair.first, noise, rate), second=_swap_letters(pair.second, noise, rate))


def _swap_letters(text: str, noise: Random, rate: float) -> str:
    """Exchange neighbouring letters inside words, ``rate`` of them."""
    letters = list(text)
    for at in range(1, len(letters) - 1):
        if noise.random() < rate and letters[at].isalpha() and letters[at + 1].isalpha():
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)
