"""Verification: stored files against their sha256, stored scores against stored predictions. No model, no GPU.

Owns the proof of the promise that a result can be recomputed: a score is equal to the last bit, because the same code
reads the same rows in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adaptx.errors import AdaptxError
from adaptx.steps.step import kind_of
from adaptx.tables import read_json

if TYPE_CHECKING:
    from adaptx.schema.commands import VerifiedStep, VerifyResult
    from adaptx.store import Store, StoredStep

__all__ = ["verify"]


def verify(store: Store, prefixes: Sequence[str] = ()) -> VerifyResult:
    """Check the named steps, or all of them; return ``{"checked", "steps": [{"id", "kind", "name", "faults"}]}``."""
    ids = [store.find(prefix) for prefix in prefixes] or [record.id for record in store.all()]
    steps = [_checked(store, step_id) for step_id in ids]
    return {"checked": len(steps), "steps": steps}


def _checked(store: Store, step_id: str) -> VerifiedStep:
    faults = store.check(step_id)
    record = store.get(step_id)
    assert record is not None, "check raised where there is no such step"
    if not faults:
        faults = _recomputed(record)
    return {"id": step_id, "kind": record.kind, "name": record.manifest["facts"].get("name", ""), "faults": faults}


def _recomputed(record: StoredStep) -> list[str]:
    try:
        again = kind_of(record.kind).recomputed(record)
    except AdaptxError as error:
        return [f"{record.path}: scores cannot be recomputed: {error}"]
    if again is None:
        return []
    stored = read_json(record.path / "scores.json")["scores"]
    wrong = sorted(key for key in {*again, *stored} if again.get(key) != stored.get(key))
    return [f"{record.path}/scores.json: {key} is {stored.get(key)}, the rows give {again.get(key)}" for key in wrong]
