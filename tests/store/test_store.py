from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from adaptx.errors import Incompatible, Missing, StoreCorrupt, UnknownName, UsageError
from adaptx.spec import EvalSpec, content_id
from adaptx.store import Store, StoredStep, discover

Commit = Callable[..., StoredStep]
Rival = Callable[[str], "subprocess.Popen[str]"]

NOT_IDS = ["../x", "/etc/passwd", "a" * 63, "A" * 64, "", "a" * 64 + "/..", "a" * 64 + "\n"]


def test_nothing_is_written_before_it_is_needed(tmp_path: Path, store: Store, step_id: str) -> None:
    assert store.get(step_id) is None
    assert list(store.all()) == []
    assert store.lock("model", "owner/name") is None
    assert list(tmp_path.iterdir()) == []


def test_a_committed_step_reads_back(store: Store, commit: Commit, step_id: str) -> None:
    record = commit()
    assert record == store.get(step_id)
    assert (record.id, record.kind, record.evicted) == (step_id, "eval", False)
    assert record.path == store.root / "store" / "eval" / step_id[:2] / step_id
    assert record.spec["rows"]["language"] == "de"
    assert json.loads((record.path / "scores.json").read_text()) == {"accuracy": 0.5}
    assert list((store.root / "work").iterdir()) == []


def test_the_manifest_says_how_a_step_was_made(commit: Commit) -> None:
    manifest = commit().manifest
    assert manifest["parents"] == {"stack": "a" * 64}
    assert (manifest["how"], manifest["seconds"], manifest["facts"]) == ({"device": "cpu"}, 2.5, {"name": "x"})
    assert set(manifest["files"]) == {"deep/model.safetensors", "scores.json", "spec.json"}
    assert manifest["files"]["deep/model.safetensors"]["bytes"] == 700
    assert manifest["versions"]["adaptx"]
    assert manifest["hardware"]["cores"] >= 1


def test_how_a_step_was_made_does_not_change_where_it_is(store: Store, spec: EvalSpec, step_id: str) -> None:
    staged = store.work("eval", step_id) / "staged"
    staged.mkdir()
    record = store.commit(spec, staged, parents={}, how={"processes": 8}, seconds=9.0, facts={})
    assert record.id == step_id


def test_of_two_commits_the_first_is_kept(store: Store, commit: Commit, step_id: str) -> None:
    commit("first")
    commit("second")
    record = store.get(step_id)
    assert record is not None
    assert (record.path / "scores.json").read_text() == "first"
    assert store.check(step_id) == []


