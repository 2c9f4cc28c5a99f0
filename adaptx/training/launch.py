"""Start several processes, stand between them and the caller, and see that they end together.

Owns the processes of one host, which are children of this one, the free port and signal forwarding; imports nothing
heavy. A host file goes to DeepSpeed's runner. Stdout of all goes to stderr, since stdout belongs to the result of the
command. Who dies takes the others down: a rank that fails here, or this process (`orphan`).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from adaptx.errors import AdaptxError, Exit, Missing
from adaptx.training.orphan import PARENT

if TYPE_CHECKING:
    from adaptx.training.settings import ComputeSettings

__all__ = ["environment", "free_port", "launch", "runner_command"]

STDERR = 2
FORWARDED = (signal.SIGINT, signal.SIGTERM)
LOOK_S = 0.1
GRACE_S = 30.0  # from SIGTERM to SIGKILL for the other ranks of one that failed

Processes = Sequence["subprocess.Popen[bytes]"]


def launch(module: str, args: Sequence[str], how: ComputeSettings) -> int:
    """Run ``python -m module args`` in every process of ``how``; return 0, or the code of the first that failed.

    A SIGINT or SIGTERM sent to this process is forwarded as SIGTERM; the code is then 130. Raises `Missing` for a host
    file that is not there, and `AdaptxError` naming rank and signal where something killed a process.
    """
    if how.hostfile is not None and not Path(how.hostfile).is_file():
        raise Missing(f"no host file at {how.hostfile}", hint="--hostfile FILE with lines such as: node1 slots=8")
    children: list[subprocess.Popen[bytes]] = []
    with _forwarding(children) as forwarded:
        for command, variables in _commands(module, args, how):
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
                command, stdout=STDERR, env=variables, start_new_session=True
            )
            children.append(child)
            if forwarded:  # between two starts
                child.terminate()
        rank = _first_to_fail(children)
        code = 0 if rank is None else children[rank].returncode
        _end(children, how.deadline if forwarded or code == Exit.INTERRUPTED else GRACE_S)
    if forwarded and code:
        return int(Exit.INTERRUPTED)
    if code < 0:
        raise AdaptxError(
            f"rank {rank} was killed by {_name(-code)}; the other processes were stopped",
            hint="was memory short? fewer --processes or --micro-tokens; the same command goes on where it was",
        )
    return code


def _commands(module: str, args: Sequence[str], how: ComputeSettings) -> list[tuple[list[str], dict[str, str]]]:
    """Return the command line and the environment of every process to start."""
    if how.hostfile is not None:
        return [(runner_command(module, args, how.hostfile), _shares(how))]
    command, port = [sys.executable, "-u", "-m", module, *args], free_port()
    return [(command, environment(rank, port, how)) for rank in range(how.processes)]


def runner_command(module: str, args: Sequence[str], hostfile: Path) -> list[str]:
    """Return the command line of DeepSpeed's runner, which ends with this process."""
    options = [f"--hostfile={hostfile}", f"--master_port={free_port()}", "--module", "--no_local_rank"]
    return [sys.executable, "-m", "adaptx.training.orphan", "deepspeed.launcher.runner", *options, module, *args]


def environment(rank: int, port: int, how: ComputeSettings) -> dict[str, str]:
    """Return the environment of one process on this host: what `engine.join` reads, and whose child it is."""
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": how.processes, "MASTER_PORT": port, PARENT: os.getpid()}
    return {**_shares(how), "MASTER_ADDR": "127.0.0.1", **{name: str(value) for name, value in place.items()}}


def _shares(how: ComputeSettings) -> dict[str, str]:
    """Share the cores among the processes of one host, unless the user has said otherwise."""
    cores = max(1, (os.cpu_count() or 1) // how.processes)
    own: Mapping[str, str] = {"DS_ACCELERATOR": "cpu"} if how.device == "cpu" else {}
    return {"OMP_NUM_THREADS": str(cores), **os.environ, **own}


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def _first_to_fail(children: Processes) -> int | None:
    """Wait until a process failed, and return which, or all have ended well."""
    while True:
        codes = [child.poll() for child in children]
        failed = [rank for rank, code in enumerate(codes) if code]
        if failed:
            # Of several the one that was killed is the reason: the others lost their connection to it.
            return min(failed, key=lambda rank: (codes[rank] or 0) > 0)
        if all(code == 0 for code in codes):
            return None
        time.sleep(LOOK_S)


def _end(children: Processes, grace: float) -> None:
    """Stop what still runs: SIGTERM, and after ``grace`` seconds SIGKILL, which a stopped process heeds too."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    until = time.monotonic() + grace
    for child in children:
        try:
            child.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


@contextmanager
def _forwarding(children: Processes) -> Iterator[list[int]]:
    """Send SIGTERM to ``children`` when this process is told to stop; yields the signals that came."""
    came: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        came.append(number)
        for child in children:
            child.terminate()

    before = {number: signal.signal(number, forward) for number in FORWARDED}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
