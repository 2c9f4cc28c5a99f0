"""A process of a launch ends with the one that started it: nobody is left to read what it says, and it holds the cores.

Owns the watching of the parent, without help from the kernel: where a parent dies, its children get another. As a
program, ``python -m adaptx.training.orphan MODULE ARGS`` runs a module under that watch.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

from adaptx.errors import Exit

__all__ = ["PARENT", "end_with_parent"]

PARENT = "LAUNCHER_PID"  # the variable that tells a process who started it, lest it looks only after that one's death
LOOK_S = 0.5
GRACE_S = 60.0  # from the signal, which means a checkpoint, to the end of a process that does not heed it


def end_with_parent(*, grace: float = GRACE_S) -> None:
    """Watch from a thread; once the parent is gone, send this process SIGTERM, and end it after ``grace`` seconds."""
    parent = int(os.environ.get(PARENT, os.getppid()))
    threading.Thread(target=_watch, args=(parent, grace), name="orphan", daemon=True).start()


def _watch(parent: int, grace: float) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.write(2, b"the process that started this one is gone: stopping\n")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os._exit(Exit.INTERRUPTED)


if __name__ == "__main__":
    end_with_parent()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
