"""One stack while its steps are computed: where, from which rows, on which committed layers.

Owns `StackContext`, which execution makes for each plan, and `LoadedStack`: what is evaluated and attacked is the
*committed files* of a stack, loaded once. May not take leases or commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from adaptx.data.cell import Cell
from adaptx.data.retrieval_layouts import check_gold, pool_revision, tuning_split
from adaptx.data.revision import require_revision
from adaptx.data.rows import load, load_items
from adaptx.data.source import reader_of
from adaptx.evaluation.predictor import MICRO_TOKENS, Predictor
from adaptx.evaluation.retrieval import Tuning, searcher
from adaptx.model import stack
from adaptx.steps.evaluate import eval_spec
from adaptx.tasks.forms import form_named

if TYPE_CHECKING:
    from adaptx.backbone import BackboneRef
    from adaptx.data.reader import RowsReader
    from adaptx.robustness.engine import Answers
    from adaptx.steps.progress import ProgressCallback
    from adaptx.steps.step import Step
    from adaptx.training.settings import ComputeSettings

__all__ = ["LoadedStack", "StackContext"]


@dataclass(slots=True, kw_only=True)
class StackContext:
    """What a step is computed with. ``open_layer`` gives the committed files of a layer, checked."""

    backbone: BackboneRef
    rows: RowsReader
    settings: ComputeSettings  # with a compute_dtype that is no longer "auto"
    device: str
    leads: bool  # of the processes that train together, one writes
    report: ProgressCallback
    layers: Sequence[Step]
    steps: Mapping[str, Step]  # of the whole plan, by id
    open_layer: Callable[[Step], stack.TrainedLayer]
    _loaded: LoadedStack | None = None

    def below(self, step: Step) -> list[stack.TrainedLayer]:
        """Return the committed layers underneath a layer, bottom first."""
        depth = [layer.id for layer in self.layers].index(step.id)
        return [self.open_layer(layer) for layer in self.layers[:depth]]

    def loaded(self, cell: Step) -> LoadedStack:
        """Return the whole stack, loaded for the first cell that needs it."""
        if self._loaded is None:
            self._loaded = LoadedStack(context=self, step=cell)
        return self._loaded


@dataclass(slots=True, kw_only=True)
class LoadedStack:
    """One committed stack, loaded for evaluation when the first cell needs it."""

    context: StackContext
    step: Step  # any cell of the stack: task, lengths and precision are the same for all
    _predictor: list[Predictor] = field(default_factory=list)
    _searched: dict[str, Answers] = field(default_factory=dict)

    @property
    def predictor(self) -> Predictor:
        """The stack's predictor; loads the model once."""
        if not self._predictor:
            self._predictor.append(self._open())
        return self._predictor[0]

    def answers(self, cell: Step) -> Answers:
        """Return what answers a cell: the predictor, or a search among the cell's items, which are embedded once."""
        if not form_named(cell.task.form).searches:
            return self.predictor
        if cell.id not in self._searched:
            self._searched = {cell.id: self._search(cell)}  # one pool at a time is held
        return self._searched[cell.id]

    def _search(self, cell: Step) -> Answers:
        """Return a search among a cell's items; raise `DataFault` where a file of them changed since the plan."""
        spec = eval_spec(cell)
        searched = Cell(reader_of(self.context.rows.source), cell.task, cell.language, spec.rows.split)
        queries, items, tuning = load(searched), load_items(searched), self._tuning(searched)
        require_revision(spec.rows.revision, queries.revision, cell.name, queries.files)
        require_revision(spec.pool, pool_revision(searched), f"a file that {cell.name} is searched or tuned on")
        check_gold(queries.examples, items, cell.name)
        return searcher(self.predictor, cell.task, items, queries.examples, tuning)

    def _tuning(self, searched: Cell) -> Tuning | None:
        """Return all rows of the split on which a cell's threshold is tuned, however few rows are scored."""
        split = tuning_split(searched)
        if split is None:
            return None
        tuned = replace(searched, split=split)
        return Tuning(split, load(tuned).examples, load_items(tuned))

    def _open(self) -> Predictor:
        spec, context = eval_spec(self.step), self.context
        model = stack.frozen(
            context.backbone,
            [context.open_layer(layer) for layer in context.layers],
            self.step.task,
            precision=spec.precision,
            device=context.device,
            compute_dtype=context.settings.compute_dtype,
            layer=spec.layer,
        )
        return Predictor(
            model,
            self.step.task,
            max_length=spec.max_length,
            stride=spec.stride,
            device=context.device,
            micro_tokens=context.settings.micro_tokens or MICRO_TOKENS,
            name=" → ".join(layer.task.name for layer in context.layers) or "backbone",
        )
