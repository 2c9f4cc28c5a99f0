"""A store as one command sees it: every committed step is looked up once, and its files are checked once.

Owns `StoreView`. A step that was not there is looked up again when it is asked for again, since another command may
have made it; one that is there stays as it is, for committed steps do not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adaptx.store.store import Store, StoredStep

__all__ = ["StoreView"]


class StoreView:
    """Remembers what was found in a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._found: dict[str, StoredStep] = {}
        self._intact: set[str] = set()

    def get(self, step_id: str) -> StoredStep | None:
        """Return the committed step, or None; its bytes are not verified (see `intact`)."""
        if step_id not in self._found and (record := self.store.get(step_id)) is not None:
            self.note(record)
        return self._found.get(step_id)

    def intact(self, step_id: str) -> StoredStep:
        """Return a committed step whose files were checked; raises as `Store.intact`."""
        if step_id not in self._intact:
            self.note(self.store.intact(step_id))
            self._intact.add(step_id)
        return self._found[step_id]

    def note(self, record: StoredStep) -> None:
        """Remember a step that was found or made elsewhere."""
        self._found[record.id] = record

    def forget(self, step_id: str) -> None:
        """Look a step up again when it is asked for next: its weights were removed, or are to be made again."""
        self._found.pop(step_id, None)
        self._intact.discard(step_id)