def test_a_folder_from_elsewhere_is_not_committed(store: Store, spec: EvalSpec, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(ValueError, match="not in the work folder"):
        store.commit(spec, tmp_path / "elsewhere", parents={}, how={}, seconds=0.0, facts={})
    assert store.get(content_id(spec)) is None


def test_a_link_is_not_committed(store: Store, spec: EvalSpec, step_id: str) -> None:
    staged = store.work("eval", step_id) / "staged"
    staged.mkdir()
    (staged / "model.safetensors").symlink_to("/etc/hostname")
    with pytest.raises(ValueError, match=r"cannot hold links: .*model\.safetensors"):
        store.commit(spec, staged, parents={}, how={}, seconds=0.0, facts={})
    assert store.get(step_id) is None


def test_a_folder_without_a_manifest_is_no_result(store: Store, commit: Commit, step_id: str) -> None:
    record = commit()
    (record.path / "manifest.json").unlink()
    assert store.get(step_id) is None
    assert list(store.all()) == []
    assert store.ids() == [store.find(step_id[:8])] == [step_id], "it can be named: to verify and to prune it"
    assert store.check(step_id) == [f"{record.path / 'manifest.json'}: damaged or missing"]
    assert commit("again").id == step_id  # and it does not stand in the way
    assert store.check(step_id) == []


@pytest.mark.parametrize("name", NOT_IDS)
def test_an_id_with_a_path_in_it_is_refused(store: Store, name: str) -> None:
    for ask in (store.get, store.find, store.check, store.evict, store.remove, lambda x: store.work("eval", x)):
        with pytest.raises(UsageError):
            ask(name)
    with pytest.raises(UsageError), store.lease(name):
        pass


@pytest.mark.parametrize("kind", ["../eval", "eval/..", "", "*", "Eval"])
def test_a_kind_with_a_path_in_it_is_refused(store: Store, kind: str, step_id: str) -> None:
    with pytest.raises(UsageError, match="cannot be a kind"):
        store.work(kind, step_id)
    with pytest.raises(UsageError, match="cannot be a kind"):
        store.set_lock(kind, "owner/name", "1" * 40)


def test_a_short_id_is_completed_when_it_is_the_only_one(store: Store, commit: Commit, step_id: str) -> None:
    commit()
    assert store.find(step_id[:6]) == step_id
    assert store.find(step_id) == step_id
    with pytest.raises(UsageError, match="not an id"):
        store.find(step_id[:5])
    with pytest.raises(UnknownName, match="unknown result '000000'"):
        store.find("000000")


def test_a_short_id_of_two_steps_is_refused_with_both(store: Store, commit: Commit, step_id: str) -> None:
    record = commit()
    twin = step_id[:-1] + ("0" if step_id[-1] != "0" else "1")
    shutil.copytree(record.path, record.path.parent / twin)
    with pytest.raises(UsageError, match="begins 2 ids") as caught:
        store.find(step_id[:10])
    assert step_id[:16] in str(caught.value.hint)


def test_steps_are_listed_by_kind(store: Store, commit: Commit) -> None:
    ids = sorted(commit(language=language).id for language in ("de", "fr", "ko"))
    assert [record.id for record in store.all()] == ids
    assert [record.id for record in store.all("eval")] == ids
    assert list(store.all("train")) == []


def test_a_damaged_manifest_is_named(store: Store, commit: Commit, step_id: str) -> None:
    path = commit().path / "manifest.json"
    path.write_text("{")
    with pytest.raises(StoreCorrupt, match=r"manifest\.json is damaged"):
        store.get(step_id)
    assert store.check(step_id) == [f"{path}: damaged or missing"]


def test_evicted_weights_leave_a_record_that_says_so(store: Store, commit: Commit, step_id: str) -> None:
    whole = commit()
    assert store.evict(step_id) == 700
    record = store.get(step_id)
    assert record is not None
    assert record.evicted
    assert record.manifest == whole.manifest
    assert not (record.path / "deep" / "model.safetensors").exists()
    assert (record.path / "scores.json").exists()
    assert store.check(step_id) == []
    assert store.evict(step_id) == 0


def test_an_evicted_step_is_made_again_on_need(store: Store, commit: Commit, step_id: str) -> None:
    commit()
    store.evict(step_id)
    with store.lease(step_id) as held:
        assert not held.already
        record = commit()
    assert not record.evicted
    assert record.manifest["remade"] == {"same_weights": True}
    assert store.check(step_id) == []
    with store.lease(step_id) as held:
        assert held.already


def test_weights_that_came_out_differently_are_told(store: Store, commit: Commit, step_id: str) -> None:
    commit("one")
    store.evict(step_id)
    assert commit("two", weights=b"others").manifest["remade"] == {"same_weights": False}


@pytest.mark.parametrize("ask", [Store.check, Store.evict, Store.remove])
def test_a_step_that_is_not_there_is_missing(store: Store, step_id: str, ask: Callable[[Store, str], object]) -> None:
    with pytest.raises(Missing, match=step_id[:12]):
        ask(store, step_id)


def test_a_removed_step_is_gone(store: Store, commit: Commit, step_id: str) -> None:
    record = commit()
    assert store.remove(step_id, dry_run=True).removed == (record.path,)
    assert store.get(step_id) is not None
    assert store.remove(step_id).bytes > 700
    assert store.get(step_id) is None


def test_prune_removes_what_nobody_works_on_and_nothing_else(store: Store, commit: Commit, step_id: str) -> None:
    kept = commit()
    left = store.work("train", "1" * 64)
    (left / "resume.bin").write_bytes(b"x" * 100)
    half = store.root / "store" / "eval" / "22" / ("2" * 64)
    half.mkdir(parents=True)
    with store.lease("3" * 64):
        busy = store.work("train", "3" * 64)
        assert set(store.prune(dry_run=True).removed) == {left, half}
        assert left.exists()
        pruned = store.prune()
        assert busy.exists()
    assert set(pruned.removed) == {left, half}
    assert pruned.bytes == 100
    assert not left.exists()
    assert not half.exists()
    assert store.get(step_id) == kept
    assert store.prune().removed == (busy,)


def test_prune_clears_leases_that_a_kill_after_a_commit_left(store: Store, commit: Commit, step_id: str) -> None:
    commit()
    left = store.root / "work" / f"{step_id}.lease-0"
    open_ = store.root / "work" / f"{'1' * 64}.lease-0"
    left.write_text("")
    open_.write_text("")
    store.prune()
    assert not left.exists()
    assert open_.exists()


def test_a_lock_holds_the_first_commit(store: Store) -> None:
    assert store.set_lock("model", "owner/name", "1" * 40) == "1" * 40
    assert store.set_lock("model", "owner/name", "2" * 40) == "1" * 40
    assert store.set_lock("dataset", "owner/name", "3" * 40) == "3" * 40
    again = Store(store.root)
    assert (again.lock("model", "owner/name"), again.lock("dataset", "owner/name")) == ("1" * 40, "3" * 40)
    assert again.lock("model", "owner/other") is None


def test_only_a_commit_can_be_locked(store: Store) -> None:
    for text in ("main", "1" * 39, "../x"):
        with pytest.raises(UsageError, match="is not a commit"):
            store.set_lock("model", "owner/name", text)


def test_locks_of_four_processes_are_all_kept(store: Store, rival: Rival) -> None:
    source = """
for number in range(5):
    store.set_lock("dataset", f"owner/{os.getpid()}-{number}", "1" * 40)
"""
    rivals = [rival(source) for _ in range(4)]
    assert [process.wait(60) for process in rivals] == [0] * 4
    names = {f"owner/{process.pid}-{number}" for process in rivals for number in range(5)}
    assert set(json.loads((store.root / "lock.json").read_text())["dataset"]) == names


def test_a_damaged_lock_file_is_named(store: Store) -> None:
    store.set_lock("model", "owner/name", "1" * 40)
    (store.root / "lock.json").write_text("{")
    with pytest.raises(StoreCorrupt, match=r"lock\.json is damaged") as caught:
        store.lock("model", "owner/name")
    assert "repair or remove" in str(caught.value.hint)


def test_a_file_is_hashed_once_until_it_changes(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"one")
    first = store.sha256(path)
    assert first == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    with monkeypatch.context() as patched:
        patched.setattr("adaptx.store.atomic.sha256", lambda _: pytest.fail("hashed again"))
        assert store.sha256(path) == first
    path.write_bytes(b"two")
    assert store.sha256(path) != first


def test_a_store_is_found_from_below(tmp_path: Path, step_id: str) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert discover(deep) == deep / "runs"
    Store(tmp_path / "runs").work("eval", step_id)
    (tmp_path / "a" / "runs").mkdir()  # somebody else's folder of that name
    assert discover(deep) == tmp_path / "runs"


def test_a_store_of_a_later_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text('{"schema": 2}')
    with pytest.raises(Incompatible, match="schema 2"):
        Store(tmp_path)


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        Store(tmp_path / "file")
