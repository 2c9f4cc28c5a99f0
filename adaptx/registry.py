"""Plugins: what is installed under the entry-point groups of attacks, methods, searches and tasks.

Built-ins are registered through the same groups as strangers' packages. Listing reads metadata and imports nobody's
code; `load` imports the chosen object only, a stranger's first in a process of its own with a deadline, so that one
that raises, hangs or leaves is an error that names it; `faults` does that for every entry, a line each of ``doctor``.
``ADAPTX_PLUGINS=inside`` trusts all plugins: no process of their own, no deadline for an import. Metadata are read once
for each ``sys.path`` (about 10 ms), since a list of all tasks asks for every name.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from adaptx.errors import PluginError, UnknownName, UsageError
from adaptx.escaping import describe_error, one_line

__all__ = [
    "ATTACKS",
    "EXECUTORS",
    "GROUPS",
    "METHODS",
    "OWN",
    "SEARCHES",
    "SECONDS",
    "STEPS",
    "TASKS",
    "Entry",
    "entries",
    "environment",
    "faults",
    "import_entry",
    "is_apart",
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
OWN = "adaptx"  # the distribution whose entries come with adaptx itself, and are trusted
SWITCH, PLACES = "ADAPTX_PLUGINS", ("apart", "inside")
SECONDS = 30.0  # that the import of a plugin may take

# What the child of `faults` runs. The word comes last: a plugin that calls `os._exit(0)` must not look like success.
PROBE = "import sys; from {module} import {function} as use; use({arguments}); print('\\nloaded', flush=True)"
USES = {  # what else must succeed than the import, for a group whose names mean something to adaptx
    ATTACKS: {"module": "adaptx.robustness.attack", "function": "attack_request", "arguments": "sys.argv[2]"},
    METHODS: {"module": "adaptx.methods", "function": "method_named", "arguments": "sys.argv[2]"},
    SEARCHES: {"module": "adaptx.robustness.search", "function": "search_named", "arguments": "sys.argv[2]"},
    TASKS: {"module": "adaptx.tasks.catalog", "function": "task_named", "arguments": "sys.argv[2]"},
}
OURS = re.compile(r"adaptx\.errors\.\w+: (cannot import )?")
IMPORT = {"module": "adaptx.registry", "function": "import_entry", "arguments": "*sys.argv[1:]"}


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
    return sorted((entry for entry, _ in _entry_points(group)), key=lambda e: (e.name, e.distribution))


def names(group: str) -> list[str]:
    """Return the registered names, sorted, each once."""
    return sorted({entry.name for entry in entries(group)})


def is_apart(group: str, name: str) -> bool:
    """Return whether ``name`` is a stranger's, whose code runs in a process of its own; raise as `load`."""
    return _find(group, name)[0].distribution != OWN and _place() == "apart"


def load(group: str, name: str) -> Any:
    """Import what ``name`` stands for, a stranger's in a process of its own before it is imported here.

    Of a name that a stranger registers too, the built-in stands. Raises `UnknownName`, or `PluginError` where two
    strangers register it, or it cannot be imported or takes too long.
    """
    if is_apart(group, name) and (reason := _probe_once(tuple(sys.path), _find(group, name)[0])):
        raise PluginError(f"cannot import {reason}", hint="adaptx doctor examines every plugin")
    return import_entry(group, name)


def import_entry(group: str, name: str) -> Any:
    """Import what ``name`` stands for in this process; raise as `load`."""
    entry, point = _find(group, name)
    try:
        return point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a stranger's module may raise anything at all
        raise PluginError(f"cannot import {entry}: {describe_error(error)}") from error


def faults(group: str, *, seconds: float = SECONDS) -> list[tuple[Entry, str]]:
    """Use each entry in its own process for at most ``seconds``; return the failures, a line of reason each."""
    return [
        (entry, reason)
        for entry in entries(group)
        if (reason := _name_clash(entry) or _probe(entry, seconds, use=True))
    ]


def _name_clash(entry: Entry) -> str | None:
    own = any(other.name == entry.name and other.distribution == OWN for other in entries(entry.group))
    return f"{entry}: the name is that of a built-in, which stands" if own and entry.distribution != OWN else None


def environment() -> dict[str, str]:
    """Return the environment of a child that finds modules where this process does."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _place() -> str:
    place = os.environ.get(SWITCH) or PLACES[0]
    if place not in PLACES:
        raise UsageError(f"{SWITCH}={place} is neither {' nor '.join(PLACES)}", hint=f"unset {SWITCH}")
    return place


def _find(group: str, name: str) -> tuple[Entry, EntryPoint]:
    pairs = [pair for pair in _entry_points(group) if pair[0].name == name]
    if not pairs:
        raise UnknownName(GROUPS.get(group, "plugin"), name, names(group))
    pairs = [pair for pair in pairs if pair[0].distribution == OWN] or pairs
    if len(pairs) > 1:
        both = " and ".join(sorted(str(entry) for entry, _ in pairs))
        raise PluginError(f"{name!r} is registered twice in {group}: {both}", hint="uninstall one of them")
    return pairs[0]


def _entry_points(group: str) -> tuple[tuple[Entry, EntryPoint], ...]:
    return _entry_points_on(tuple(sys.path), group)


@lru_cache(maxsize=32)  # every distribution's name is read from a file
def _entry_points_on(path: tuple[str, ...], group: str) -> tuple[tuple[Entry, EntryPoint], ...]:  # noqa: ARG001 - the key
    return tuple((_entry(point), point) for point in entry_points(group=group))


def _entry(point: EntryPoint) -> Entry:
    name, version = (point.dist.name, point.dist.version) if point.dist else ("unknown", "?")
    return Entry(group=point.group, name=point.name, target=point.value, distribution=name, version=version)


@lru_cache(maxsize=64)
def _probe_once(path: tuple[str, ...], entry: Entry) -> str | None:  # noqa: ARG001 - the path is part of the key
    return _probe(entry, SECONDS)


def _probe(entry: Entry, seconds: float, *, use: bool = False) -> str | None:
    """Return why ``entry`` cannot be imported, or None. Output goes to a file: grandchildren could hold a pipe open."""
    code = PROBE.format(**(USES.get(entry.group, IMPORT) if use else IMPORT))
    command = [sys.executable, "-P", "-c", code, entry.group, entry.name]
    with tempfile.TemporaryFile() as out:
        try:
            child = subprocess.run(  # noqa: S603 - our own interpreter
                command,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"{entry}: its import still ran after {seconds:g} s"
        out.seek(0)
        last = out.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
    if child.returncode == 0 and last == "loaded":
        return None
    told_by_child = one_line(OURS.sub("", last, count=1)) if OURS.match(last) else ""
    return told_by_child or f"{entry}: its import ended the process with code {child.returncode}"
