"""A process of its own for a stranger's code: started, asked one question at a time, and ended when it does not answer.

Owns `Process`: pipes, deadlines and the end of the child; knows nothing of attacks. Both sides write one line of JSON
each, since nothing that a stranger's process sends may be code. The child is `adaptx.robustness.worker.serve`. It lives
in a session of its own, so that Ctrl-C reaches adaptx alone, and watches its parent, so that it never outlives it.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from adaptx import registry
from adaptx.robustness.deadline import WAITING

__all__ = ["Gone", "Process"]

GRACE = 2.0  # seconds beyond a deadline in which the child's own alarm may answer
LOOK = 0.5  # seconds between looks at the clock of a child that does not answer
LONGEST = 64_000_000  # bytes of an answer
STDERR = 2
CHILD = "import sys; from adaptx.robustness.worker import serve; serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))"


class Gone(Exception):
    """The process ended, or was ended because it did not answer in time."""


class Process:
    """One child; `ask` raises `Gone` and has then ended it."""

    def __init__(self, name: str) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        try:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-P", "-c", CHILD, name, str(theirs_in), str(theirs_out)],
                env=registry.environment() | {registry.SWITCH: "inside"},  # it is the place apart
                stdin=subprocess.DEVNULL,
                stdout=STDERR,
                pass_fds=(theirs_in, theirs_out),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._in)
            os.close(self._out)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        os.set_blocking(self._out, False)
        self._rest = b""

    def ask(self, question: Any, seconds: float) -> Any:
        """Send a question and return its answer, for which the child may compute ``seconds``."""
        self._write(json.dumps(question).encode("ascii") + b"\n", _Clock(self._child.pid, seconds))
        return self.hear(seconds)

    def hear(self, seconds: float) -> Any:
        """Return the next thing that the child says."""
        line = self._read(_Clock(self._child.pid, seconds))
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise self._ended("answered something that is no JSON") from None

    def close(self) -> None:
        """End the child."""
        self._child.kill()
        self._child.wait()
        for descriptor in (self._in, self._out):
            with suppress(OSError):
                os.close(descriptor)

    def _write(self, data: bytes, clock: _Clock) -> None:
        while data:
            _, ready, _ = select.select([], [self._out], [], LOOK)
            try:
                data = data[os.write(self._out, data) :] if ready else data
            except BlockingIOError:
                continue
            except OSError:
                raise self._ended(self._last_words()) from None
            if clock.is_over():
                raise self._ended(clock.told)

    def _read(self, clock: _Clock) -> bytes:
        while b"\n" not in self._rest:
            if select.select([self._in], [], [], LOOK)[0]:
                part = os.read(self._in, 1 << 20)
                if not part:
                    raise self._ended(self._last_words())
                self._rest += part
            elif clock.is_over():
                raise self._ended(clock.told)
            if len(self._rest) > LONGEST:
                raise self._ended(f"answered with more than {LONGEST:,} bytes")
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _last_words(self) -> str:
        """Say how the child ended; one that closed its pipe and lives on is given a moment."""
        with suppress(subprocess.TimeoutExpired):
            return f"ended its process with code {self._child.wait(1.0)}"
        return "closed the pipe to adaptx"

    def _ended(self, why: str) -> Gone:
        self.close()
        return Gone(why)


class _Clock:
    """Tells when a child has computed for longer than it may, or not answered for `WAITING` times as long."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid, self._seconds = pid, seconds
        self._wall, self._processor = time.monotonic(), _computed(pid)

    @property
    def told(self) -> str:
        return f"overrun: more than {self._seconds:g} s, and did not heed the alarm"

    def is_over(self) -> bool:
        waited = time.monotonic() - self._wall
        computed = _computed(self._pid) - self._processor
        return computed > self._seconds + GRACE or waited > WAITING * self._seconds + GRACE


def _computed(pid: int) -> float:
    """Return the processor seconds of a process and all its threads; 0 where the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]  # fields 14 and 15
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
