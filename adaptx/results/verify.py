"""Verification: stored files against their sha256, stored scores against stored predictions. No model, no GPU.

Owns the proof of the promise that a result can be recomputed: a score is equal to the last bit, because the same code
reads the same rows in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adaptx.escaping import told
from adaptx.steps.step import kind_of
from adaptx.tables import read_json

if TYPE_CHECKING:
    from adaptx.schema.commands import VerifiedStep, VerifyResult
    from adaptx.store import Store, StoredStep

__all__ = ["lost_parents", "verify"]


def verify(store: Store, prefixes: Sequence[str] = ()) -> VerifyResult:
    """Check the named steps, or all of them; return ``{"checked", "steps": [{"id", "kind", "name", "faults"}]}``."""
    ids = [store.find(prefix) for prefix in prefixes] or store.ids()
    steps = [_checked(store, step_id) for step_id in ids]
    return {"checked": len(steps), "steps": steps}


def _checked(store: Store, step_id: str) -> VerifiedStep:
    faults, name = store.check(step_id), ""
    if not faults:
        record = store.get(step_id)
        assert record is not None, "a step without a fault is there"
        faults, name = _recomputed(record), str(record.manifest["facts"].get("name", ""))
    return {"id": step_id, "kind": store.folder(step_id).parts[-3], "name": name, "faults": faults}


def lost_parents(store: Store) -> list[str]:
    """Return a line for each step that stands on one that is not there: pruned, or lost. It is made again on need."""
    ids = set(store.ids())
    return [
        f"{record.kind} {record.id[:12]} stands on {role} {parent[:12]}, which is not in the store"
        for record in store.all()
        for role, parent in record.manifest["parents"].items()
        if parent not in ids
    ]


def _recomputed(record: StoredStep) -> list[str]:
    try:
        again = kind_of(record.kind).recomputed(record)
        stored = {} if again is None else dict(read_json(record.path / "scores.json")["scores"])
    except Exception as error:  # noqa: BLE001 - rows that nobody of us wrote may fail in any way: that is the fault
        return [f"{record.path}: scores cannot be recomputed: {told(error)}"]
    if again is None:
        return []
    wrong = sorted(key for key in {*again, *stored} if again.get(key) != stored.get(key))
    return [f"{record.path}/scores.json: {key} is {stored.get(key)}, the rows give {again.get(key)}" for key in wrong]
