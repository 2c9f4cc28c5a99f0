"""Span, heavy half: an answer is a stretch of the context, found in windows of it.

Owns windows, the start/end head and the search for the best span; scores are in the light half. Offsets are code points
of the original context whatever the tokenizer normalises, without the spaces that byte-level and SentencePiece tokens
carry, so that an answer is always an exact slice. A window that does not hold the whole answer is trained to the
classifier token, as in XTREME's ``third_party/run_squad.py``; questions are cut to 64 tokens and answers found have at
most 30, as there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from adaptx.model.forms import Batch, Feature, Limits
from adaptx.model.forms.heads import Head, TokenHead
from adaptx.model.forms.offsets import trim, with_marks
from adaptx.model.forms.pairs import pair_room, truncate
from adaptx.tasks.example import Answer, Prediction, SpanPrediction
from adaptx.tasks.forms.span import scorer_named

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

__all__ = ["SpanModelForm", "Window"]

QUESTION_TOKENS = 64  # XTREME's max_query_length
ANSWER_TOKENS = 30  # XTREME's max_answer_length

Encoding = Any  # tokenizers.Encoding, published without types
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """Which tokens of a feature are context, and where they lie in it.

    ``offsets`` is ``(context tokens, 2)``, half-open code points of the context, empty for a token of spaces alone;
    ``first`` is the position of the first of them in the feature; ``classifier`` that of the classifier token.
    """

    first: int
    classifier: int
    offsets: Integers
    opens: bool  # the context begins in this window
    closes: bool  # the context ends in this window
    may_abstain: bool = False  # whether the question may have no answer

    def locate(self, answer: Answer, context: str) -> tuple[int, int] | None:
        """Return the first and last position in the feature that cover ``answer``; None if a part of it is outside."""
        start, end = _without_spaces(answer, context)
        held = np.flatnonzero((self.offsets[:, 0] < end) & (self.offsets[:, 1] > start))
        if answer.start < 0 or not len(held):
            return None
        low, high = int(held[0]), int(held[-1])
        begins = low > 0 or self.opens or int(self.offsets[low, 0]) <= start
        ends = high < len(self.offsets) - 1 or self.closes or int(self.offsets[high, 1]) >= end
        return (self.first + low, self.first + high) if begins and ends else None


class SpanModelForm:
    """The heavy half of the form ``span``; the fields are ``question`` and ``context``."""

    name = "span"

    def head(self, hidden_size: int, task: Task, *, summary: int = 0) -> Head:
        """Return a fresh head; every token is read, so ``summary`` has no meaning here."""
        return TokenHead(hidden_size, 2)

    def encode(
        self,
        examples: Sequence[Example],
        tokenizer: PreTrainedTokenizerBase,
        task: Task,
        limits: Limits,
        *,
        targets: bool,
    ) -> list[Feature]:
        """Cut question and context into windows of ``max_length`` tokens that overlap by ``stride``.

        With ``targets`` each window is trained to the first answer it holds, else to the classifier token; examples
        whose answers have no known offset are left out. Raise `Incompatible` for a tokenizer without offsets.
        """
        usable = [
            i for i, e in enumerate(examples) if not targets or not e.answers or any(a.start >= 0 for a in e.answers)
        ]
        if not usable:
            return []
        encodings, sources = _windows([examples[i] for i in usable], tokenizer, limits)
        last = {source: index for index, source in enumerate(sources)}
        features: list[Feature] = []
        for index, (encoding, source) in enumerate(zip(encodings, sources, strict=True)):
            example = examples[usable[source]]
            opens = index == 0 or sources[index - 1] != source
            window = _window(encoding, example.texts["context"], tokenizer, opens=opens, closes=index == last[source])
            window = replace(window, may_abstain=scorer_named(task.scorer).may_abstain)
            types = tuple(encoding.type_ids) if "token_type_ids" in tokenizer.model_input_names else None
            target = _target(window, example) if targets else ()
            features.append(Feature(usable[source], tuple(encoding.ids), types, target, detail=window))
        return features

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the weighted sum over windows of the mean of the start and the end cross-entropy, padding left out."""
        scores = output.float().masked_fill(batch.attention_mask[..., None] == 0, float("-inf"))
        shift = batch.attention_mask.argmax(dim=1, keepdim=True)  # tokens of padding on the left
        ends = functional.cross_entropy(scores, batch.targets + shift, reduction="none")
        return (ends.mean(dim=1) * batch.weights).sum()

    def decode(
        self, examples: Sequence[Example], features: Sequence[Feature], outputs: Sequence[Tensor]
    ) -> list[Prediction]:
        """Return the best span of each example over its windows, and how probable the best gold span is."""
        windows: list[list[tuple[Window, Floats]]] = [[] for _ in examples]
        for feature, output in zip(features, outputs, strict=True):
            windows[feature.example].append((feature.detail, torch.log_softmax(output.double(), dim=0).numpy()))
        return [_prediction(example, found) for example, found in zip(examples, windows, strict=True)]


