"""The executor of this process: one stack at a time so that a model loads once, what is missing made under leases.

The bridge: nothing above this floor reaches torch but through here. Owns the order of work, leases and commits; what a
step computes is in `steps.compute`. Several processes of a launch run this same code: layers take all ranks together,
other steps are dealt out, a cell with what stands on it to one rank, and the store is where they meet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.data.reader import RowsReader
from adaptx.methods import method_named
from adaptx.model.products import choose_dtype
from adaptx.model.stack import TrainedLayer
from adaptx.steps.compute.stack_context import StackContext
from adaptx.steps.progress import NumberedProgress
from adaptx.steps.step import compute_of, kind_of
from adaptx.steps.train import train_spec
from adaptx.store import Held
from adaptx.training.engine import Group, join

if TYPE_CHECKING:
    from adaptx.execution.job import Work
    from adaptx.planning.request import PlannedRequest, StackPlan
    from adaptx.steps.step import Step
    from adaptx.store import Lease, StoreView
    from adaptx.training.settings import ComputeSettings

__all__ = ["LocalExecutor"]

WAIT_S = 1.0  # between two looks at a lease that another command holds

Compute = Callable[[Path], Mapping[str, object]]
"""Computes a step into the ``staged`` folder of its work folder and returns the facts for the manifest."""


class LocalExecutor:
    """Makes every missing step of every plan here, then lets go of weights that nothing needs any more."""

    def submit(self, work: Work) -> None:
        """Walk the plans; all ranks agree first on what is missing, since each may see the store at another moment."""
        group = join(work.job.how)
        missing: frozenset[str] = group.agree(work.missing)
        steps = dict.fromkeys(step.id for planned in work.planned for step in _order(planned.plan))
        progress = NumberedProgress(work.report, [key for key in steps if key in missing])
        readers: dict[Hashable, RowsReader] = {}
        for done, planned in enumerate(work.planned, start=1):
            rows = _reader(planned, work, readers)
            _Walk(planned, rows, missing, work, group, progress).run()
            if work.job.keep == "needed" and group.rank == 0:
                _evict_weights(planned, work.planned[done:], work.view)


def _reader(planned: PlannedRequest, work: Work, readers: dict[Hashable, RowsReader]) -> RowsReader:
    """Return the reader of a source and a folder of text, one for all requests that share them."""
    key = planned.choices.source, planned.text_folder
    if key not in readers:
        readers[key] = RowsReader(planned.source, strict=work.job.strict, text=planned.text_folder)
    return readers[key]


def _evict_weights(planned: PlannedRequest, later: Sequence[PlannedRequest], view: StoreView) -> None:
    """Evict layers of all weights (2.2 GB each for XLM-R Large) once every planned step on them is committed."""
    wanted = {step.id for other in later for step in other.plan.layers}
    for step in planned.plan.layers:
        is_spent = bool(planned.plan.cells) and step.id not in wanted
        if is_spent and method_named(train_spec(step).method.name).trains_all:
            view.store.evict(step.id)
            view.forget(step.id)


class _Walk:
    """One plan being walked by one process of a group."""

    def __init__(
        self,
        planned: PlannedRequest,
        rows: RowsReader,
        missing: frozenset[str],
        work: Work,
        group: Group,
        progress: NumberedProgress,
    ) -> None:
        self.plan, self.missing, self.work, self.group, self.progress = planned.plan, missing, work, group, progress
        self.method = planned.choices.method
        dtype = choose_dtype(planned.precision, work.job.how.compute_dtype, group.device)
        self.settings = replace(work.job.how, compute_dtype=group.agree(dtype))
        self.stack = StackContext(
            backbone=planned.backbone,
            rows=rows,
            settings=self.settings,
            device=group.device,
            leads=group.rank == 0,
            report=progress,
            layers=self.plan.layers,
            steps={step.id: step for step in self.plan.steps},
            open_layer=self._open_layer,
        )

    def run(self) -> None:
        for step in self.plan.layers:
            if self._is_needed(step):
                self._make(step, together=True)
        families = _families(self.plan.asked.values())
        wanted = [family for family in families if any(step.id in self.missing for step in family)]
        for family in self._dealt(wanted):
            for step in family:
                if step.id in self.missing:
                    self._make(step)
        self.group.barrier()

    def _dealt(self, families: Sequence[list[Step]]) -> list[list[Step]]:
        """Return this rank's share, and then those of the others from behind.

        What another rank has not begun is made here, and what it makes is waited for while it gives signs of life: when
        a rank comes to the barrier, all is made.
        """
        rank, size = self.group.rank, self.group.size
        others = [family for number, family in enumerate(families) if number % size != rank]
        return [*families[rank::size], *reversed(others)]

    def _is_needed(self, step: Step) -> bool:
        """Say whether a layer is to be made: it is not there, or was let go and something missing stands on it."""
        if step.id in self.missing:
            return True
        record = self.work.view.get(step.id)
        evicted = record is not None and record.evicted
        return bool(self.group.agree(evicted)) and any(other.id in self.missing for other in self.plan.steps)

    def _make(self, step: Step, *, together: bool = False) -> None:
        """Make one step under its lease and commit it; with ``together``, rank 0 leads and every rank computes."""
        compute = compute_of(kind_of(step.kind))

        def compute_in(work: Path) -> Mapping[str, object]:
            return compute(step, self.stack, work)

        if together and self.group.size > 1:
            self._make_together(step, compute_in)
            return
        patience = self.settings.deadline if self.group.size > 1 else None
        store = self.work.view.store
        with store.lease(step.id, on_wait=lambda holder: self._waiting(step, holder), patience=patience) as lease:
            if not lease.already:
                self._commit(step, compute_in)

    def _make_together(self, step: Step, compute: Compute) -> None:
        store = self.work.view.store
        if self.group.rank > 0:
            while (found := self.group.agree(None)) is None:
                pass  # rank 0 waits for another command, however long that takes, and says so now and then
            if not found:
                compute(store.work(step.kind, step.id))
                self.group.barrier()  # rank 0 commits, and thereby clears the work folder, only now
            self.group.barrier()
            return
        with self._lease_for_all(step) as lease:
            if not self.group.agree(lease.already):
                self._commit(step, compute, before=self.group.barrier)
        self.group.barrier()

    @contextmanager
    def _lease_for_all(self, step: Step) -> Iterator[Lease]:
        """Hold a lease on rank 0; while another command has it the other ranks are told, lest they give up."""
        store, lease = self.work.view.store, None
        on_wait: Callable[[str], None] | None = partial(self._waiting, step)
        with ExitStack() as held:
            while lease is None:
                try:
                    lease = held.enter_context(store.lease(step.id, wait=False, on_wait=on_wait))
                except Held:
                    on_wait = None  # told once
                    self.group.agree(None)
                    time.sleep(WAIT_S)
            yield lease

    def _commit(self, step: Step, compute: Compute, before: Callable[[], None] = lambda: None) -> None:
        store = self.work.view.store
        folder = store.work(step.kind, step.id)
        self.progress.begin(step.id, step.name, step.kind, self.method)
        begin = time.perf_counter()
        facts = compute(folder)
        before()
        record = store.commit(
            step.spec,
            folder / "staged",
            parents=step.parents,
            how=_how(self.settings),
            seconds=time.perf_counter() - begin,
            facts={"name": step.name, "backbone": self.stack.backbone.name, **facts},
        )
        self.work.view.forget(step.id)
        self.work.view.note(record)
        self.work.on_made(step.id)

    def _open_layer(self, step: Step) -> TrainedLayer:
        record = self.work.view.intact(step.id)  # a flipped bit in a weight would be a wrong result without a sign
        return TrainedLayer(id=step.id, path=record.path, method=train_spec(step).method, task=step.task.name)

    def _waiting(self, step: Step, holder: str) -> None:
        self.stack.report({"step": step.name, "phase": "wait", "holder": holder})


def _how(settings: ComputeSettings) -> dict[str, str]:
    """Return what a manifest tells of the way of computing; how long ranks wait for each other is none of it."""
    told = {key: value for key, value in asdict(settings).items() if key != "deadline"}
    return {key: str(value) for key, value in told.items() if value is not None}


def _order(plan: StackPlan) -> list[Step]:
    """Return the steps of a plan in the order in which one process makes them."""
    return [*plan.layers, *(step for family in _families(plan.asked.values()) for step in family)]


def _families(kinds: Iterable[Sequence[Step]]) -> list[list[Step]]:
    """Return steps with all that stands on them, parents first: what one rank makes from one reading of rows."""
    families: dict[str, list[Step]] = {}
    for step in (step for steps in kinds for step in steps):
        home = next((families[parent] for parent in step.parents.values() if parent in families), None)
        if home is None:
            home = []
        home.append(step)
        families[step.id] = home
    return list({id(family): family for family in families.values()}.values())
