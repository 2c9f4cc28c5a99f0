"""What `ls`, `show` and `prune` say: rows of plain values about tasks, attacks, backbones and what the store holds.

Light: reads pages, distribution metadata and manifests; imports nobody's plugin code and no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from adaptx import backbone, registry
from adaptx.steps.step import kind_of
from adaptx.tables import read_json
from adaptx.tasks.catalog import task_named, task_names
from adaptx.tasks.describe import summary, to_json

if TYPE_CHECKING:
    from adaptx.store import Store, StoredStep

__all__ = ["known", "pruned", "shown", "stored"]

Row = dict[str, Any]


def known(kind: str, *, whole: bool = False) -> list[Row]:
    """Return what can be asked for: tasks (``whole``: their pages), methods, attacks or backbones."""
    listed: dict[str, Callable[[], list[Row]]] = {
        "attacks": lambda: _registered(registry.ATTACKS),
        "backbones": _backbones,
        "methods": lambda: _registered(registry.METHODS),
        "searches": lambda: _registered(registry.SEARCHES),
    }
    if kind == "tasks":
        return [to_json(task) if whole else summary(task) for task in map(task_named, task_names())]
    return listed[kind]()


def _registered(group: str) -> list[Row]:
    return [
        {"name": entry.name, "distribution": entry.distribution, "version": entry.version, "target": entry.target}
        for entry in registry.entries(group)
    ]


def _backbones() -> list[Row]:
    named = [{"name": name, "stands for": target} for name, target in backbone.ALIASES.items()]
    return [*named, {"name": "a hub id or a folder", "stands for": ", ".join(backbone.ENCODERS)}]


def stored(store: Store, kind: str) -> list[Row]:
    """Return what the store holds: trained adapters, or every result."""
    return [_stored(record) for record in store.all("train" if kind == "adapters" else None)]


def _stored(record: StoredStep) -> Row:
    facts = record.manifest["facts"]
    row = {"id": record.id[:12], "kind": record.kind, "name": facts["name"], "backbone": facts["backbone"]}
    summary = dict(kind_of(record.kind).summary(record))
    score = summary.pop("score")
    seconds = round(record.manifest["seconds"], 1)
    return row | summary | {"score": score, "seconds": seconds, "evicted": record.evicted}


def shown(name: str, store: Callable[[], Store], *, is_task: bool = False) -> Row:
    """Return a task's page, or a stored step with its spec, manifest and scores."""
    if is_task or name in task_names() or name.endswith(".toml"):
        page: Row = to_json(task_named(name))
        return page
    opened = store()
    record = opened.get(opened.find(name))
    assert record is not None, "find returns ids of committed steps"
    files = {file: read_json(record.path / file) for file in ("scores.json",) if (record.path / file).is_file()}
    return {"id": record.id, "path": str(record.path), "spec": record.spec, "manifest": record.manifest, **files}


def pruned(store: Store, steps: Sequence[str], *, dry_run: bool) -> list[Row]:
    """Remove unfinished work, and the stored steps named; return what went (or would go)."""
    removed = [store.prune(dry_run=dry_run)] + [store.remove(store.find(step), dry_run=dry_run) for step in steps]
    return [{"path": str(path)} for part in removed for path in part.removed]
