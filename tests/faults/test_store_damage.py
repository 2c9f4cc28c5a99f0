"""Every kind of file of a store, damaged in every way: the tools that examine say which, and go on with the rest.

``ADAPTX_FAULTS=long`` damages every file of every step; the sample one file of each kind.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adaptx.cli.main import main
from adaptx.errors import Exit, StoreCorrupt
from adaptx.store import Store, lease, manifest

IS_LONG = os.environ.get("ADAPTX_FAULTS") == "long"
pytestmark = pytest.mark.timeout(7200 if IS_LONG else 1200)
Spoil = Callable[[Path], None]


def write(content: bytes) -> Spoil:
    return lambda path: path.write_bytes(content) and None


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def link(path: Path) -> None:
    elsewhere = path.parents[5] / f"elsewhere-{path.name}"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def dangle(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/at/all")


def folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


WAYS: dict[str, Spoil] = {
    "a flipped bit": flip,
    "cut": cut,
    "empty": write(b""),
    "a list": write(b"[1, 2]"),
    "null": write(b"null"),
    "no keys": write(b"{}"),
    "a text": write(b'"x"'),
    "foreign keys": write(b'{"files": [1], "facts": 3, "scores": [], "id": 5, "parents": "x"}'),
    "deep": write(b"[" * 100_000),
    "a huge number": write(b'{"id": 1' + b"0" * 9000 + b"}"),
    "binary": write(bytes(range(256)) * 8),
    "gone": lambda path: path.unlink(),
    "a link": link,
    "a dangling link": dangle,
    "a folder": folder,
}
KINDS = {  # file -> kind of step
    "manifest.json": "eval",
    "spec.json": "eval",
    "scores.json": "eval",
    "predictions.parquet": "eval",
    "outcomes.parquet": "attack",
    "adapter_model.safetensors": "train",
    "adapter_config.json": "train",
    "head.json": "train",
    "head.safetensors": "train",
}


def targets(root: Path) -> Iterator[Path]:
    store = Store(root)
    for record in store.all():
        for name, kind in KINDS.items():
            if (record.path / name).is_file() and (IS_LONG or record.kind == kind):
                yield record.path / name
        if IS_LONG:
            yield from (record.path / name for name in ("manifest.json", "spec.json"))


@pytest.fixture
def ask(capfd, monkeypatch, tmp_path) -> Callable[..., tuple[int, str, str]]:
    """Return a runner of commands on the store of the working folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([*words])
        return (code, *capfd.readouterr())

    return run


def wrong_with(ask: Callable[..., tuple[int, str, str]], path: Path, intact: int) -> list[str]:
    """Return what the tools do wrong with a store of which one file is damaged."""
    step, found = path.parent.name, []
    code, out, err = ask("verify", "--json")
    told = json.loads(out)
    if code != Exit.FAILED or told["checked"] != intact:
        found.append(f"verify: {code}, {told['checked']} checked")
    bad = {entry["id"]: entry["faults"] for entry in told["steps"] if entry["faults"]}
    if list(bad) != [step] or not any(path.name in fault for fault in bad.get(step, ())):
        found.append(f"verify named {bad}")
    for words in (["verify", step], ["show", step], ["why", step], ["doctor"], ["ls", "results"], ["ls", "adapters"]):
        code, out, err = ask(*words)
        if code not in (Exit.DONE, Exit.FAILED) or "Traceback" in err or len(err) > 20_000:
            found.append(f"{words}: {code} {err[-300:]}")
    code, out, err = ask("ls", "results", "--json")
    if len(json.loads(out)) + err.count("fault: ") < intact:
        found.append(f"ls results: {len(json.loads(out))} rows and {err}")
    if path.name == "manifest.json" and "fault" not in ask("doctor")[1]:
        found.append("doctor says nothing")
    code, _, err = ask("prune", step)
    if code != Exit.DONE or path.parent.exists() or len(Store(Path("runs")).ids()) != intact - 1:
        found.append(f"prune: {code} {err}")
    return found


