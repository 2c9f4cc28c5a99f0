"""Heads: what turns hidden states into a form's output.

Owns what every head says of itself (`Head`), and the two shapes that most forms use: one vector a sequence, one vector
a token. A head is always fp32, whatever its
encoder runs in; what its outputs mean belongs to the form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor
    from transformers import PreTrainedModel

__all__ = ["Head", "LabelHead", "TokenHead"]


class Head(nn.Module):
    """What every head is: hidden states to a form's output.

    ``reads`` names what it is given of a `Batch` beside the hidden states, in the order of its arguments.
    """

    reads: ClassVar[tuple[str, ...]] = ()

    def depth(self, layers: int, asked: int | None) -> int | None:
        """Return whose output is read in an encoder of so many layers, 0 being the embeddings; None: the last one's."""
        return None

    def join(self, encoder: PreTrainedModel, heads: Mapping[str, Tensor]) -> None:
        """Take what it needs of the encoder that it is trained on, or of the output layers in its files: nothing."""


class LabelHead(Head):
    """Dropout, dense, tanh, dropout, out on one token, as `RobertaClassificationHead`.

    ``out.weight`` is ``(outputs, hidden)``: one row per label in the page's order, one row for a choice or a grade.
    ``summary`` is the token that is read: 0, or -1 for models that pad on the left and put it last (XLNet).
    """

    def __init__(self, hidden_size: int, outputs: int, *, summary: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.summary = summary
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, outputs)
        for linear in (self.dense, self.out):
            nn.init.normal_(linear.weight, std=0.02)
            nn.init.zeros_(linear.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map hidden states ``(rows, tokens, hidden)`` to outputs ``(rows, outputs)``."""
        with torch.autocast(hidden.device.type, enabled=False):
            summary = self.dropout(hidden[:, self.summary].float())
            logits: Tensor = self.out(self.dropout(torch.tanh(self.dense(summary))))
        return logits


class TokenHead(Head):
    """Dropout and one linear layer on every token: a score per tag, or for the start and the end of an answer."""

    def __init__(self, hidden_size: int, outputs: int, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden_size, outputs)
        nn.init.normal_(self.out.weight, std=0.02)
        nn.init.zeros_(self.out.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map hidden states ``(rows, tokens, hidden)`` to scores ``(rows, tokens, outputs)``."""
        with torch.autocast(hidden.device.type, enabled=False):
            scores: Tensor = self.out(self.dropout(hidden.float()))
        return scores
