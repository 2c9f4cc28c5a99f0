"""What the operating system refuses, in one sentence with what and where: disks, permissions, limits, memory.

Owns the sentences and how the refusal is known in the exceptions of Python, torch, Arrow and Rust's libraries. Nothing
is lost by one: what was stored is whole, and the same command goes on.
"""

from __future__ import annotations

import errno
import os
import re

from adaptx.errors import SystemFault

__all__ = ["system_fault"]

ON = "the same command goes on where it stopped"
REFUSALS = {
    errno.ENOSPC: ("the disk is full", f"free some space, and {ON}"),
    errno.EDQUOT: ("the disk quota is used up", f"free some space, and {ON}"),
    errno.EROFS: ("the disk can only be read", "--store FOLDER on a disk that can be written"),
    errno.EACCES: ("not permitted", "check the owner and mode of the file and its folders"),
    errno.EPERM: ("not permitted", "check the owner and mode of the file and its folders"),
    errno.EMFILE: ("too many open files", f"raise the limit (ulimit -n), and {ON}"),
    errno.ENFILE: ("too many open files on this machine", f"close some, and {ON}"),
    errno.EFBIG: ("the file would be larger than is allowed", f"raise the limit (ulimit -f), and {ON}"),
    errno.ENAMETOOLONG: ("a name is too long for the file system", "give a shorter one"),
    errno.ENOENT: ("no such file or folder", None),
    errno.ENOTDIR: ("not a folder", None),
    errno.EISDIR: ("a folder, not a file", None),
    errno.ELOOP: ("links that lead in a circle", None),
    errno.EIO: ("the disk fails", f"look at the system's log; where it works again {ON}"),
    errno.ENOMEM: ("out of memory", "--micro-tokens, --batch or --max-length smaller, or a smaller backbone"),
}
TOLD_NUMBER = re.compile(r"\(os error (\d+)\)|\[errno (\d+)\]", re.IGNORECASE)  # of Rust and of Arrow
MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory|bad_alloc", re.IGNORECASE)


def system_fault(error: BaseException) -> SystemFault | None:
    """Return an exception as the system's refusal, in one sentence with what and where; None where it is none."""
    number = error.errno if isinstance(error, OSError) else _told_number(str(error))
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and MEMORY.search(str(error))):
        number = errno.ENOMEM
    if number in REFUSALS:
        what, hint = REFUSALS[number]
        return SystemFault(f"{what}: {_where(error) or os.strerror(number)}", hint=hint)
    if isinstance(error, ValueError) and "embedded null" in str(error):
        return SystemFault("a path with a zero byte in it", hint="give another name")
    if isinstance(error, (OSError, EOFError)):
        return SystemFault(f"{type(error).__name__}: {error}")
    return None


def _told_number(text: str) -> int | None:
    found = TOLD_NUMBER.search(text)
    return int(found[1] or found[2]) if found else None


def _where(error: BaseException) -> str:
    names = (getattr(error, "filename", None), getattr(error, "filename2", None))
    return " -> ".join(os.fsdecode(name) for name in names if name) or str(error).partition("\n")[0]
