"""Every error a user may see, and the exit code that goes with it.

Owns the hierarchy; may not import anything of adaptx. Only ``cli.main`` catches these and prints ``error:`` and
``hint:`` to stderr; anything else that escapes is a bug and keeps its traceback. A message says what was asked and what
was found, the hint says what would work.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum

__all__ = [
    "AdaptxError",
    "DataFault",
    "Exit",
    "Incompatible",
    "Interrupted",
    "Missing",
    "PluginError",
    "RowFault",
    "StoreCorrupt",
    "SystemFault",
    "UnknownName",
    "UsageError",
]


class Exit(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    MISSING = 3
    INTERRUPTED = 130


class AdaptxError(Exception):
    """Something the user can act on; shown without a traceback."""

    exit_code: Exit = Exit.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(AdaptxError):
    """An option, a name or a combination that cannot mean anything."""

    exit_code = Exit.USAGE


class UnknownName(UsageError):
    """A name that is not registered; the hint holds the nearest known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = get_close_matches(name, names, n=3, cutoff=0.5)
        told = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(names) or 'none'}"
        super().__init__(f"unknown {kind} {name!r}", hint=told)


class Incompatible(UsageError):
    """Things that exist but do not go together (methods in one stack, an adapter of another backbone)."""


class Missing(AdaptxError):
    """A prerequisite is not here; the hint is the exact command that repairs it."""

    exit_code = Exit.MISSING


class DataFault(AdaptxError):
    """A file as a whole cannot be used: missing column, truncated, empty, duplicate ids, too many bad rows."""


class RowFault(ValueError):
    """One row cannot be used: it is quarantined and counted, not shown as an error of the run."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"field {field!r}: {reason}")
        self.field = field
        self.reason = reason


class StoreCorrupt(AdaptxError):
    """A committed file differs from its manifest."""


class PluginError(AdaptxError):
    """A plugin cannot be imported, or breaks the protocol it registered for."""


class Interrupted(AdaptxError):
    """SIGINT or SIGTERM: the work folder holds a checkpoint and the same command resumes."""

    exit_code = Exit.INTERRUPTED


class SystemFault(AdaptxError):
    """The operating system refused: a disk, a permission, a limit, memory. Nothing that was stored is lost."""
