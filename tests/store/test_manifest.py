from __future__ import annotations

import json
import os
import platform
import random
import socket
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from adaptx.store import Store, StoredStep
from adaptx.store import manifest as module
from adaptx.store.manifest import describe, faults, render, seal

Commit = Callable[..., StoredStep]
ORIGIN: Any = {
    "id": "x",
    "kind": "eval",
    "parents": {"stack": "y"},
    "how": {"device": "cpu"},
    "seconds": 1.5,
    "facts": {"name": "n"},
}
FILES = ["manifest.json", "spec.json", "scores.json", "deep/model.safetensors"]


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_anywhere_is_found_and_its_file_named(store: Store, commit: Commit, name: str) -> None:
    record = commit()
    path = record.path / name
    size = 8 * path.stat().st_size
    for bit in random.Random(17).sample(range(size), min(size, 120)):
        flip(path, bit)
        [fault] = store.check(record.id)
        assert fault.startswith(f"{path}: ")
        flip(path, bit)
    assert store.check(record.id) == []


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_or_lost_file_is_named(store: Store, commit: Commit, name: str) -> None:
    record = commit()
    path = record.path / name
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert [fault for fault in store.check(record.id) if fault.startswith(f"{path}: ")]
    path.unlink()
    if name != "manifest.json":  # without one there is no result at all
        assert [fault for fault in store.check(record.id) if fault.startswith(f"{path}: ")]


def test_a_file_that_does_not_belong_is_named(store: Store, commit: Commit) -> None:
    record = commit()
    (record.path / "extra.txt").write_text("x")
    assert store.check(record.id) == [f"{record.path / 'extra.txt'}: not in the manifest"]


def test_the_result_of_another_request_is_found(store: Store, commit: Commit) -> None:
    record, other = commit(), commit(language="fr")
    (record.path / "manifest.json").write_bytes((other.path / "manifest.json").read_bytes())
    assert store.check(record.id) == [f"{record.path / 'manifest.json'}: damaged or missing"]


def test_only_weights_may_be_missing_after_an_eviction(store: Store, commit: Commit) -> None:
    record = commit()
    store.evict(record.id)
    (record.path / "scores.json").unlink()
    assert store.check(record.id) == [f"{record.path / 'scores.json'}: missing"]


def test_manifests_are_written_in_one_way() -> None:
    assert render({"b": 1, "a": "é"}) == '{\n "a": "é",\n "b": 1\n}\n'.encode()
    assert seal({"b": 1, "a": 2}) == seal({"a": 2, "b": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        render({"loss": float("nan")})


def test_a_file_of_another_size_is_told_with_both_sizes(store: Store, commit: Commit) -> None:
    record = commit()
    (record.path / "scores.json").write_text("{}")
    assert store.check(record.id) == [f"{record.path / 'scores.json'}: 2 bytes, the manifest says 17"]


def test_a_file_of_the_same_size_is_told_by_its_hash(store: Store, commit: Commit) -> None:
    record = commit()
    (record.path / "scores.json").write_text('{"accuracy": 0.6}')
    assert store.check(record.id) == [f"{record.path / 'scores.json'}: sha256 differs from the manifest"]


def test_every_wrong_file_is_told_in_order(store: Store, commit: Commit) -> None:
    record = commit()
    (record.path / "scores.json").unlink()
    (record.path / "deep" / "model.safetensors").write_bytes(b"x")
    for name in ("b.txt", "a.txt"):
        (record.path / name).write_text("x")
    told = [fault.removeprefix(f"{record.path}/").partition(":")[0] for fault in store.check(record.id)]
    assert told == ["deep/model.safetensors", "scores.json", "a.txt", "b.txt"]


def test_a_request_that_does_not_give_the_id_is_found_though_its_hash_was_made_to_fit(
    store: Store, commit: Commit
) -> None:
    record = commit()
    spec = json.loads((record.path / "spec.json").read_text(encoding="utf-8"))
    (record.path / "spec.json").write_bytes(render({**spec, "max_length": 999}))
    manifest = json.loads((record.path / "manifest.json").read_text(encoding="utf-8"))
    del manifest["digest"]
    (record.path / "manifest.json").unlink()
    (record.path / "manifest.json").write_bytes(seal(describe(record.path, manifest)))
    assert store.check(record.id) == [f"{record.path / 'spec.json'}: is not the request of {record.id[:12]}"]


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b'{"digest": 1}', b"\xff"])
def test_a_manifest_that_is_none_is_damaged_and_nothing_else_is_read(
    store: Store, commit: Commit, content: bytes
) -> None:
    record = commit()
    (record.path / "manifest.json").write_bytes(content)
    (record.path / "scores.json").unlink()
    assert faults(record.path, record.id) == [f"{record.path / 'manifest.json'}: damaged or missing"]


def test_a_manifest_with_its_keys_in_another_order_or_spacing_is_not_the_one_written(
    store: Store, commit: Commit
) -> None:
    record = commit()
    path = record.path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8")
    assert store.check(record.id) == [f"{path}: damaged or missing"]


def test_weights_that_are_missing_are_a_fault_unless_they_were_removed_on_purpose(store: Store, commit: Commit) -> None:
    record = commit()
    (record.path / "deep" / "model.safetensors").unlink()
    assert store.check(record.id) == [f"{record.path / 'deep' / 'model.safetensors'}: missing"]
    (record.path / "evicted").touch()
    assert store.check(record.id) == []


def test_a_manifest_tells_files_versions_machine_and_time(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b").write_bytes(b"abc")
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "evicted").touch()
    told = describe(tmp_path, ORIGIN)
    assert list(told["files"]) == ["a", "deep/b"]
    assert told["files"]["deep/b"] == {
        "bytes": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }
    assert {key: told[key] for key in ORIGIN} == ORIGIN
    assert told["schema"] == 1
    assert told["versions"]["python"] == platform.python_version()
    assert told["versions"]["numpy"] == version("numpy")
    assert told["hardware"] == {
        "machine": platform.machine(),
        "system": sys.platform,
        "cores": os.cpu_count(),
        "processor": told["hardware"]["processor"],
    }
    finished = datetime.fromisoformat(told["finished"])
    assert finished.utcoffset() == timedelta(0)
    assert finished.microsecond == 0
    assert socket.gethostname() not in json.dumps(told["hardware"])


def test_a_distribution_that_is_not_installed_took_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(name: str) -> str:
        if name == "deepspeed":
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(module, "version", found)
    told = describe(tmp_path, ORIGIN)["versions"]
    assert "deepspeed" not in told
    assert {"torch", "adapters", "datasets", "pyarrow"} <= told.keys()


PROCESSOR = "vendor_id\t: x\nmodel name\t: A chip : 3 GHz \nmodel name\t: another\n"


@pytest.mark.parametrize(("text", "name"), [(PROCESSOR, "A chip : 3 GHz"), ("flags: x\n", "told"), (None, "told")])
def test_the_processor_is_the_first_that_linux_names_or_what_python_knows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None, name: str
) -> None:
    real = Path.read_text

    def read(path: Path, **of: str) -> str:
        if path != Path("/proc/cpuinfo"):
            return real(path, **of)
        if text is None:
            raise FileNotFoundError(path)
        return text

    monkeypatch.setattr(Path, "read_text", read)
    monkeypatch.setattr(platform, "processor", lambda: "told")
    assert describe(tmp_path, ORIGIN)["hardware"]["processor"] == name
