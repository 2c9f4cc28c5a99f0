"""Checks of an installation: versions, plugins, the store, the device. A check is a row with a state and what to do.

May not import plugin code here: each plugin is imported in a process of its own. States: ok, note, fault.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx import registry
from adaptx.errors import AdaptxError
from adaptx.options import unknown_variables
from adaptx.tasks.catalog import built_in_names, task_named

if TYPE_CHECKING:
    from typing import Literal

    from adaptx.model.products import ToldProducts
    from adaptx.schema.commands import Finding
    from adaptx.store import Store

__all__ = ["examine"]

PRODUCTS_S = 120.0  # seconds: torch from a cold disk, and one slow product
PACKAGES = ("torch", "transformers", "peft", "adapters", "datasets", "deepspeed", "click", "rich")


def examine(store: Store | AdaptxError) -> list[Finding]:
    """Return every finding, in the order: packages, plugins, task pages, store, matrix products, settings."""
    return [*_packages(), *_plugins(), *_pages(), *_store(store), *_products(), *_settings()]


def _finding(check: str, state: Literal["ok", "note", "fault"], detail: str) -> Finding:
    return {"check": check, "state": state, "detail": detail}


def _packages() -> list[Finding]:
    found = [_finding("python", "ok", sys.version.split()[0])]
    return found + [_package(name) for name in PACKAGES]


def _package(name: str) -> Finding:
    try:
        return _finding(name, "ok", version(name))
    except PackageNotFoundError:
        return _finding(name, "fault", f"not installed: pip install {name}")


def _plugins() -> list[Finding]:
    faults = [fault for group in registry.GROUPS for fault in registry.faults(group)]
    bad = {(entry.group, entry.name, entry.distribution) for entry, _ in faults}
    good = [
        _finding(f"{entry.group} {entry.name}", "ok", f"{entry.distribution} {entry.version}")
        for group in registry.GROUPS
        for entry in registry.entries(group)
        if (entry.group, entry.name, entry.distribution) not in bad
    ]
    return good + [_finding(f"{entry.group} {entry.name}", "fault", reason) for entry, reason in faults]


def _pages() -> list[Finding]:
    names = built_in_names()
    for name in names:
        task_named(name)
    taken = [entry for entry in registry.entries(registry.TASKS) if entry.name in names]
    told = [
        _finding(f"task {entry.name}", "fault", f"{entry}: the name is a built-in's, which stands") for entry in taken
    ]
    return [_finding("task pages", "ok", f"{len(names)} read"), *told]


def _store(store: Store | AdaptxError) -> list[Finding]:
    """Return what the store holds and a fault for each step that cannot be read; an error is why it is not open."""
    if isinstance(store, AdaptxError):
        return [_finding("store", "fault", f"{store}; {store.hint}")]
    count = sum(1 for _ in store.all())
    free = shutil.disk_usage(_existing(store.root)).free / 1e9
    told = f"{store.root}: {count} results, {free:.0f} GB free on its disk"
    faults = [_finding("store", "fault", f"{fault}; adaptx prune {path.name[:12]}") for path, fault in store.damaged()]
    return [_finding("store", "ok", told), *faults]


def _existing(path: Path) -> Path:
    return next(folder for folder in (path.resolve(), *path.resolve().parents) if folder.exists())


def _products() -> list[Finding]:
    """Return how fast each device multiplies matrices; torch is loaded in a process of its own."""
    command = [sys.executable, "-m", "adaptx.model.products"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PRODUCTS_S, check=True)  # noqa: S603
        return [_product(json.loads(line)) for line in done.stdout.splitlines()]
    except (OSError, ValueError, subprocess.SubprocessError) as fault:
        return [_finding("matrix products", "fault", f"could not be measured: {fault}")]


def _product(told: ToldProducts) -> Finding:
    rates = f"bf16 {told['bf16'] / 1e9:,.1f} GFLOP/s, fp32 {told['fp32'] / 1e9:,.1f} GFLOP/s ({told['machine']})"
    slow = told["bf16_in"] == "fp32"
    detail = f"{rates}: --precision bf16 is computed in {told['bf16_in']}"
    return _finding(f"matrix products, {told['device']}", "note" if slow else "ok", detail)


def _settings() -> list[Finding]:
    names = sorted(name for name in os.environ if name.startswith("ADAPTX_"))
    unknown = unknown_variables()
    return [
        _finding("environment", "fault", f"{name}: nothing reads it; {unknown[name]}")
        if name in unknown
        else _finding("environment", "note", f"{name}={os.environ[name]}")
        for name in names
    ]
