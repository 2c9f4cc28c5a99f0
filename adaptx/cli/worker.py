"""One process of a launch: read the job, plan as every other process does, walk the plan.

Started by `training.launch` as ``python -m adaptx.cli.worker JOB``, and ends with the process that started it; not a
command of its own. May not print on stdout, which belongs to the command that launched it. Rank 0 alone tells progress,
as log lines.
"""

from __future__ import annotations

import os
import sys

from adaptx import api
from adaptx.cli.main import guarded
from adaptx.cli.output import catch_interrupts, quiet_stdout
from adaptx.cli.progress import progress_display

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Walk the job of the file named last (the launcher may put ``--local_rank`` before it)."""
    leads = os.environ.get("RANK", "0") == "0"
    with quiet_stdout(), catch_interrupts(), progress_display() as progress:
        api.take_part(arguments[-1], progress=progress if leads else lambda _: None)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(lambda: main(sys.argv[1:]), debug="ADAPTX_DEBUG" in os.environ))
