from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from adaptx.store import Store, StoredStep
from adaptx.store.manifest import render, seal

Commit = Callable[..., StoredStep]
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