def test_a_damaged_file_is_a_line_of_every_tool_and_can_be_removed(tiny_store: Path, tmp_path: Path, ask) -> None:
    names = [path.relative_to(tiny_store) for path in dict.fromkeys(targets(tiny_store))]
    intact, wrong, count = len(Store(tiny_store).ids()), [], 0
    for number, name in enumerate(names):
        for place, way in enumerate(WAYS):
            if not IS_LONG and (number + place) % 24:
                continue
            shutil.rmtree(tmp_path / "runs", ignore_errors=True)
            shutil.copytree(tiny_store, tmp_path / "runs")
            path = tmp_path / "runs" / name
            WAYS[way](path)
            count += 1
            wrong += [f"{name.name} {way}: {told}" for told in wrong_with(ask, path, intact)]
    print(f"store damage: {count} cases, {count - len(wrong)} right, {len(wrong)} wrong")  # noqa: T201
    assert wrong == []


@pytest.mark.parametrize(
    "way", [way for way in WAYS if way not in ("a link", "a flipped bit", "no keys", "gone", "foreign keys")]
)
@pytest.mark.parametrize("name", ["store.json", "lock.json"])
def test_a_damaged_file_of_the_store_itself_is_named_by_its_path(name: str, way: str, tiny_copy: Path, ask) -> None:
    path = tiny_copy / name
    path.write_text("{}", encoding="utf-8")
    WAYS[way](path)
    code, out, _ = ask("doctor")
    assert code == Exit.FAILED
    assert name in out
    if name == "store.json":
        assert ask("verify")[0] == Exit.FAILED
    else:
        with pytest.raises(StoreCorrupt, match=r"lock\.json"):
            Store(tiny_copy).lock("model", "a/b")


def reseal(step: Path) -> None:
    """Make a manifest that agrees with the changed files: what a copied or forged store would have."""
    path = step / manifest.MANIFEST
    told = json.loads(path.read_text(encoding="utf-8"))
    del told["digest"]
    path.unlink()
    path.write_bytes(manifest.seal(manifest.describe(step, told)))


RESEALED = [
    *((name, way) for name in ("scores.json",) for way in ("a list", "null", "no keys", "binary", "foreign keys")),
    *(("predictions.parquet", way) for way in ("cut", "empty", "binary")),
    *(("outcomes.parquet", way) for way in ("cut", "empty", "binary")),
]


@pytest.mark.parametrize(("name", "way"), RESEALED)
def test_a_result_that_was_sealed_anew_is_recomputed_and_found(name: str, way: str, tiny_copy: Path, ask) -> None:
    record = next(Store(tiny_copy).all(KINDS[name]))
    WAYS[way](record.path / name)
    reseal(record.path)
    code, _, err = ask("verify", record.id)
    assert code == Exit.FAILED
    assert "Traceback" not in err
    for words in (["ls", "results"], ["show", record.id], ["why", record.id]):
        assert ask(*words)[0] in (Exit.DONE, Exit.FAILED)


@pytest.mark.parametrize("name", ["head.json", "adapter_config.json"])
@pytest.mark.parametrize("way", ["a list", "null", "no keys", "foreign keys"])
def test_an_adapter_that_was_sealed_anew_is_refused_in_a_sentence(name, way, tiny_copy, tiny, ask) -> None:
    store = Store(tiny_copy)
    record = next(store.all("train"))
    WAYS[way](record.path / name)
    reseal(record.path)
    for other in (*store.all("eval"), *store.all("attack")):
        shutil.rmtree(other.path)
    code, _, err = ask("stack", "pawsx", *tiny)
    assert code in (Exit.FAILED, Exit.USAGE), err
    assert name in err
    assert list(store.all("eval")) == []


@pytest.mark.parametrize(
    "name", ["../../../../../victim.safetensors", "/victim.safetensors", "a/../../victim.safetensors"]
)
def test_no_name_of_a_manifest_leads_out_of_its_step(name: str, tiny_copy: Path) -> None:
    store = Store(tiny_copy)
    record = next(store.all("train"))
    victim = tiny_copy.parent / "victim.safetensors"
    victim.write_bytes(b"mine")
    path = record.path / manifest.MANIFEST
    told = json.loads(path.read_text(encoding="utf-8"))
    del told["digest"]
    told["files"][name.replace("/victim", str(victim)[:-12]) if name.startswith("/") else name] = {
        "bytes": 4,
        "sha256": "0" * 64,
    }
    path.write_bytes(manifest.seal(told))
    with pytest.raises(StoreCorrupt):
        store.evict(record.id)
    assert victim.read_bytes() == b"mine"
    assert store.check(record.id) == [f"{path}: damaged or missing"]


