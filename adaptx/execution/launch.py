"""The executor of several processes: they are started here, each plans again and works as `local` does.

Owns the handing over of the job and the meaning of the launch's exit code.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from adaptx import registry
from adaptx.errors import AdaptxError, Exit, Interrupted
from adaptx.execution.job import Executor, Work, job_from_json, job_to_json
from adaptx.execution.make import missing_steps
from adaptx.planning.planner import plan_all
from adaptx.store import StoreView
from adaptx.training.launch import launch
from adaptx.training.orphan import end_with_parent

if TYPE_CHECKING:
    from adaptx.steps.progress import ProgressCallback

__all__ = ["LaunchExecutor", "take_part"]


def take_part(file: Path, report: ProgressCallback) -> None:
    """Work as one process of a launch, no longer than the one that started it: read the job, plan, walk the plan."""
    end_with_parent()
    requests, store, job = job_from_json(json.loads(file.read_text(encoding="utf-8")))
    planned, view = plan_all(requests, store), StoreView(store)
    missing = missing_steps(planned, view)
    work = Work(planned=planned, missing=missing, view=view, job=job, report=report, on_made=lambda _: None)
    executor: Executor = registry.load(registry.EXECUTORS, "local")()
    executor.submit(work)


class LaunchExecutor:
    """Starts ``processes`` on this machine or those of a hostfile, and waits for them."""

    def submit(self, work: Work) -> None:
        """Have the processes make what is missing; raise `Interrupted`, or `AdaptxError` where one of them failed."""
        with TemporaryDirectory(prefix="adaptx-") as folder:
            file = Path(folder) / "job.json"
            requests = [planned.request for planned in work.planned]
            file.write_text(json.dumps(job_to_json(requests, work.view.store, work.job)), encoding="utf-8")
            code = launch("adaptx.cli.worker", [str(file)], work.job.how)
        if code == Exit.INTERRUPTED:
            raise Interrupted("interrupted", hint="the same command goes on from the last checkpoint")
        if code:
            raise AdaptxError(f"a process of the launch ended with code {code}", hint="its message is above")
        for step_id in work.missing:
            work.on_made(step_id)
