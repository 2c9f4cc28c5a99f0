"""What `ls`, `show` and `prune` say: rows of plain values about tasks, attacks, backbones and what the store holds.

Light: reads pages, distribution metadata and manifests; imports nobody's plugin code and no model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from adaptx import backbone, registry
from adaptx.errors import AdaptxError, StoreCorrupt
from adaptx.escaping import describe_error
from adaptx.steps.step import kind_of
from adaptx.tables import read_json
from adaptx.tasks.catalog import task_named, task_names
from adaptx.tasks.describe import summary, to_json

if TYPE_CHECKING:
    from adaptx.schema.commands import AdapterRow, BackboneRow, PrunedRow, RegisteredRow, StoredRow, StoredStepView
    from adaptx.store import Store, StoredStep

    Page = Mapping[str, object]  # a task's page as JSON
    Rows = Sequence[Mapping[str, object]]

__all__ = ["details_of", "faults_of", "faults_of_listing", "list_known", "list_stored", "prune", "readable"]

SCORES = "scores.json"
BROKEN = "broken: "  # how the title of a task begins that cannot be read


def list_known(kind: str, *, whole: bool = False) -> Rows:
    """Return what can be asked for: tasks (``whole``: their pages), methods, attacks, searches or backbones."""
    if kind in ("tasks", "backbones"):
        return _tasks(whole=whole) if kind == "tasks" else _backbones()
    groups = {"methods": registry.METHODS, "attacks": registry.ATTACKS, "searches": registry.SEARCHES}
    return _entry_rows(groups[kind])


def _tasks(*, whole: bool) -> Rows:
    """Return every task; a stranger's that cannot be read is a line that says why, and no whole page."""
    rows: list[Page] = []
    for name in task_names():
        try:
            rows.append(to_json(task_named(name)) if whole else summary(task_named(name)))
        except AdaptxError as error:
            if whole:
                continue
            rows.append({**(dict.fromkeys(rows[0]) if rows else {}), "name": name, "title": f"{BROKEN}{error}"})
    return rows


def _entry_rows(group: str) -> list[RegisteredRow]:
    return [
        {"name": entry.name, "distribution": entry.distribution, "version": entry.version, "target": entry.target}
        for entry in registry.entries(group)
    ]


def _backbones() -> list[BackboneRow]:
    named: list[BackboneRow] = [{"name": name, "stands for": target} for name, target in backbone.ALIASES.items()]
    return [*named, {"name": "a hub id or a folder", "stands for": ", ".join(backbone.ENCODERS)}]


def list_stored(store: Store, kind: str) -> list[AdapterRow | StoredRow]:
    """Return what the store holds: trained adapters, or every result; `faults_of_listing` has what cannot be listed."""
    return [row for _, row, _ in _rows_with_faults(store, kind) if row is not None]


def faults_of_listing(store: Store, kind: str) -> list[str]:
    """Return a line for each step that `list_stored` leaves out, with its path and what is wrong."""
    damaged = [fault for _, fault in store.damaged(_kind_of_list(kind))]
    return damaged + [
        f"{record.path}: cannot be listed: {wrong}" for record, _, wrong in _rows_with_faults(store, kind) if wrong
    ]


def _kind_of_list(kind: str) -> str | None:
    return "train" if kind == "adapters" else None


def _rows_with_faults(store: Store, kind: str) -> Iterator[tuple[StoredStep, AdapterRow | StoredRow | None, str]]:
    for record in store.all(_kind_of_list(kind)):
        try:
            yield record, _row(record), ""
        except (AdaptxError, KeyError, TypeError, ValueError, AttributeError, OSError) as error:  # of foreign values
            yield record, None, describe_error(error)


def _row(record: StoredStep) -> AdapterRow | StoredRow:
    facts = record.manifest["facts"]
    row = {"id": record.id[:12], "kind": record.kind, "name": facts["name"], "backbone": facts["backbone"]}
    summary = dict(kind_of(record.kind).summary(record))
    score = summary.pop("score")
    seconds = round(record.manifest["seconds"], 1)
    # Columns of a kind are its own: what is published of them is checked against the schema, not here.
    return cast("StoredRow", row | summary | {"score": score, "seconds": seconds, "evicted": record.evicted})


def details_of(name: str, store: Callable[[], Store], *, is_task: bool = False) -> Page | StoredStepView:
    """Return a task's page, or a stored step with its spec, manifest and scores."""
    if is_task or name in task_names() or name.endswith(".toml"):
        page: Page = to_json(task_named(name))
        return page
    opened = store()
    record = readable(opened, opened.find(name))
    view: StoredStepView = {
        "id": record.id,
        "path": str(record.path),
        "spec": record.spec,
        "manifest": record.manifest,
    }
    with suppress(AdaptxError):  # a damaged file is a line of `faults_of`
        view["scores.json"] = read_json(record.path / SCORES)
    return view


def faults_of(details_of: Page | StoredStepView, store: Callable[[], Store]) -> list[str]:
    """Return what is wrong with a stored step that `details_of` has shown; nothing of a page."""
    step_id = details_of.get("id")
    return store().check(step_id) if isinstance(step_id, str) and "manifest" in details_of else []


def readable(store: Store, step_id: str) -> StoredStep:
    """Return a step that has a folder; raise `StoreCorrupt` with a line for each fault where it cannot be read."""
    try:
        record = store.get(step_id)
    except StoreCorrupt:
        record = None
    if record is None:
        hint = f"adaptx prune {step_id[:12]}, and the command that made it makes it again"
        raise StoreCorrupt("\n".join(store.check(step_id)), hint=hint)
    return record


def prune(store: Store, steps: Sequence[str], *, dry_run: bool) -> list[PrunedRow]:
    """Remove unfinished work, and the stored steps named; return what went (or would go)."""
    removed = [store.prune(dry_run=dry_run)] + [store.remove(store.find(step), dry_run=dry_run) for step in steps]
    return [{"path": str(path)} for part in removed for path in part.removed]
