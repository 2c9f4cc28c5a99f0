"""Leases: of all processes on all machines that want one thing made, one makes it and the others wait.

Works wherever O_EXCL does (NFS and Lustre included; no flock). A lease is a file ``<stem>.lease-<n>``. Whoever creates
generation ``n`` with O_EXCL holds it, and may only try once generation ``n - 1`` is *dead*. A dead file is not removed
before the thing is made, so death is for ever and a takeover happens exactly once, however slow a rival is between look
and create.

Dead means: on this machine, the process is gone; elsewhere, no heartbeat for ``stale`` seconds by the file server's
clock. A process that lives here is never robbed, however long it was suspended.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from adaptx.errors import AdaptxError

__all__ = ["STALE", "Held", "Holder", "Lease", "hold"]

STALE = 60.0  # seconds without a heartbeat; NFS may show a file's times up to 60 s late unless it is opened, as here
BEATS = 6  # heartbeats within STALE
MOST_BYTES = 10_000  # of a lease file
MOST_PIDS = 2**31
NAMED = {"host": str, "place": str, "pid": int, "birth": str}
FIRST_WAIT, LONGEST_WAIT = 0.02, 1.0  # seconds between looks


class Held(AdaptxError):
    """Somebody living holds the lease, and waiting was not wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that made a lease file; ``beat`` is its last heartbeat in seconds by the file server's clock."""

    host: str
    place: str  # host, boot and process namespace: within one place a pid means one thing
    pid: int
    birth: str  # start of the process in clock ticks since boot, against reused pids; "" where it cannot be known
    beat: float

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """``already``: the thing was made (before, or while we waited). ``taken_over``: an earlier holder died."""

    already: bool
    taken_over: bool = False


@contextmanager
def hold(
    stem: Path,
    *,
    done: Callable[[], bool],
    wait: bool = True,
    on_wait: Callable[[str], None] | None = None,
    stale: float = STALE,
    patience: float | None = None,
) -> Iterator[Lease]:
    """Hold the lease of ``stem`` for the body, unless ``done()``; with ``wait=False`` a living rival raises `Held`.

    ``on_wait`` is called once, with the rival ("process 17 on host"), when there is one. A rival without a heartbeat
    for ``patience`` seconds, such as a suspended process of this machine, raises `Held` as well.
    """
    claimed = _acquire(stem, done=done, wait=wait, on_wait=on_wait, stale=stale, patience=patience)
    if claimed is None:
        yield Lease(already=True)
        return
    try:
        with _heartbeat(claimed, _successor(claimed), stale / BEATS):
            yield Lease(already=done(), taken_over=_generation(claimed) > 0)
    finally:
        _release(stem, claimed, made=done())


def _acquire(
    stem: Path,
    *,
    done: Callable[[], bool],
    wait: bool,
    on_wait: Callable[[str], None] | None,
    stale: float,
    patience: float | None,
) -> Path | None:
    """Return our lease file, or None once ``done()``."""
    pause = FIRST_WAIT
    while not done():
        claimed = _claim(stem, stale)
        if isinstance(claimed, Path):
            return claimed
        if on_wait is not None:
            on_wait(str(claimed))
            on_wait = None
        if not wait:
            raise Held(f"{stem.name[:12]} is in the hands of {claimed}", hint="wait until it has ended")
        if patience is not None and _silence(claimed, stem.parent) > patience:
            told = f"{stem.name[:12]} is in the hands of {claimed}, which gave no sign for {patience:g} s"
            raise Held(told, hint="is it suspended or its machine gone? end it; the same command goes on from there")
        time.sleep(pause)
        pause = min(1.5 * pause, LONGEST_WAIT)
    return None


def _claim(stem: Path, stale: float) -> Path | Holder:
    """Create the first generation whose predecessors are all dead; return its path, or the living holder."""
    generation = 0
    while True:
        path = stem.with_name(f"{stem.name}.lease-{generation}")
        if _create(path):
            return path
        holder = _read(path)
        if holder is not None and _lives(holder, path, stale):
            return holder
        generation += holder is not None  # None: released between create and read; the same generation is free


def _create(path: Path) -> bool:
    """Create the lease file; one small write, so that a reader finds it empty for microseconds at most."""
    mine = {"host": socket.gethostname(), "place": _place(), "pid": os.getpid(), "birth": _birth(os.getpid())}
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(mine, stream)
    return True


def _read(path: Path) -> Holder | None:
    """Return the holder, or None where the file is gone. An empty file (killed while creating) has a heartbeat only."""
    try:
        with path.open("rb") as stream:  # open before stat: NFS then asks the server for fresh times
            beat, content = os.fstat(stream.fileno()).st_mtime, stream.read(MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError:  # a folder, or a file that is closed to us
        beat, content = path.lstat().st_mtime, b""
    return _holder(content, beat)


def _holder(content: bytes, beat: float) -> Holder:
    """Return whom a lease file names; whatever else is in it, somebody unknown holds it for as long as it beats."""
    with suppress(ValueError, RecursionError):
        told = json.loads(content)
        named = isinstance(told, dict) and {key: type(value) for key, value in told.items()} == NAMED
        if named and 0 < told["pid"] < MOST_PIDS:
            return Holder(**told, beat=beat)
    return Holder(host="unknown host", place="", pid=0, birth="", beat=beat)


def _lives(holder: Holder, path: Path, stale: float) -> bool:
    if holder.place == _place():
        return _runs(holder)
    since = _silence(holder, path.parent)
    if since < -stale:  # a beat of the future (a clock set back, a copied file) is one of now, else it would last
        with suppress(OSError):
            os.utime(path)
    return since <= stale


def _silence(holder: Holder, folder: Path) -> float:
    """Return the seconds since a holder's last heartbeat."""
    with tempfile.TemporaryFile(dir=folder) as fresh:  # its time is "now" by the same clock as the heartbeat's
        return os.fstat(fresh.fileno()).st_mtime - holder.beat


def _runs(holder: Holder) -> bool:
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process: it is there, and /proc may be closed to us
        return True
    return _birth(holder.pid) in ("", holder.birth)


def _birth(pid: int) -> str:
    """Return the start of a process in clock ticks since boot, ``zombie``, or "" where it cannot be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *rest = stat.rpartition(")")[2].split()  # fields 3 onward; the name before may hold spaces and parentheses
    return "zombie" if state in "ZX" else rest[18]  # field 22, starttime


def _place() -> str:
    boot = namespace = ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return f"{socket.gethostname()} {boot} {namespace}"


def _generation(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _successor(path: Path) -> Path:
    return path.with_name(f"{path.name.rpartition('-')[0]}-{_generation(path) + 1}")


@contextmanager
def _heartbeat(path: Path, successor: Path, seconds: float) -> Iterator[None]:
    """Touch ``path`` from a daemon thread; it ends with the process, also where the process is killed."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(seconds) and not successor.exists():  # given up for dead: stay dead
            with suppress(OSError):  # a beat lost to a busy file server is one beat late, not a failure
                os.utime(path)

    thread = threading.Thread(target=beat, name=f"heartbeat {path.name[:12]}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _release(stem: Path, claimed: Path, *, made: bool) -> None:
    """Remove our file; the dead ones stay until the thing is made, when a late rival can do no harm."""
    if made:
        for path in stem.parent.glob(f"{stem.name}.lease-*"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)  # no lease of ours, but in its place
            else:
                path.unlink(missing_ok=True)
    elif not _successor(claimed).exists():
        claimed.unlink(missing_ok=True)
