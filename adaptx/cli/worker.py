"""One process of a launch: read the job, plan as every other process does, walk the plan.

Started by `training.launch` as ``python -m adaptx.cli.worker JOB``, and ends with the process that started it; not a
command of its own. May not print on stdout, which belongs to the command that launched it. Rank 0 alone tells progress,
as log lines.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from adaptx.cli.main import guarded
from adaptx.cli.output import catch_interrupts, quiet_stdout
from adaptx.cli.progress import progress_display
from adaptx.execution.job import Work, job_from_json
from adaptx.execution.make import missing_steps
from adaptx.planning.planner import plan_all
from adaptx.steps.progress import silent
from adaptx.store import StoreView
from adaptx.training.orphan import end_with_parent

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Walk the job of the file named last (the launcher may put ``--local_rank`` before it)."""
    from adaptx.execution.local import LocalExecutor

    requests, store, job = job_from_json(json.loads(Path(arguments[-1]).read_text(encoding="utf-8")))
    with quiet_stdout(), catch_interrupts(), progress_display() as progress:
        end_with_parent()
        report = progress if os.environ.get("RANK", "0") == "0" else silent
        planned, view = plan_all(requests, store), StoreView(store)
        missing = missing_steps(planned, view)
        work = Work(planned=planned, missing=missing, view=view, job=job, report=report, on_made=lambda _: None)
        LocalExecutor().submit(work)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(lambda: main(sys.argv[1:]), debug="ADAPTX_DEBUG" in os.environ))
