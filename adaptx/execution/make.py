"""Make what was asked for: plan, use what is there, and have the rest computed here or in a DeepSpeed launch.

Owns the decision where work runs; imports the heavy half only when something is missing, so that a rerun is instant.
A launch gets the requests as JSON, plans again in every process and arrives at the same ids; the store is where
results meet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from adaptx.backbone import is_on_hub
from adaptx.errors import AdaptxError, Exit, Interrupted, Missing
from adaptx.execution.progress import Tell, silent
from adaptx.planning.choices import Choices
from adaptx.planning.planner import Planner, StackPlan, Step
from adaptx.store import Store
from adaptx.training.launch import launch
from adaptx.training.settings import ComputeSettings

if TYPE_CHECKING:
    from adaptx.schema.commands import Plan, PlannedStep, StepRow

__all__ = ["Job", "PlannedRequest", "Request", "cost", "locked", "make", "planned", "stored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One stack that somebody wants: trained, and evaluated on ``on`` (or its top) unless ``cells`` is False."""

    choices: Choices
    names: tuple[str, ...]
    on: str | None = None
    cells: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How requests are carried out: never part of an id."""

    how: ComputeSettings
    strict: bool = False
    keep: str = "needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """A request with its plan, ready to be walked."""

    planner: Planner
    plan: StackPlan


def planned(requests: Iterable[Request], store: Store) -> list[PlannedRequest]:
    """Plan every request against one store."""
    return [_planned(request, Planner(request.choices, store)) for request in requests]


def _planned(request: Request, planner: Planner) -> PlannedRequest:
    plan = planner.stack(request.names, request.on) if request.cells else planner.train(request.names)
    return PlannedRequest(planner=planner, plan=plan)


def locked(requests: Sequence[Request], store: Store) -> None:
    """Have the hub's newest commit locked for what no page pins and no lock file holds; offline that is `Missing`."""
    if any(request.choices.source == "hub" or is_on_hub(request.choices.backbone) for request in requests):
        from adaptx.execution.fetch import lock

        lock(requests, store)


def make(requests: Sequence[Request], store: Store, job: Job, tell: Tell = silent) -> list[StepRow]:
    """Make every step of every request; return one result per step, parents first, shared steps once."""
    makings = planned(requests, store)
    steps = _steps(makings)
    missing = {key for key in steps if store.get(key) is None}
    made = _compute(requests, makings, missing, store, job, tell) if missing else missing
    return [_result(step, store, reused=step.id not in made) for step in steps.values() if _kept(step, store)]


def stored(requests: Sequence[Request], store: Store, *, repair: str) -> list[StepRow]:
    """Return one result per step, all made before; raise `Missing` with the command ``repair`` where some were not."""
    steps = _steps(planned(requests, store))
    missing = [step for step in steps.values() if store.get(step.id) is None]
    if missing:
        told = f"{len(missing)} of {len(steps)} steps are not in {store.root}, the first is {missing[0].name}"
        raise Missing(told, hint=repair)
    return [_result(step, store, reused=True) for step in steps.values()]


def _steps(makings: Iterable[PlannedRequest]) -> dict[str, Step]:
    """Return every step of the plans once, parents first."""
    return {step.id: step for making in makings for step in making.plan.steps}


def _kept(step: Step, store: Store) -> bool:
    return store.get(step.id) is not None


def _result(step: Step, store: Store, *, reused: bool) -> StepRow:
    record = store.get(step.id)
    assert record is not None, f"{step.name} was just made"
    return {
        "id": step.id,
        "kind": step.kind,
        "name": step.name,
        "status": "reused" if reused else "made",
        "seconds": 0.0 if reused else float(record.manifest["seconds"]),
    }


def cost(requests: Sequence[Request], store: Store, job: Job, tell: Tell = silent, *, measured: bool) -> Plan:
    """Return every step with its state, and what those to do will cost; see `execution.estimate`."""
    makings = planned(requests, store)
    steps = _steps(makings)
    missing = sum(store.get(key) is None for key in steps)
    if not missing:
        return {"steps": [_done(step) for step in steps.values()], "seconds": 0.0}
    tell({"step": f"{missing} steps to do, {len(steps) - missing} in the store", "phase": "plan"})
    from adaptx.execution.estimate import estimate

    return estimate(makings, store, job, measured=measured)


def _done(step: Step) -> PlannedStep:
    return {"id": step.id, "kind": step.kind, "name": step.name, "status": "done"}


def _compute(
    requests: Sequence[Request],
    makings: Sequence[PlannedRequest],
    missing: set[str],
    store: Store,
    job: Job,
    tell: Tell,
) -> set[str]:
    """Return the ids that were made here: another command may have made a missing one, and one let go is made again."""
    if job.how.processes > 1 or job.how.hostfile is not None:
        _launch(requests, store, job)
        return missing
    # The bridge: from here on torch is loaded.
    from adaptx.execution.local import execute

    return execute(makings, store, job, tell)


def _launch(requests: Sequence[Request], store: Store, job: Job) -> None:
    with TemporaryDirectory(prefix="adaptx-") as folder:
        file = Path(folder) / "job.json"
        file.write_text(json.dumps(written(requests, store, job)), encoding="utf-8")
        code = launch("adaptx.cli.worker", [str(file)], job.how)
    if code == Exit.INTERRUPTED:
        raise Interrupted("interrupted", hint="the same command goes on from the last checkpoint")
    if code:
        raise AdaptxError(f"a process of the launch ended with code {code}", hint="its message is above")


def written(requests: Sequence[Request], store: Store, job: Job) -> dict[str, Any]:
    """Return a job as plain JSON values, for the processes of a launch."""
    how = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(job.how).items()}
    return {
        "store": str(store.root.resolve()),
        "requests": [{**asdict(request), "choices": request.choices.to_json()} for request in requests],
        "job": {"how": how, "strict": job.strict, "keep": job.keep},
    }


def read_job(value: Mapping[str, Any]) -> tuple[list[Request], Store, Job]:
    """Return what `written` wrote."""
    how = {**value["job"]["how"]}
    how["hostfile"] = Path(how["hostfile"]) if how["hostfile"] else None
    requests = [
        Request(
            choices=Choices.from_json(item["choices"]), names=tuple(item["names"]), on=item["on"], cells=item["cells"]
        )
        for item in value["requests"]
    ]
    return requests, Store(Path(value["store"])), Job(**{**value["job"], "how": ComputeSettings(**how)})
