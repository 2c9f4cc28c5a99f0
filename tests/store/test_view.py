"""A store as one command sees it: looked up once, checked once, and looked up again where that was nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adaptx.errors import Missing, StoreCorrupt
from adaptx.store import Store, StoredStep, StoreView

Commit = Callable[..., StoredStep]


@pytest.fixture
def asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every question that reaches the store."""
    seen: list[str] = []
    for name in ("get", "check"):
        real = getattr(store, name)
        monkeypatch.setattr(store, name, lambda step, name=name, real=real: seen.append(name) or real(step))
    return seen


def test_a_step_that_is_there_is_looked_up_once(store: Store, commit: Commit, asked: list[str]) -> None:
    record = commit()
    asked.clear()
    view = StoreView(store)
    assert [view.get(record.id) for _ in range(3)] == [record] * 3
    assert asked == ["get"]


def test_a_step_that_is_not_there_is_looked_up_until_somebody_made_it(
    store: Store, commit: Commit, step_id: str
) -> None:
    view = StoreView(store)
    assert view.get(step_id) is None
    record = commit()
    assert view.get(step_id) == record


def test_the_files_of_a_step_are_checked_once(store: Store, commit: Commit, asked: list[str]) -> None:
    record = commit()
    view = StoreView(store)
    asked.clear()
    assert view.intact(record.id) == view.intact(record.id) == view.get(record.id) == record
    assert asked.count("check") == 1


def test_a_step_that_was_looked_up_is_still_checked_before_it_counts_as_intact(store: Store, commit: Commit) -> None:
    record = commit()
    view = StoreView(store)
    view.get(record.id)
    (record.path / "scores.json").write_text("spoilt")
    with pytest.raises(StoreCorrupt, match=r"scores\.json"):
        view.intact(record.id)
    with pytest.raises(StoreCorrupt):  # and it does not pass the second time
        view.intact(record.id)


def test_a_step_that_is_nowhere_is_missing(store: Store, step_id: str) -> None:
    with pytest.raises(Missing, match=step_id[:12]):
        StoreView(store).intact(step_id)


def test_a_step_that_was_made_elsewhere_is_noted(store: Store, commit: Commit, asked: list[str]) -> None:
    record, view = commit(), StoreView(store)
    asked.clear()
    view.note(record)
    assert view.get(record.id) is record
    assert asked == []


def test_a_forgotten_step_is_looked_up_and_checked_again(store: Store, commit: Commit, asked: list[str]) -> None:
    record, view = commit(), StoreView(store)
    view.intact(record.id)
    store.evict(record.id)
    assert not view.get(record.id).evicted
    asked.clear()
    view.forget(record.id)
    assert view.get(record.id).evicted
    view.intact(record.id)
    assert asked.count("check") == 1


def test_what_was_never_seen_may_be_forgotten(store: Store, step_id: str) -> None:
    StoreView(store).forget(step_id)