def _prediction(example: Example, windows: Sequence[tuple[Window, Floats]]) -> SpanPrediction:
    context = example.texts["context"]
    score, window, low, high = max(((*_best(w, logs),) for w, logs in windows), key=lambda found: found[0])
    start, end = _slice(window, low, high, context)
    golds = {(answer.text, answer.start): answer for answer in example.answers}.values()
    spans = [(logs, window.locate(answer, context)) for window, logs in windows for answer in golds]
    gold = [float(logs[span[0], 0] + logs[span[1], 1]) for logs, span in spans if span is not None]
    no_answer = min(float(logs[window.classifier].sum()) for window, logs in windows) if window.may_abstain else None
    return SpanPrediction(context[start:end], start, score, max(gold, default=None), no_answer)


def _best(window: Window, logs: Floats) -> tuple[float, Window, int, int]:
    """Return the score and the context tokens ``low <= high < low + ANSWER_TOKENS`` with the highest score.

    Without a usable token the score is that of the classifier token and ``low > high``.
    """
    usable = window.offsets[:, 1] > window.offsets[:, 0]
    if not usable.any():
        return float(logs[window.classifier].sum()), window, 0, -1
    inside = np.where(usable[:, None], logs[window.first : window.first + len(usable)], -np.inf)
    ends = np.concatenate([inside[:, 1], np.full(ANSWER_TOKENS - 1, -np.inf)])
    table = inside[:, :1] + np.lib.stride_tricks.sliding_window_view(ends, ANSWER_TOKENS)
    low, more = divmod(int(table.argmax()), ANSWER_TOKENS)
    return float(table[low, more]), window, low, low + more


def _slice(window: Window, low: int, high: int, context: str) -> tuple[int, int]:
    if high < low:
        return 0, 0
    start, end = int(window.offsets[low, 0]), int(window.offsets[high, 1])
    after = window.offsets[high + 1 :, 0]
    return start, with_marks(context, max(start, end), int(after.min(initial=len(context))))


def _target(window: Window, example: Example) -> tuple[int, int]:
    spans = (window.locate(answer, example.texts["context"]) for answer in example.answers)
    return next((span for span in spans if span is not None), (window.classifier, window.classifier))


def _without_spaces(answer: Answer, context: str) -> tuple[int, int]:
    """Return where the answer begins and ends without the spaces around it."""
    text = context[answer.start : answer.start + len(answer.text)]
    return answer.start + len(text) - len(text.lstrip()), answer.start + len(text.rstrip())


def _window(
    encoding: Encoding, context: str, tokenizer: PreTrainedTokenizerBase, *, opens: bool, closes: bool
) -> Window:
    held = np.flatnonzero(np.array([part == 1 for part in encoding.sequence_ids]))
    first, count = (int(held[0]), len(held)) if len(held) else (0, 0)
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)[first : first + count]
    classifier = encoding.ids.index(tokenizer.cls_token_id) if tokenizer.cls_token_id in encoding.ids else 0
    return Window(first, classifier, trim(offsets, context), opens, closes)


def _windows(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, limits: Limits
) -> tuple[Sequence[Encoding], list[int]]:
    """Return the windows of all examples in order, and the index of each one's example."""
    room = pair_room(tokenizer, limits, "question and context")
    longest = min(QUESTION_TOKENS, room // 2)
    encoded = tokenizer(
        truncate([example.texts["question"] for example in examples], tokenizer, longest),
        [example.texts["context"] for example in examples],
        truncation="only_second",
        max_length=limits.max_length,
        stride=min(limits.stride, (room - longest) // 2),  # the overlap has to be smaller than the window
        return_overflowing_tokens=True,
        return_attention_mask=False,
        verbose=False,
    )
    return encoded.encodings, encoded["overflow_to_sample_mapping"]
