"""Folders, the cache of hashes, what is removed and what is kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from adaptx.store import Store, StoredStep

Commit = Callable[..., StoredStep]


def test_folders_of_a_store_are_where_the_documentation_says(store: Store) -> None:
    assert (store.runs, store.reports) == (store.root / "runs", store.root / "reports")
    assert store.work("train", "1" * 64) == store.root / "work" / ("1" * 64)
    assert json.loads((store.root / "store.json").read_text()) == {"schema": 1}
    store.sha256(store.root / "store.json")
    assert len(list((store.root / "cache").iterdir())) == 1


def test_work_in_progress_is_kept_for_resuming(store: Store, step_id: str) -> None:
    (store.work("train", step_id) / "state").write_text("half")
    assert (store.work("train", step_id) / "state").read_text() == "half"


def test_two_files_of_the_same_size_and_time_are_two(store: Store, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for path, content in ((one, b"1"), (other, b"2")):
        path.write_bytes(content)
        os.utime(path, ns=(10**18, 10**18))
    stat = one.stat()
    assert stat.st_mtime_ns == other.stat().st_mtime_ns
    assert store.sha256(one) != store.sha256(other)
    assert store.sha256(one) == hashlib.sha256(b"1").hexdigest()


def test_an_eviction_is_marked_before_the_first_weight_goes(
    store: Store, commit: Commit, step_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = commit()

    def die(path: Path, **_: bool) -> None:
        assert (record.path / "evicted").exists()
        raise OSError("killed")

    monkeypatch.setattr(Path, "unlink", die)
    with pytest.raises(OSError, match="killed"):
        store.evict(step_id)
    monkeypatch.undo()
    assert store.check(step_id) == []
    assert store.get(step_id).evicted


def test_what_nobody_works_on_is_pruned_though_it_is_a_lease_of_a_name_like_a_step(store: Store) -> None:
    work = store.work("train", "4" * 64)
    other = work.parent / "lock.json.lease-0"
    other.write_text("")
    assert store.prune().removed == (work,)
    assert other.exists(), "only leases of steps that are made are spent"


def test_a_dry_run_counts_the_bytes_and_removes_nothing(store: Store, commit: Commit, step_id: str) -> None:
    record = commit()
    (store.work("train", "5" * 64) / "half").write_bytes(b"x" * 30)
    size = sum(path.stat().st_size for path in record.path.rglob("*") if path.is_file())
    assert store.prune(dry_run=True).bytes == 30
    assert store.remove(step_id, dry_run=True).bytes == size
    assert store.prune().bytes == 30
    assert store.remove(step_id).bytes == size


def test_a_step_may_be_locked_while_another_waits_for_the_lock_file(store: Store) -> None:
    store.set_lock("model", "owner/name", "1" * 40)
    assert [path.name for path in (store.root / "work").iterdir()] == []
