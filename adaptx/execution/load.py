"""From names or an id to a stored stack, ready to answer: its committed files, checked, on this machine's device.

Bridge to `adaptx.model`. Owns which files a name means and with which lengths they are asked: those of an evaluation.
Nothing is trained here, and nothing is loaded that differs from its manifest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adaptx import backbone
from adaptx.errors import Incompatible, Missing, UsageError
from adaptx.evaluation.predictor import MICRO_TOKENS, Predictor
from adaptx.evaluation.task_model import TaskModel
from adaptx.model import stack
from adaptx.model.stack import TrainedLayer
from adaptx.planning.planner import plan
from adaptx.planning.request import Request
from adaptx.spec import MethodSpec
from adaptx.steps.evaluate import eval_spec
from adaptx.tasks.catalog import task_named
from adaptx.tasks.stored_page import task_of
from adaptx.training.engine import join

if TYPE_CHECKING:
    from adaptx.backbone import BackboneRef
    from adaptx.planning.choices import Choices
    from adaptx.store import Store, StoredStep
    from adaptx.tasks.task import Task
    from adaptx.training.settings import ComputeSettings

__all__ = ["by_id", "by_names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Which stack, for which task, and how its texts are cut."""

    backbone: BackboneRef
    layers: Sequence[TrainedLayer]
    task: Task
    precision: str
    max_length: int
    stride: int
    layer: int | None


def by_names(
    names: Sequence[str], on: str | None, choices: Choices, store: Store, settings: ComputeSettings
) -> TaskModel:
    """Load the stack that a request with these names means; raise `Missing` where a layer of it was not trained."""
    if not names:
        raise UsageError("no stack is named", hint="load_stack('squad', 'pawsx', ...) or load_stack(id=...)")
    planned = plan(Request(choices=choices, names=tuple(names), on=on), store)
    for step in planned.plan.layers:
        if store.get(step.id) is None:
            raise Missing(
                f"{step.name} ({step.id[:12]}) is not in {store.root}", hint=f"adaptx stack {' '.join(names)}"
            )
    spec = eval_spec(planned.plan.cells[0])
    asked = _Asked(
        backbone=planned.backbone,
        layers=[_layer(store.intact(step.id)) for step in planned.plan.layers],
        task=planned.plan.target,
        precision=spec.precision,
        max_length=spec.max_length,
        stride=spec.stride,
        layer=spec.layer,
    )
    return _load(asked, settings)


def by_id(step_id: str, store: Store, settings: ComputeSettings, *, on: str | None = None) -> TaskModel:
    """Load the stack whose top a stored training is, or that a stored evaluation was of; ``on`` names another task."""
    record = store.intact(store.find(step_id))
    if record.kind not in ("train", "eval"):
        raise Incompatible(f"{record.id[:12]} is an {record.kind} and no stack", hint="adaptx ls adapters")
    top = record if record.kind == "train" else _parent(record, "stack", store)
    records = _chain(top, store) if top else []
    spec = record.spec["optimisation"] if record.kind == "train" else record.spec
    task = task_named(on) if on else task_of(record)
    asked = _Asked(
        backbone=_backbone(top or record, store),
        layers=[_layer(one) for one in records],
        task=task,
        precision=record.spec["precision"],
        max_length=spec["max_length"],
        stride=spec.get("stride", 128),
        layer=record.spec.get("layer"),
    )
    return _load(asked, settings)


def _load(asked: _Asked, settings: ComputeSettings) -> TaskModel:
    device = join(settings).device
    model = stack.stack_for_evaluation(
        asked.backbone, asked.layers, asked.task, precision=asked.precision, device=device, layer=asked.layer
    )
    predictor = Predictor(
        model,
        asked.task,
        max_length=asked.max_length,
        stride=asked.stride,
        device=device,
        micro_tokens=settings.micro_tokens or MICRO_TOKENS,
    )
    return TaskModel(model, predictor)


def _chain(top: StoredStep, store: Store) -> list[StoredStep]:
    """Return a trained step after all that it stands on, bottom first."""
    below = _parent(top, "below", store)
    return [*(_chain(below, store) if below else ()), top]


def _parent(record: StoredStep, role: str, store: Store) -> StoredStep | None:
    parent = record.manifest["parents"].get(role)
    return store.intact(parent) if parent else None


def _layer(record: StoredStep) -> TrainedLayer:
    if record.evicted:
        hint = "the command that made it makes it again; --keep all keeps weights"
        raise Missing(f"the weights of {record.id[:12]} were removed after use", hint=hint)
    return TrainedLayer(
        id=record.id, path=record.path, method=MethodSpec(**record.spec["method"]), task=record.spec["rows"]["task"]
    )


def _backbone(record: StoredStep, store: Store) -> BackboneRef:
    """Return the encoder that a step was made with; raise `Incompatible` where its folder holds another by now."""
    name, revision = str(record.manifest["facts"]["backbone"]), record.spec["backbone"]
    kind, _, commit = revision.partition(":")
    found = backbone.resolve(f"{name}@{commit}" if kind == "commit" else name, store)
    if found.revision != revision:
        raise Incompatible(
            f"{record.id[:12]} was made with {name} at {revision}, which is now {found.revision}",
            hint="put the files back that it was made with",
        )
    return found
