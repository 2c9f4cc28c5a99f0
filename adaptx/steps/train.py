"""Training steps: one layer of a stack, above the layer underneath. The light half; `compute.train` trains.

Owns how a layer becomes a spec and what it costs. A layer has no scores of its own: what it is worth is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from adaptx.spec import PartSpec, TrainSpec
from adaptx.steps.step import Load, Step, step
from adaptx.tasks.mlm import MLM

if TYPE_CHECKING:
    from adaptx.steps.step import Planned, Pricing, ResolvedRequest
    from adaptx.store import StoredStep
    from adaptx.tasks.task import Task

__all__ = ["Train", "layer_name", "parts_of_spec", "train_spec"]


class Train:
    """Train one task, or a mixture, above what is frozen."""

    name = "train"
    after: tuple[str, ...] = ()
    makes_layers = True
    compute = "adaptx.steps.compute.train:compute"

    def plan(self, asked: ResolvedRequest, planned: Planned) -> Iterator[Step]:  # noqa: ARG002 - the first kind
        """Yield one step a layer, bottom first."""
        below: Step | None = None
        for depth, layer in enumerate(asked.layers):
            spec = _spec(asked, layer, below)
            name = " → ".join(map(layer_name, asked.layers[: depth + 1]))
            parents = {"below": below.id} if below else {}
            below = step(spec, name, layer[0], parents, spec.rows.language, others=tuple(layer[1:]))
            yield below

    def price(self, step: Step, pricing: Pricing) -> Load:
        """Return the epochs over all rows; batches of masked language modelling come on top of the tasks'."""
        spec = train_spec(step)
        beside = sum(other.share or 0.0 for other in spec.others)
        read = (spec.rows, *(other.rows for other in spec.others))
        rows, tokens = pricing.size(step.tasks, read, spec.optimisation.max_length)
        passes = spec.optimisation.epochs / (1 - beside)
        disk = pricing.artefact_bytes(spec.method)
        return Load(rows=rows, tokens=tokens, passes=passes, disk_bytes=disk, training=True)

    def recompute(self, record: StoredStep) -> Mapping[str, float] | None:  # noqa: ARG002 - there is none
        """Return None: files are checked, and scores are those of evaluations."""
        return None

    def summary(self, record: StoredStep) -> Mapping[str, object]:
        """Return method and seed, and the best score on dev rows."""
        best = record.manifest["facts"]["best"]["score"]
        score = None if best is None else round(best, 4)
        return {"method": record.spec["method"]["name"], "seed": record.spec["seed"], "score": score}


def layer_name(layer: Sequence[Task]) -> str:
    """Return the name of a layer as it is typed: ``mnli+squad``."""
    return "+".join(task.name for task in layer)


def train_spec(step: Step) -> TrainSpec:
    """Return the spec of a training step."""
    assert isinstance(step.spec, TrainSpec), "layers are train steps"
    return step.spec


def parts_of_spec(spec: TrainSpec) -> tuple[PartSpec, ...]:
    """Return every task that a step trains, the first as the others are written."""
    how = spec.optimisation
    return (PartSpec(rows=spec.rows, dev=spec.dev, max_length=how.max_length, stride=how.stride), *spec.others)


def _spec(asked: ResolvedRequest, layer: Sequence[Task], below: Step | None) -> TrainSpec:
    first, others = layer[0], layer[1:]
    train, dev = asked.training_rows(first)
    return TrainSpec(
        backbone=asked.backbone.revision,
        method=asked.method(first),
        rows=train,
        dev=dev,
        optimisation=asked.optimisation(first),
        below=below.id if below else None,
        seed=asked.seed,
        precision=asked.precision,
        others=tuple(asked.part(other, first) for other in others),
        sampling=asked.sampling if any(other is not MLM for other in others) else None,
    )