def test_weights_behind_a_link_of_a_folder_stay_when_a_step_is_evicted(tiny_copy: Path) -> None:
    store = Store(tiny_copy)
    record = next(store.all("train"))
    outside = tiny_copy.parent / "outside"
    outside.mkdir()
    (outside / "w.safetensors").write_bytes(b"mine")
    (record.path / "sub").symlink_to(outside)
    path = record.path / manifest.MANIFEST
    told = json.loads(path.read_text(encoding="utf-8"))
    del told["digest"]
    told["files"]["sub/w.safetensors"] = {"bytes": 4, "sha256": "0" * 64}
    path.write_bytes(manifest.seal(told))
    store.evict(record.id)
    assert (outside / "w.safetensors").read_bytes() == b"mine"


def test_prune_removes_a_link_and_not_what_it_leads_to(tiny_copy: Path, ask) -> None:
    outside = tiny_copy.parent / "outside"
    outside.mkdir()
    (outside / "manifest.json").write_text("mine", encoding="utf-8")
    (tiny_copy / "work").mkdir(exist_ok=True)
    (tiny_copy / "work" / ("0" * 64)).symlink_to(outside)
    record = next(Store(tiny_copy).all("eval"))
    moved = tiny_copy.parent / "moved"
    shutil.move(record.path, moved)
    record.path.symlink_to(moved)
    assert f"{record.path}: a link, not a folder" in Store(tiny_copy).check(record.id)
    assert ask("prune", record.id)[0] == Exit.DONE
    assert (outside / "manifest.json").read_text(encoding="utf-8") == "mine"
    assert (moved / "manifest.json").is_file()
    assert not record.path.is_symlink()
    assert list((tiny_copy / "work").iterdir()) == []


def test_a_step_whose_adapter_is_gone_is_noted_by_verify(tiny_copy: Path, ask) -> None:
    record = next(Store(tiny_copy).all("train"))
    shutil.rmtree(record.path)
    code, _, err = ask("verify")
    assert (code, err.count(f"{record.id[:12]}, which is not in the store")) == (Exit.DONE, 2)


LEASES: dict[str, bytes] = {
    "empty": b"",
    "binary": bytes(range(256)),
    "garbage that ends well": b"garbage}",
    "wrong keys": b'{"pid": 1}',
    "wrong kinds": b'{"host": 1, "place": [], "pid": "x", "birth": null}',
    "a list": b"[1]",
    "deep": b"[" * 9000 + b"}",
    "long": b"x" * 10_000_000 + b"}",
    "more keys": b'{"host": "h", "place": "p", "pid": 1, "birth": "", "beat": 5}',
    "a huge pid": b'{"host": "h", "place": "PLACE", "pid": 1' + b"0" * 30 + b', "birth": ""}',
}


@pytest.mark.parametrize("case", LEASES)
def test_a_lease_file_of_any_content_is_waited_for_and_then_taken_over(case: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "runs", stale=0.5)
    step = "0" * 64
    store.work("eval", step)
    path = tmp_path / "runs" / "work" / f"{step}.lease-0"
    path.write_bytes(LEASES[case].replace(b"PLACE", lease._place().encode()))
    with pytest.raises(lease.Held), store.lease(step, wait=False):
        pass
    with store.lease(step) as held:
        assert held.taken_over
    store.prune()


@pytest.mark.parametrize("what", ["a folder", "a beat of next year"])
def test_a_lease_that_no_process_can_beat_is_bounded(what: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "runs", stale=0.5)
    step = "0" * 64
    store.work("eval", step)
    path = tmp_path / "runs" / "work" / f"{step}.lease-0"
    if what == "a folder":
        path.mkdir()
    else:
        path.write_text('{"host": "other", "place": "other", "pid": 1, "birth": ""}', encoding="utf-8")
        os.utime(path, (time.time() + 3e7, time.time() + 3e7))
    with pytest.raises(lease.Held), store.lease(step, wait=False):
        pass
    with store.lease(step) as held:
        assert held.taken_over
