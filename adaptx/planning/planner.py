"""Plans: requests become steps with ids, in the order in which they can run; a command plans once.

Owns the assembly of a plan; what is hashed is resolved by `resolver`, and each kind of step plans its own
(`steps.step.StepKind`). A task without training rows of its own (xnli, xquad) is evaluated with the stack whose top is
its training counterpart; one that needs no training (tatoeba, bucc) with whatever stack is there, or the bare
backbone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from adaptx.data.source import open_source
from adaptx.planning.layers import layers_of, training_layers
from adaptx.planning.request import PlannedRequest, Request, StackPlan
from adaptx.planning.resolver import Resolver
from adaptx.steps.step import Step, kinds
from adaptx.steps.train import layer_name

if TYPE_CHECKING:
    from adaptx.store import Store

__all__ = ["plan", "plan_all"]


def plan_all(requests: Iterable[Request], store: Store) -> list[PlannedRequest]:
    """Plan every request against one store."""
    return [plan(request, store) for request in requests]


def plan(request: Request, store: Store) -> PlannedRequest:
    """Plan one request; raises what its pages, options, source and backbone have against it."""
    layers, target = layers_of(request.names, request.on) if request.cells else (training_layers(request.names), None)
    resolver = Resolver(request.choices, store, open_source(request.choices.source, store), layers, target)
    names = tuple(map(layer_name, layers))
    return PlannedRequest(
        request=request,
        plan=_stack_plan(names, resolver, cells=request.cells),
        backbone=resolver.backbone,
        source=resolver.source,
        precision=resolver.precision,
        text_folder=resolver.text_folder,
    )


def _stack_plan(names: tuple[str, ...], resolver: Resolver, *, cells: bool) -> StackPlan:
    """Ask every kind for its steps; without ``cells`` only those that make layers."""
    planned: dict[str, tuple[Step, ...]] = {}
    for kind in kinds():
        planned[kind.name] = tuple(kind.plan(resolver, planned)) if cells or kind.makes_layers else ()
    layers = tuple(step for kind in kinds() if kind.makes_layers for step in planned[kind.name])
    asked = {kind.name: planned[kind.name] for kind in kinds() if not kind.makes_layers}
    return StackPlan(names=names, target=resolver.target, layers=layers, asked=asked)
