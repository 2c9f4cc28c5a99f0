"""Walk plans: what is in the store is reused, what is missing is made, one stack at a time so that a model loads once.

The bridge: nothing above this floor reaches torch but through here. Owns the order of work, leases and commits; what a
step computes is in `steps.compute.steps`. Several processes run this same code: training steps take all ranks
together, cells and attacks are dealt out one to a rank, and the store is where they meet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaptx.execution.progress import Numbered
from adaptx.methods import method_named
from adaptx.model.stack import TrainedLayer
from adaptx.spec import TrainSpec
from adaptx.steps.compute.steps import ComputeContext, LoadedStack, attack_step, eval_step, train_step
from adaptx.training.engine import Group, join

if TYPE_CHECKING:
    from adaptx.execution.make import Job, PlannedRequest
    from adaptx.execution.progress import Tell
    from adaptx.planning.planner import StackPlan, Step
    from adaptx.store import Store

__all__ = ["execute"]

Work = Callable[[Path], Mapping[str, Any]]
"""Computes a step into the ``staged`` folder of its work folder and returns the facts for the manifest."""


def execute(makings: Sequence[PlannedRequest], store: Store, job: Job, tell: Tell) -> set[str]:
    """Make every missing step of every plan, then let go of weights that nothing needs any more.

    Returns the ids of the steps that this process made.
    """
    group = join(job.how)
    made: set[str] = set()
    steps = dict.fromkeys(step.id for making in makings for step in making.plan.steps)
    numbered = Numbered(tell, [key for key in steps if store.get(key) is None])
    for done, making in enumerate(makings, start=1):
        place = ComputeContext(
            backbone=making.planner.backbone,
            source=making.planner.source,
            how=job.how,
            device=group.device,
            leads=group.rank == 0,
            strict=job.strict,
            tell=numbered,
            text=making.planner.text_folder if making.planner.choices.mlm else None,
        )
        walk = _Walk(making.plan, place, store, group, numbered)
        walk.run()
        made |= walk.made
        if job.keep == "needed" and group.rank == 0:
            _let_go(making.plan, makings[done:], store)
    return made


def _let_go(plan: StackPlan, later: Sequence[PlannedRequest], store: Store) -> None:
    """Evict layers of all weights (2.2 GB each for XLM-R Large) once every planned step on them is committed."""
    wanted = {step.id for making in later for step in making.plan.layers}
    for step in plan.layers:
        spec = step.spec
        assert isinstance(spec, TrainSpec), "layers are train steps"
        if plan.cells and step.id not in wanted and method_named(spec.method.name).trains_all:
            store.evict(step.id)


class _Walk:
    """One plan being walked by one process of a group."""

    def __init__(self, plan: StackPlan, place: ComputeContext, store: Store, group: Group, progress: Numbered) -> None:
        self.plan, self.place, self.store, self.group, self.progress = plan, place, store, group, progress
        self.made: set[str] = set()

    def run(self) -> None:
        for depth, step in enumerate(self.plan.layers):
            if self._is_needed(step):
                self._train(step, self.plan.layers[:depth])
        self._deal(self.plan.cells)
        self._deal(self.plan.attacks)

    def _is_needed(self, step: Step) -> bool:
        """Say whether a step is to be made: it is not there, or was let go and something missing stands on it."""
        record = self.store.get(step.id)
        if record is None:
            return True
        return record.evicted and any(self.store.get(other.id) is None for other in self.plan.steps)

    def _train(self, step: Step, below: Sequence[Step]) -> None:
        layers = [self._layer(lower) for lower in below]
        self._make(step, lambda work: train_step(step, layers, self.place, work), together=True)

    def _deal(self, steps: Sequence[Step]) -> None:
        missing = [step for step in steps if self.store.get(step.id) is None]
        mine = missing[self.group.rank :: self.group.size]
        if mine:
            bench = LoadedStack([self._layer(layer) for layer in self.plan.layers], self.plan.cells[0], self.place)
            for step in mine:
                self._make(step, self._work_of(step, bench))
        self.group.barrier()

    def _work_of(self, step: Step, bench: LoadedStack) -> Work:
        if step.kind == "eval":
            return lambda work: eval_step(step, bench, work)
        cell = next(cell for cell in self.plan.cells if cell.id == step.parents["cell"])
        return lambda work: attack_step(step, cell, self.plan.choices, bench, work)

    def _make(self, step: Step, compute: Work, *, together: bool = False) -> None:
        """Make one step under its lease and commit it; with ``together``, rank 0 leads and every rank computes."""
        if together and self.group.size > 1:
            self._make_together(step, compute)
            return
        with self.store.lease(step.id, on_wait=lambda holder: self._waiting(step, holder)) as lease:
            if lease.already:
                return
            self._commit(step, compute)

    def _make_together(self, step: Step, compute: Work) -> None:
        if self.group.rank > 0:
            if not self.group.agree(None):
                compute(self.store.work(step.kind, step.id))
                self.group.barrier()  # rank 0 commits, and thereby clears the work folder, only now
            self.group.barrier()
            return
        with self.store.lease(step.id, on_wait=lambda holder: self._waiting(step, holder)) as lease:
            if not self.group.agree(lease.already):
                self._commit(step, compute, before=self.group.barrier)
        self.group.barrier()

    def _commit(self, step: Step, compute: Work, before: Callable[[], None] = lambda: None) -> None:
        work = self.store.work(step.kind, step.id)
        self.progress.begin(step.id, step.name, step.kind, self.plan.choices.method)
        begin = time.perf_counter()
        facts = compute(work)
        before()
        self.store.commit(
            step.spec,
            work / "staged",
            parents=step.parents,
            how={key: str(value) for key, value in asdict(self.place.how).items() if value is not None},
            seconds=time.perf_counter() - begin,
            facts={"name": step.name, "backbone": self.place.backbone.name, **facts},
        )
        self.made.add(step.id)

    def _layer(self, step: Step) -> TrainedLayer:
        spec = step.spec
        assert isinstance(spec, TrainSpec), "layers are train steps"
        record = self.store.intact(step.id)  # a flipped bit in a weight would be a wrong result without a sign
        return TrainedLayer(id=step.id, path=record.path, method=spec.method, task=step.task.name)

    def _waiting(self, step: Step, holder: str) -> None:
        self.place.tell({"step": step.name, "phase": "wait", "holder": holder})
