"""Plugins: what is installed under the entry-point groups of attacks, methods, searches and tasks.

Built-ins are registered through the same groups as strangers' packages. Listing reads metadata and imports nobody's
code; `load` imports the chosen object only; `faults` imports each in a process of its own, so that a plugin that
raises, hangs or leaves is one line of ``doctor``. Metadata are read once for each ``sys.path`` (about 10 ms), since a
list of all tasks asks for every name.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from adaptx.errors import PluginError, UnknownName

__all__ = [
    "ATTACKS",
    "EXECUTORS",
    "GROUPS",
    "METHODS",
    "OWN",
    "SEARCHES",
    "STEPS",
    "TASKS",
    "Entry",
    "entries",
    "faults",
    "load",
    "names",
]

ATTACKS, METHODS, SEARCHES, TASKS = "adaptx.attacks", "adaptx.methods", "adaptx.searches", "adaptx.tasks"
STEPS, EXECUTORS = "adaptx.steps", "adaptx.executors"
GROUPS = {  # and what one of them is called
    ATTACKS: "attack",
    EXECUTORS: "executor",
    METHODS: "method",
    SEARCHES: "search",
    STEPS: "kind of step",
    TASKS: "task",
}
OWN = "adaptx"  # the distribution whose entries come with adaptx itself

# What the child of `faults` runs. The word comes last: a plugin that calls `os._exit(0)` must not look like success.
PROBE = "import sys; from adaptx.registry import load; load(*sys.argv[1:]); print('\\nloaded', flush=True)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One registered name and the distribution that brings it; ``target`` is ``module:attribute``."""

    group: str
    name: str
    target: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} of {self.distribution} {self.version} ({self.target})"


def entries(group: str) -> list[Entry]:
    """Return what is registered, sorted by name then distribution; a name registered twice is listed twice."""
    return sorted((_entry(point) for point in _points(group)), key=lambda e: (e.name, e.distribution))


def names(group: str) -> list[str]:
    """Return the registered names, sorted, each once."""
    return sorted({entry.name for entry in entries(group)})


def load(group: str, name: str) -> Any:
    """Import what ``name`` stands for; raise `UnknownName`, or `PluginError` where it is broken or registered twice."""
    points = [point for point in _points(group) if point.name == name]
    if not points:
        raise UnknownName(GROUPS[group], name, names(group))
    if len(points) > 1:
        both = " and ".join(sorted(str(_entry(point)) for point in points))
        raise PluginError(f"{name!r} is registered twice in {group}: {both}", hint="uninstall one of them")
    try:
        return points[0].load()
    except (Exception, SystemExit) as error:  # a stranger's module may raise anything at all
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        raise PluginError(f"cannot import {_entry(points[0])}: {cause}") from error


def faults(group: str, *, seconds: float = 30.0) -> list[tuple[Entry, str]]:
    """Import each entry in its own process for at most ``seconds``; return the failures, a line of reason each."""
    return [(entry, reason) for entry in entries(group) if (reason := _probe(entry, seconds))]


def _points(group: str) -> tuple[EntryPoint, ...]:
    return _points_on(tuple(sys.path), group)


@lru_cache(maxsize=8)
def _points_on(path: tuple[str, ...], group: str) -> tuple[EntryPoint, ...]:  # noqa: ARG001 - the path is the key
    return tuple(entry_points(group=group))


def _entry(point: EntryPoint) -> Entry:
    name, version = (point.dist.name, point.dist.version) if point.dist else ("unknown", "?")
    return Entry(group=point.group, name=point.name, target=point.value, distribution=name, version=version)


def _probe(entry: Entry, seconds: float) -> str | None:
    """Return why ``entry`` cannot be imported, or None. Output goes to a file: grandchildren could hold a pipe open."""
    command = [sys.executable, "-P", "-c", PROBE, entry.group, entry.name]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}  # where we would look
    with tempfile.TemporaryFile() as out:
        try:
            child = subprocess.run(  # noqa: S603 - our own interpreter
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return f"{entry}: its import still ran after {seconds:g} s"
        out.seek(0)
        last = out.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
    if child.returncode == 0 and last == "loaded":
        return None
    return last.partition("PluginError: ")[2] or f"{entry}: its import ended the process with code {child.returncode}"
