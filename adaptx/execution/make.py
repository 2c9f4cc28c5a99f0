"""Make what was planned: use what is in the store, have an executor make the rest, and say what became of each step.

Owns which executor works (entry-point group ``adaptx.executors``) and what is missing; may not compute, plan, or know a
kind of step. An executor is imported only when something is missing, so that a rerun is instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from adaptx import registry
from adaptx.backbone import is_on_hub
from adaptx.errors import Missing
from adaptx.execution.job import Executor, Job, Work
from adaptx.planning.request import PlannedRequest, Request, steps_of
from adaptx.steps.progress import ProgressCallback, silent

if TYPE_CHECKING:
    from adaptx.schema.commands import Plan, PlannedStep, StepRow
    from adaptx.steps.step import Step
    from adaptx.store import Store, StoreView

__all__ = ["cost", "lock_revisions", "make", "missing_steps", "require_stored"]


def lock_revisions(requests: Sequence[Request], store: Store) -> None:
    """Have the hub's newest commit locked for what no page pins and no lock file holds; offline that is `Missing`."""
    if any(request.choices.source == "hub" or is_on_hub(request.choices.backbone) for request in requests):
        from adaptx.execution.fetch import lock

        lock(requests, store)


def make(
    planned: Sequence[PlannedRequest], view: StoreView, job: Job, report: ProgressCallback = silent
) -> list[StepRow]:
    """Make every step of every plan; return one result per step, parents first, shared steps once."""
    steps, made = steps_of(planned), set[str]()
    missing = missing_steps(planned, view)
    if missing:
        work = Work(planned=planned, missing=missing, view=view, job=job, report=report, on_made=made.add)
        executor_for(job).submit(work)
    found = ((step, view.get(step.id)) for step in steps.values())
    return [_result(step, view, is_reused=step.id not in made) for step, record in found if record is not None]


def missing_steps(planned: Iterable[PlannedRequest], view: StoreView) -> frozenset[str]:
    """Return the ids of the planned steps that are not in the store."""
    return frozenset(key for key in steps_of(planned) if view.get(key) is None)


def cost(
    planned: Sequence[PlannedRequest], view: StoreView, job: Job, report: ProgressCallback = silent, *, measured: bool
) -> Plan:
    """Return every step with its state, and what those to do will cost; see `execution.estimate`."""
    steps, missing = steps_of(planned), missing_steps(planned, view)
    if not missing:
        return {"steps": [_step_done(step) for step in steps.values()], "seconds": 0.0}
    report({"step": f"{len(missing)} steps to do, {len(steps) - len(missing)} in the store", "phase": "plan"})
    from adaptx.execution.estimate import estimate

    return estimate(planned, missing, job, measured=measured)


def require_stored(planned: Sequence[PlannedRequest], view: StoreView, *, repair: str) -> list[StepRow]:
    """Return one result per step, all made before; raise `Missing` with the command ``repair`` where some were not."""
    steps = steps_of(planned)
    missing = [step for step in steps.values() if view.get(step.id) is None]
    if missing:
        message = f"{len(missing)} of {len(steps)} steps are not in {view.store.root}, the first is {missing[0].name}"
        raise Missing(message, hint=repair)
    return [_result(step, view, is_reused=True) for step in steps.values()]


def executor_for(job: Job) -> Executor:
    """Return who makes what is missing: this process, or several where they are asked for."""
    name = "launch" if job.how.processes > 1 or job.how.hostfile is not None else "local"
    executor: Executor = registry.load(registry.EXECUTORS, name)()
    return executor


def _step_done(step: Step) -> PlannedStep:
    return {"id": step.id, "kind": step.kind, "name": step.name, "status": "done"}


def _result(step: Step, view: StoreView, *, is_reused: bool) -> StepRow:
    record = view.get(step.id)
    assert record is not None, f"{step.name} was just made"
    return {
        "id": step.id,
        "kind": step.kind,
        "name": step.name,
        "status": "reused" if is_reused else "made",
        "seconds": 0.0 if is_reused else float(record.manifest["seconds"]),
    }
