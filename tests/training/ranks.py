"""One of two processes of which one misbehaves; started from test_ranks.py."""

import os
import signal
import sys
import time
from pathlib import Path

from adaptx.cli.main import run_and_report
from adaptx.training.orphan import end_with_parent
from adaptx.training.settings import ComputeSettings


def trained(folder: Path, deadline: float, misbehave) -> None:
    """Train the toy; rank 1 does ``misbehave`` after the third step, when all have met."""
    from toy import toy_job

    from adaptx.training import train as loop

    rank = int(os.environ["RANK"])
    how = ComputeSettings(device="cpu", processes=2, micro_tokens=60, deadline=deadline)
    one_step = loop._Run._one_step

    def step(run):
        one_step(run)
        if rank == 1 and run.step == 3:
            misbehave()

    loop._Run._one_step = step
    loop.train(toy_job(folder / "work", how=how), lambda _: None)
    (folder / f"ended{rank}").touch()


def leave() -> None:
    os._exit(0)


def suspend() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wait(folder: Path) -> None:
    """Watch the parent, say so, and work for long, heeding SIGTERM or not."""
    end_with_parent(grace=0.5)
    rank = os.environ["RANK"]
    heeds = rank == "0"
    signal.signal(signal.SIGTERM, (lambda *_: sys.exit(130)) if heeds else signal.SIG_IGN)
    fresh = folder / f"pid{rank}.new"
    fresh.write_text(str(os.getpid()))
    fresh.rename(folder / f"pid{rank}")
    time.sleep(300)


def main(what: str, folder: Path) -> None:
    if what == "wait":
        wait(folder)
    else:
        trained(folder, 600.0 if what != "suspend" else 4.0, {"leave": leave, "suspend": suspend, "die": die}[what])


if __name__ == "__main__":
    sys.exit(run_and_report(lambda: main(sys.argv[1], Path(sys.argv[2]))))
