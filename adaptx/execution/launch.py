"""The executor of several processes: they are started here, each plans again and works as `local` does.

Owns the handing over of the job and the meaning of the launch's exit code.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from adaptx.errors import AdaptxError, Exit, Interrupted
from adaptx.execution.job import job_to_json
from adaptx.training.launch import launch

if TYPE_CHECKING:
    from adaptx.execution.job import Work

__all__ = ["LaunchExecutor"]


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
