"""Dropout that belongs to the row: what is dropped follows from seed, row and place, and from nothing else.

Owns `Dropout`, putting it in place of torch's, and `random_words`, which says whose rows a forward reads and, for as
long as it runs, has attention that drops written out: torch's fused call draws by the batch. Every element is decided
by a hash of (key of its row, number of the dropout in this forward, place in the row): SplitMix64 (Steele, Lea and
Flood 2014), 64 bits for four elements, so that a rate is a multiple of 2**-16. The same rows lose the same units
however they are cut into micro-batches, dealt to processes, padded, and on whatever device. One hash costs a CPU what
one draw of torch's generator does. Outside of `random_words` all is torch's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Dropout", "random_words", "replace_dropout", "row_keys"]

LEVELS = 2**16  # of the 16 bits that decide on one element
PER_DRAW = 4
WORD = 2**64
GAMMA = 0x9E3779B97F4A7C15  # SplitMix64's step from one number to the next
MIXERS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))
AXIS_BITS = (0, 16, 40)  # of a counter, for the place along the last axis (in draws), the one before and the one before
CACHED = 2**15  # numbers hashed at once on a CPU: 256 KB, so that the passes over them stay in its caches


@dataclass(slots=True)
class _Forward:
    """The rows of a forward that runs, and how many dropouts it has come through."""

    keys: Tensor  # (rows + 1,): the last one is for what has no axis of rows
    calls: int = 0


_running: ContextVar[_Forward | None] = ContextVar("forward with keyed dropout", default=None)


def row_keys(seed: int, rows: Sequence[int], device: torch.device | str) -> Tensor:
    """Return a key per row of one step, ``(rows + 1,)``: ``seed`` is the step's, ``rows`` number the rows of the run.

    The last key is that of the step, for tensors that belong to no row.
    """
    numbers = torch.tensor([*rows, -1], dtype=torch.int64)
    return _hash(numbers.mul_(_as_signed(GAMMA)).add_(_as_signed(seed))).to(device)


@contextmanager
def random_words(keys: Tensor | None) -> Iterator[None]:
    """Let `Dropout` and attention of one forward draw from `row_keys`; None leaves them to torch's generator."""
    token, fused = _running.set(None if keys is None else _Forward(keys)), functional.scaled_dot_product_attention
    functional.scaled_dot_product_attention = _explicit_attention(fused)
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = fused
        _running.reset(token)


def _explicit_attention(fused: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return attention over ``(rows, heads, tokens, width)`` that drops by the row; without dropout it is ``fused``."""

    def attention(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,  # noqa: FBT001, FBT002 - torch's signature
        **options: Any,
    ) -> Tensor:
        if not dropout_p or is_causal or _running.get() is None:  # no encoder's attention is causal
            return fused(query, key, value, attn_mask, dropout_p, is_causal, **options)
        scores = (query * (options.get("scale") or query.shape[-1] ** -0.5)) @ key.transpose(-2, -1)
        if attn_mask is not None:
            is_choice = attn_mask.dtype == torch.bool
            scores = scores.masked_fill(~attn_mask, float("-inf")) if is_choice else scores + attn_mask
        return _drop(scores.softmax(dim=-1), dropout_p) @ value

    return attention


class Dropout(nn.Dropout):
    """Zero each element with probability ``p`` and scale the others by ``1 / (1 - p)``, in training only.

    The first axis counts rows; with ``tokens_first``, of three axes the second does. What has no such axis, or is
    ``rowless`` whatever its shape, is dropped alike in every forward of a step.
    """

    def __init__(self, p: float = 0.5, *, tokens_first: bool = False, rowless: bool = False) -> None:
        super().__init__(p)
        self.tokens_first, self.rowless = tokens_first, rowless

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with units dropped, in its shape and dtype."""
        if not self.training or _running.get() is None:
            return super().forward(input)
        turned = self.tokens_first and input.ndim == 3  # noqa: PLR2004 - (tokens, rows, hidden)
        if turned:
            return _drop(input.transpose(0, 1), self.p).transpose(0, 1)
        return _drop(input, self.p, rowless=self.rowless)


def _drop(whole: Tensor, rate: float, *, rowless: bool = False) -> Tensor:
    """Return ``whole`` after the next dropout of the forward that runs."""
    running, dropped = _running.get(), round(rate * LEVELS)
    assert running is not None, "only called within a keyed forward"
    if not 0 < dropped < LEVELS or not whole.numel():
        return functional.dropout(whole, rate)
    running.calls += 1
    keys = running.keys[-1:] if rowless else running.keys
    kept = _levels(whole.shape, keys, running.calls) >= dropped - LEVELS // 2
    return whole * kept.to(whole.dtype).mul_(LEVELS / (LEVELS - dropped))


def _levels(shape: Sequence[int], keys: Tensor, call: int) -> Tensor:
    """Return random integers of 16 bits with their sign, of ``shape``, that hang on row, call and place alone."""
    of_rows = bool(shape) and shape[0] == len(keys) - 1
    rows, within = (keys[:-1], shape[1:] or (1,)) if of_rows else (keys[-1:], shape or (1,))
    numbers = _places(within, keys.device) + (rows ^ _call_key(call)).view(-1, *(1 for _ in within))
    return _hash(numbers).view(torch.int16)[..., : within[-1]].reshape(tuple(shape))


def _places(within: Sequence[int], device: torch.device) -> Tensor:
    """Return the counter of every draw of a row, one per four elements of the last axis, times GAMMA.

    A place has the same counter in rows of any length. Raises ValueError for more than three axes.
    """
    sizes = [*within[:-1], -(-within[-1] // PER_DRAW)]
    counters = torch.zeros((), dtype=torch.int64, device=device)
    for axis, (size, bits) in enumerate(zip(reversed(sizes), AXIS_BITS, strict=False)):
        along = torch.arange(size, device=device).mul_(_as_signed(GAMMA << bits))
        counters = along.view(-1, *(1 for _ in range(axis))) + counters
    if counters.ndim != len(sizes):
        raise ValueError(f"dropout over {len(sizes)} axes beside the rows, at most {len(AXIS_BITS)} are foreseen")
    return counters


def _hash(numbers: Tensor) -> Tensor:
    """Apply SplitMix64's finalizer in place; int64 arithmetic wraps, and its shifts keep the sign, which is masked."""
    flat = numbers.view(-1)
    for part in flat.split(CACHED) if flat.device.type == "cpu" else (flat,):
        for shift, factor in MIXERS:
            part.bitwise_xor_((part >> shift).bitwise_and_((1 << (64 - shift)) - 1))
            if factor != 1:
                part.mul_(_as_signed(factor))
    return numbers


@cache
def _call_key(call: int) -> int:
    return int.from_bytes(hashlib.sha256(f"call:{call}".encode()).digest()[:8], "big", signed=True)


def _as_signed(number: int) -> int:
    """Return the 64-bit integer with sign that has the same bits."""
    return (number + WORD // 2) % WORD - WORD // 2


def replace_dropout(model: nn.Module, *, tokens_first: bool = False, rowless: str = "") -> None:
    """Put `Dropout` in place of every ``nn.Dropout`` in ``model``, with its rate and mode.

    ``rowless`` is what the modules are called that drop from tables and not from rows.
    """
    for module in model.modules():
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                put = Dropout(child.p, tokens_first=tokens_first, rowless=name == rowless)
                setattr(module, name, put.train(child.training))
