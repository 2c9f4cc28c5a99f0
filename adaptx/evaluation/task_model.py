"""A committed stack as a torch module that answers plain rows: what `adaptx.load_stack` returns.

Owns `TaskModel`. It asks as an evaluation does (`Predictor`), so that an answer is the one that is stored; may not read
the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import Tensor, nn, ones_like

from adaptx.evaluation.retrieval import embed
from adaptx.model.forms import Batch
from adaptx.tasks.forms import form_named
from adaptx.tasks.plain_rows import answer_of, example_of, fields_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from adaptx.evaluation.predictor import Predictor
    from adaptx.model.stack import StackModel
    from adaptx.tasks.plain_rows import Answer, Row
    from adaptx.tasks.task import Task

__all__ = ["TaskModel"]


class TaskModel(nn.Module):
    """A frozen encoder with its layers and the head of one task, in evaluation mode, and its tokenizer."""

    def __init__(self, stack: StackModel, predictor: Predictor) -> None:
        super().__init__()
        self.stack = stack
        self._predictor = predictor
        self._embeds = form_named(self.task.form).searches  # a vector answers nothing by itself
        self.eval()

    @property
    def task(self) -> Task:
        """The page of the task that is answered."""
        return self._predictor.task

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The backbone's tokenizer."""
        return self.stack.tokenizer

    @property
    def fields(self) -> tuple[str, ...]:
        """The keys of a row."""
        every = fields_of(self.task)
        return every[:1] if self._embeds else every

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Return the head's fp32 output for padded token ids ``(rows, tokens)``, as the tokenizer makes them."""
        mask = ones_like(input_ids) if attention_mask is None else attention_mask
        weights, targets = ones_like(input_ids[:, 0]).float(), input_ids[:, :0]
        output: Tensor = self.stack(Batch(input_ids, mask, token_type_ids, weights, targets))
        return output

    def predict(self, rows: Iterable[Row]) -> list[Answer]:
        """Answer plain rows, one dict a row, in order.

        A row has the page's fields (`fields`): texts, a list of tokens for tagging, ``options`` for a choice. An answer
        has ``label`` with ``probabilities`` by name, ``answer`` with ``start`` and ``end`` (code points; -1 for no
        answer), ``tags``, ``grade``, or for retrieval the ``vector`` of the first field, of unit length. Raises
        `DataFault` naming row and field.
        """
        examples = [example_of(row, self.task, number, self.fields) for number, row in enumerate(rows)]
        if not examples:
            return []
        if self._embeds:
            return [{"vector": vector.tolist()} for vector in embed(self._predictor, examples)]
        return [answer_of(found, self.task) for found in self._predictor.predict(examples)]
