"""Examples in, predictions out: the one way in which a model is asked, for clean text and under attack.

Owns batching for prediction, tokenisation reuse and the counters; may not score (`evaluate`) nor attack (`robustness`).
Inputs are sorted by length, cut by a token budget, padded to a multiple of 16 tokens and of 8 rows: on one CPU the
scores of a text are then bit-equal whatever it is asked with. Inputs that tokenise alike are forwarded once.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import torch

from adaptx.data.batching import prediction_batches
from adaptx.errors import AdaptxError, UsageError
from adaptx.model.forms import Batch, Feature, Limits, heavy_form
from adaptx.model.forms.collate import MULTIPLE, collate, unpad

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from adaptx.tasks.example import Example, Prediction
    from adaptx.tasks.task import Task

__all__ = ["MICRO_TOKENS", "Askable", "Counters", "Predictor"]

MICRO_TOKENS = 8192  # padded tokens per forward
ROWS = 8  # a batch holds a multiple: with 9 rows on two threads one thread's last row came out otherwise
SHARED = 192  # tokens: a longer row is padded to its own multiple alone; at 208 and 224 the same row came out otherwise


class Askable(Protocol):
    """What prediction needs of a model: `adaptx.model.stack.StackModel` is one."""

    tokenizer: PreTrainedTokenizerBase
    max_length: int  # tokens that its positions can hold

    def eval(self) -> object:
        """Turn dropout off."""
        ...

    def __call__(self, batch: Batch) -> Tensor:
        """Return the head's output for a padded batch."""
        ...


@dataclass(slots=True)
class Counters:
    """What a predictor has done so far; times in seconds, ``padded_tokens`` counts padding and fillers too."""

    examples: int = 0
    rows: int = 0
    tokens: int = 0
    padded_tokens: int = 0
    seconds_tokenise: float = 0.0
    seconds_forward: float = 0.0
    seconds_decode: float = 0.0

    @contextmanager
    def timer(self, phase: str) -> Iterator[None]:
        """Add the time spent inside to ``seconds_<phase>``."""
        name, start = f"seconds_{phase}", perf_counter()
        try:
            yield
        finally:
            setattr(self, name, getattr(self, name) + perf_counter() - start)


class Predictor:
    """Ask a model about examples: its tokenizer, its form and its batches behind one call."""

    def __init__(
        self,
        model: Askable,
        task: Task,
        *,
        max_length: int,
        stride: int = 128,
        device: torch.device | str = "cpu",
        micro_tokens: int = MICRO_TOKENS,
        part: int = 0,
        name: str = "",
    ) -> None:
        if max_length > model.max_length:
            raise UsageError(
                f"--max-length {max_length} is more than the backbone's {model.max_length} positions",
                hint=f"--max-length {model.max_length}",
            )
        self.model, self.task, self.device, self.micro_tokens = model, task, device, micro_tokens
        self.part = part  # of a mixture: which head is asked
        self.name = name or task.name  # of the stack, in messages
        self.limits = Limits(max_length, stride)
        self.form = heavy_form(task.form)
        self.counters = Counters()
        self._tokenised: dict[tuple[str, ...], list[Feature]] = {}

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Return one prediction per example, in order."""
        features, outputs = self.outputs(examples)
        with self.counters.timer("decode"):
            return self.form.decode(examples, features, outputs)

    def outputs(self, examples: Sequence[Example]) -> tuple[list[Feature], list[Tensor]]:
        """Return the features of all examples in order and the head's output for each: unpadded, fp32, on the CPU."""
        features = [
            replace(feature, example=i) for i, windows in enumerate(self._tokenise(examples)) for feature in windows
        ]
        return features, self._outputs(features)

    def fingerprints(self, examples: Sequence[Example]) -> list[bytes]:
        """Return a hash of each example's token ids: equal bytes, and the model sees the same.

        The tokens are kept until the next call, so that predicting (some of) the same examples does not tokenise again.
        """
        found = self._tokenise(examples)
        self._tokenised = {_texts(example): windows for example, windows in zip(examples, found, strict=True)}
        return [_fingerprint(windows) for windows in found]

    @property
    def seconds_forward(self) -> float:
        """Seconds spent in the model so far."""
        return self.counters.seconds_forward

    @property
    def seconds_tokenise(self) -> float:
        """Seconds spent in the tokenizer so far."""
        return self.counters.seconds_tokenise

    @property
    def tokens(self) -> int:
        """Tokens forwarded so far, padding left out."""
        return self.counters.tokens

    def _tokenise(self, examples: Sequence[Example]) -> list[list[Feature]]:
        """Return the features of each example; only texts that `fingerprints` has not just seen are tokenised."""
        with self.counters.timer("tokenise"):
            new = {_texts(e): e for e in examples if _texts(e) not in self._tokenised}
            found = {**self._tokenised, **{texts: [] for texts in new}}
            texts = list(new)
            for feature in self.form.encode(
                list(new.values()), self.model.tokenizer, self.task, self.limits, targets=False
            ):
                found[texts[feature.example]].append(feature)
        return [found[_texts(example)] for example in examples]

    def _outputs(self, features: Sequence[Feature]) -> list[Tensor]:
        """Return the head's output for each feature; equal inputs are forwarded once."""
        rows: dict[tuple[tuple[int, ...], tuple[int, ...] | None], int] = {}
        places = [rows.setdefault((feature.ids, feature.types), len(rows)) for feature in features]
        distinct = [Feature(row, ids, types) for (ids, types), row in rows.items()]
        found: list[Tensor] = [torch.empty(0)] * len(distinct)
        self.model.eval()  # a training loop asks between its steps
        with self.counters.timer("forward"), torch.inference_mode():
            pending = [(batch, self.model(batch)) for batch in self._batches(distinct)]
            for batch, output in pending:  # read back once all is queued: a GPU does not wait in between
                answers = unpad(output.float().cpu(), batch)
                self._check_finite(answers)
                for feature, row in zip(batch.features, answers, strict=False):
                    found[feature.example] = row
        return [found[place] for place in places]

    def _check_finite(self, answers: Sequence[Tensor]) -> None:
        """Raise `AdaptxError` where the head answers with a NaN or an infinity: an argmax would make a label of it."""
        if not all(bool(row.isfinite().all()) for row in answers):
            raise AdaptxError(
                f"{self.name}: the model answers {self.task.name} with numbers that are not finite",
                hint="weights of an adapter or head are out of range: adaptx verify, train it again with a lower --lr, "
                "or --precision fp32 where the backbone overflows",
            )

    def _batches(self, features: Sequence[Feature]) -> Iterator[Batch]:
        lengths = [len(feature) for feature in features]
        for rows in prediction_batches(lengths, self.micro_tokens, MULTIPLE, ROWS, SHARED):
            batch = collate(
                [features[row] for row in rows], self.model.tokenizer, device=self.device, row_multiple=ROWS
            )
            batch.part = self.part
            self.counters.rows += len(rows)
            self.counters.tokens += sum(lengths[row] for row in rows)
            self.counters.padded_tokens += batch.input_ids.numel()
            yield batch


def _texts(example: Example) -> tuple[str, ...]:
    return tuple(example.texts.values())


def _fingerprint(windows: Sequence[Feature]) -> bytes:
    seen = hashlib.sha256()
    for window in windows:
        for values in (window.ids, window.types or ()):
            seen.update(len(values).to_bytes(4, "little"))
            seen.update(array("i", values).tobytes())
    return seen.digest()
