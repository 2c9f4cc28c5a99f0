"""One of two processes that walk a job; rank 1 is late and sees another store than rank 0. Started by test_ranks.py."""

import os
import sys
import time
from pathlib import Path

from adaptx.cli import worker
from adaptx.cli.main import run_and_report
from adaptx.execution import local
from adaptx.execution.make import missing_steps
from adaptx.store import Store

SECONDS = 60.0
JOB, STORE, WHAT = sys.argv[1], Store(Path(sys.argv[2])), sys.argv[3]
dealt = local._Walk._dealt


def half_seems_made(planned, view):
    """What rank 1 would see if another command had just committed the layer and two cells."""
    plan = planned[0].plan
    return missing_steps(planned, view) - {step.id for step in (*plan.layers, *plan.cells[:2])}


def late(walk, families):
    """Deal only when rank 0 has made a cell."""
    until = time.monotonic() + SECONDS
    while not any(STORE.all("eval")) and time.monotonic() < until:
        time.sleep(0.05)
    return dealt(walk, families)


def slow(walk, families):
    """Come to the deal after all is made, as a process on a slow machine does."""
    until = time.monotonic() + SECONDS
    while sum(1 for _ in STORE.all("eval")) < len(families) and time.monotonic() < until:
        time.sleep(0.05)
    return dealt(walk, families)


if __name__ == "__main__":
    if os.environ["RANK"] == "1":
        worker.missing_steps = half_seems_made
        local._Walk._dealt = {"late": late, "slow": slow}[WHAT]
    sys.exit(run_and_report(lambda: worker.main([JOB])))
