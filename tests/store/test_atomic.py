from __future__ import annotations

import os
from pathlib import Path

import pytest

from adaptx.store import atomic


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    atomic.write(path, b"old")
    atomic.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_dies_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock.json"
    atomic.write(path, b"old")

    def die(_descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(OSError, match="no space"):
        atomic.write(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_whole_tree_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_text("x")
    flushed: list[Path] = []
    monkeypatch.setattr(atomic, "sync", flushed.append)
    atomic.sync_tree(tmp_path)
    assert set(flushed) == {tmp_path, tmp_path / "deep", tmp_path / "deep" / "file"}


def test_sha256_is_the_standard_one(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert atomic.sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_was_written_is_flushed_before_it_gets_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "lock.json", []

    def noted(flushed: Path) -> None:
        seen.append((flushed, path.exists(), flushed.read_bytes() if flushed.is_file() else b""))

    monkeypatch.setattr(atomic, "sync", noted)
    atomic.write(path, b"new")
    (hidden, before, content), (folder, after, _) = seen
    assert (before, content) == (False, b"new")
    assert hidden.parent == tmp_path
    assert hidden.name.startswith(".lock.json.")
    assert len(hidden.name) == len(".lock.json.") + 16
    assert (folder, after) == (tmp_path, True)


def test_two_writers_never_share_a_hidden_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    monkeypatch.setattr(atomic, "sync", lambda path: names.append(path.name))
    for _ in range(3):
        atomic.write(tmp_path / "lock.json", b"x")
    assert len({name for name in names if name.startswith(".")}) == 3


def test_a_flushed_file_is_closed_also_where_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    opened, closed = [], []
    real_open, real_close = os.open, os.close
    monkeypatch.setattr(os, "open", lambda *of: opened.append(real_open(*of)) or opened[-1])
    monkeypatch.setattr(os, "close", lambda number: closed.append(number) or real_close(number))
    monkeypatch.setattr(os, "fsync", lambda _number: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        atomic.sync(path)
    assert opened == closed != []
