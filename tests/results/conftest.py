"""A store of records that are all intact, found by their whole id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from adaptx.store import StoredStep


class Shelf:
    """What the results ask of a store."""

    def __init__(self, *records: StoredStep) -> None:
        self.records = {record.id: record for record in records}

    def find(self, prefix: str) -> str:
        return prefix

    def intact(self, step: str) -> StoredStep:
        return self.records[step]

    get = intact

    def all(self, kind: str) -> list[StoredStep]:
        return [record for record in self.records.values() if record.kind == kind]


@pytest.fixture
def shelf() -> type[Shelf]:
    return Shelf
