"""Forms, heavy half: tokens, head, loss, and reading predictions off the head's output.

Owns `Feature`, `Batch` and `ModelForm`; the light half of the same name is in `adaptx.tasks.forms`. A feature is one
row of model input: an example has one, or several where a long context is cut into windows. A loss is a *sum* over
units (row, labelled token or window) so that the engine can divide by the unit count of the whole effective batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from adaptx.errors import UnknownName

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from adaptx.model.forms.heads import Head
    from adaptx.tasks.example import Example, Prediction
    from adaptx.tasks.task import Task

__all__ = ["NO_TARGET", "Batch", "Feature", "Limits", "ModelForm", "heavy_form"]

NO_TARGET = -100  # what torch's cross-entropy leaves out


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths in tokens, special tokens included; ``stride`` is the overlap of neighbouring windows."""

    max_length: int
    stride: int = 128


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of model input. ``example`` indexes the sequence that was encoded; ``detail`` is the form's own.

    A feature with ``pieces`` is a bundle of rows that must share a micro-batch (the options of a question, while it is
    learnt): it has no ids of its own, and its length is what its rows cost, padded to the longest of them.
    """

    example: int
    ids: tuple[int, ...]
    types: tuple[int, ...] | None
    target: tuple[float, ...] = ()
    units: float = 1.0
    detail: Any = None
    pieces: tuple[Feature, ...] = ()

    def __len__(self) -> int:
        return len(self.pieces) * max(map(len, self.pieces)) if self.pieces else len(self.ids)


@dataclass(slots=True)
class Batch:
    """A padded micro-batch: tensors ``(rows, tokens)``; ``weights`` ``(features,)`` is 0 for fillers, else 1.

    A feature is one row, or as many as its ``pieces``, which follow each other.
    """

    input_ids: Tensor
    attention_mask: Tensor
    token_type_ids: Tensor | None
    weights: Tensor
    targets: Tensor  # (features, targets of the longest), shorter ones filled with NO_TARGET; empty axis at prediction
    features: list[Feature] = field(default_factory=list)
    part: int = 0  # of a mixture: which of its tasks, and so which head
    keys: Tensor | None = None  # what the dropout of each row is drawn from: `model.dropout.row_keys`


class ModelForm(Protocol):
    """The heavy half of a form."""

    name: str

    def head(self, hidden_size: int, task: Task, *, summary: int = 0) -> Head:
        """Return a fresh fp32 head mapping hidden states ``(rows, tokens, hidden)`` to the form's output.

        ``summary`` is the token that sums up a sequence: 0, or -1 where the tokenizer pads on the left (XLNet).
        """
        ...

    def encode(
        self,
        examples: Sequence[Example],
        tokenizer: PreTrainedTokenizerBase,
        task: Task,
        limits: Limits,
        *,
        targets: bool,
    ) -> list[Feature]:
        """Tokenise; with ``targets`` for training, where a feature that can teach nothing is left out."""
        ...

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the weighted sum of the loss over the batch's units, a scalar in fp32."""
        ...

    def decode(
        self, examples: Sequence[Example], features: Sequence[Feature], outputs: Sequence[Tensor]
    ) -> list[Prediction]:
        """Return one prediction per example; ``outputs[i]`` is that of ``features[i]``: unpadded, fp32, CPU."""
        ...


FORMS: Mapping[str, tuple[str, str]] = {
    "classification": ("adaptx.model.forms.classification", "ClassificationModelForm"),
    "choice": ("adaptx.model.forms.choice", "ChoiceModelForm"),
    "span": ("adaptx.model.forms.span", "SpanModelForm"),
    "tagging": ("adaptx.model.forms.tagging", "TaggingModelForm"),
    "mlm": ("adaptx.model.forms.mlm", "MlmModelForm"),
    "retrieval": ("adaptx.model.forms.retrieval", "RetrievalModelForm"),
}


def heavy_form(name: str) -> ModelForm:
    """Return the heavy half of the form called ``name``; raise `UnknownName`."""
    if name not in FORMS:
        raise UnknownName("form", name, FORMS)
    module, kind = FORMS[name]
    form: ModelForm = getattr(import_module(module), kind)()
    return form
