"""Start several processes through DeepSpeed's own launchers and stand between them and the caller.

Owns the command line, the free port and signal forwarding; imports nothing heavy: the launcher does, in its own
process. One host goes to ``deepspeed.launcher.launch``, a host file to ``deepspeed.launcher.runner``. The children's
stdout goes to stderr, since stdout belongs to the result of the command.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from adaptx.errors import Exit, Missing

if TYPE_CHECKING:
    from adaptx.training.settings import ComputeSettings

__all__ = ["command", "free_port", "launch"]

STDERR = 2
FORWARDED = (signal.SIGINT, signal.SIGTERM)


def launch(module: str, args: Sequence[str], how: ComputeSettings) -> int:
    """Run ``python -m module args`` in every process of ``how`` and return the exit code of the launch.

    A SIGINT or SIGTERM sent to this process is forwarded as SIGTERM; the code is then 130, because the launcher itself
    ends with 1 once it has taken its children down. Raises `Missing` for a host file that is not there.
    """
    if how.hostfile is not None and not Path(how.hostfile).is_file():
        raise Missing(f"no host file at {how.hostfile}", hint="--hostfile FILE with lines such as: node1 slots=8")
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
        command(module, args, how), stdout=STDERR, env=_environment(how), start_new_session=True
    )
    with _forwarding(child) as forwarded:
        code = child.wait()
    return int(Exit.INTERRUPTED) if forwarded and code else code


def command(module: str, args: Sequence[str], how: ComputeSettings) -> list[str]:
    """Return the launcher's command line, with a port that is free at this moment."""
    common = [f"--master_port={free_port()}", "--module", "--no_local_rank"]
    if how.hostfile is not None:
        runner = [sys.executable, "-m", "deepspeed.launcher.runner", f"--hostfile={how.hostfile}"]
        return [*runner, *common, module, *args]
    world = base64.urlsafe_b64encode(json.dumps({"localhost": list(range(how.processes))}).encode()).decode()
    local = [sys.executable, "-m", "deepspeed.launcher.launch", f"--world_info={world}", "--log_level=warning"]
    return [*local, *common, module, *args]


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def _environment(how: ComputeSettings) -> dict[str, str]:
    """Share the cores among the processes of one host, unless the user has said otherwise."""
    cores = max(1, (os.cpu_count() or 1) // how.processes)
    environment = {"OMP_NUM_THREADS": str(cores), **os.environ}
    if how.device == "cpu":
        environment["DS_ACCELERATOR"] = "cpu"
    return environment


@contextmanager
def _forwarding(child: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Send SIGTERM to ``child`` when this process is told to stop; yields the signals that came."""
    came: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        came.append(number)
        child.terminate()

    before = {number: signal.signal(number, forward) for number in FORWARDED}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
