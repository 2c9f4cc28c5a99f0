"""What goes wrong at the hub is a sentence, is mended where it can be, and never kept for the file.

Each case runs in a process of its own, because the hub client reads its settings when it is imported.
"""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha1, sha256
from typing import Any

import pytest

from adaptx.data.hub_files import Stated

PAIRS, SPANS = "a" * 40, "b" * 40  # commits
LOAD = """
source = open_source("hub", store)
de = load(Cell(source, pairs, "de", "test"))
hub.fetch(spans, ["de"], ["test"], store)
also = load(Cell(source, spans, "de", "test"))
return {"premises": [e.texts["premise"] for e in de.examples], "revision": de.revision,
        "spans": len(also.examples), "locked": also.revision}
"""
FETCH = 'return [path.name for path in hub.fetch(pairs, ["de"], ["test"], store)]'
SHARD = "de/test-00000-of-00002.parquet"
MODEL = 'return sorted(p.name for p in hub.fetch_model("org/encoder", None, store, verify=True).iterdir())'


def changed(repositories: list[Any], id: str, **settings: Any) -> list[Any]:
    """Return the repositories with one of them served otherwise."""
    return [replace(each, **settings) if each.id == id else each for each in repositories]


def flipped(body: bytes) -> bytes:
    return body[:-20] + bytes([body[-20] ^ 1]) + body[-19:]


@pytest.mark.parametrize("lfs", [(), (SHARD,)], ids=["git", "lfs"])
def test_wrong_bytes_are_fetched_again_once_and_never_kept(lfs, run, hub_server, repositories, tmp_path) -> None:
    bad = flipped(repositories[0].files[SHARD])
    whole = ["test-00000-of-00002.parquet", "test-00001-of-00002.parquet"]
    with hub_server.serve(changed(repositories, "org/pairs", wrong={SHARD: [bad] * 9}, lfs=lfs)) as hub:
        told = run(FETCH, endpoint=hub.url)
    assert told["exit"] == 3
    assert f"org/pairs, {SHARD}: twice there came other bytes than those of the hash" in told["error"]
    assert not [path for path in (tmp_path / "hf").rglob("*") if path.is_file() and path.read_bytes() == bad]
    with hub_server.serve(changed(repositories, "org/pairs", wrong={SHARD: [bad]}, lfs=lfs)) as hub:
        assert run(FETCH, endpoint=hub.url) == whole
        assert len([asked for asked in hub.downloads() if asked.endswith(SHARD)]) == 2


@pytest.mark.parametrize("large", [True, False])
@pytest.mark.parametrize(
    "wrong",
    [flipped, lambda body: bytes(len(body)), lambda body: body + b"more", lambda body: body[:-1], lambda _: b""],
)
def test_bytes_are_held_against_the_size_and_the_hash_that_are_stated(wrong, large, tmp_path) -> None:
    body, path = b"the rows of a file" * 9, tmp_path / "file"
    git = sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
    stated = Stated(len(body), sha256(body).hexdigest() if large else git)
    path.write_bytes(body)
    assert stated.fault(path) is None
    path.write_bytes(wrong(body))
    assert "where the hub states" in str(stated.fault(path)) or "the hash that the hub states" in str(
        stated.fault(path)
    )
    assert Stated(None, None).fault(path) is None


@pytest.mark.parametrize("lfs", [(), (SHARD,)], ids=["git", "lfs"])
def test_a_copy_that_was_damaged_in_the_cache_is_fetched_again(lfs, run, hub_server, repositories, tmp_path) -> None:
    served = changed(repositories, "org/pairs", lfs=lfs)
    with hub_server.serve(served) as hub:
        whole = run(LOAD, endpoint=hub.url)
        (copy,) = tmp_path.glob(f"hf/hub/datasets--org--pairs/snapshots/*/{SHARD}")
        copy.resolve().chmod(0o644)
        copy.resolve().write_bytes(flipped(copy.read_bytes()))
        told = run(LOAD, endpoint=hub.url, HF_HUB_OFFLINE="1")
        assert "cannot fetch org/pairs" in told["error"]
        assert run(LOAD, endpoint=hub.url) == whole


def test_damaged_weights_in_the_cache_are_fetched_again(run, hub_server, repositories, tmp_path) -> None:
    with hub_server.serve(changed(repositories, "org/encoder", lfs=("model.safetensors",))) as hub:
        whole = run(MODEL, endpoint=hub.url)
        (copy,) = tmp_path.glob("hf/hub/models--org--encoder/snapshots/*/model.safetensors")
        copy.resolve().write_bytes(b"WEIGHTS")
        assert run(MODEL, endpoint=hub.url) == whole
        assert copy.read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("size", "stated", "told"),
    [
        (10**13, None, "would send 10,000,000,000,000 bytes where it states"),
        (10**13, 10**13, "more than 50,000,000,000"),
    ],
)
def test_a_file_without_end_is_refused_before_it_is_asked_for(
    size, stated, told, run, hub_server, repositories
) -> None:
    settings: dict[str, Any] = {"length": {SHARD: size}}
    if stated:
        siblings = [{"rfilename": SHARD, "size": stated, "blobId": "0" * 40}]
        settings["answer"] = json.dumps({"id": "org/pairs", "sha": PAIRS, "siblings": siblings}).encode()
    with hub_server.serve(changed(repositories, "org/pairs", **settings)) as hub:
        found = run(FETCH, endpoint=hub.url)
        assert hub.downloads() == []
    assert found["exit"] == 3
    assert told in found["error"]


ODD = [
    {"id": "org/spans"},
    {"sha": None},
    {"sha": "../../escape"},
    {"sha": SPANS, "siblings": [{}]},
    {"sha": SPANS, "siblings": 5},
    {"sha": SPANS, "siblings": [{"rfilename": "x", "lfs": {"size": 1}}]},
    {"sha": 5},
    [1],
    None,
]
REFUSED = {401: "log in", 403: "ask for access", 404: "commit or file", 500: "trouble of its own"}
EACH = """
told = {}
for name in NAMES:
    try:
        hub.fetch(replace(spans, hub=name), ["de"], ["test"], store)
    except AdaptxError as error:
        told[name] = [int(error.exit_code), str(error), error.hint]
return told
"""


def test_an_answer_that_makes_no_sense_is_a_sentence(run, hub_server) -> None:
    make, names = hub_server.Repository, [f"org/odd{number}" for number in range(len(ODD))]
    bodies = [b"<html>" if answer is None else json.dumps(answer).encode() for answer in ODD]
    served = [
        make(kind="dataset", id=name, commit=SPANS, files={}, answer=body)
        for name, body in zip(names, bodies, strict=True)
    ]
    with hub_server.serve(served) as hub:
        told = run(f"NAMES = {names}\n{EACH}", endpoint=hub.url)
    assert {name: code for name, (code, *_) in told.items()} == dict.fromkeys(names, 3)
    assert all(name in error for name, (_, error, _) in told.items())


@pytest.mark.parametrize("of_a_file", [True, False])
def test_the_hint_is_about_what_the_hub_answered(of_a_file, run, hub_server) -> None:
    file = "xquad.de/validation.jsonl"
    names = {f"org/answers{status}": status for status in REFUSED}
    make = hub_server.Repository
    served = [
        make(kind="dataset", id=name, commit=SPANS, files={file: b"{}"}, status={file if of_a_file else "": status})
        for name, status in names.items()
    ]
    with hub_server.serve(served) as hub:
        told = run(f"NAMES = {list(names)}\n{EACH}", endpoint=hub.url)
    for name, status in names.items():
        code, error, hint = told[name]
        assert code == 3
        assert "--source mini" in hint
        assert "check your connection" not in error + hint
        assert REFUSED[status] in hint or f"does not have {name}" in error


def test_a_page_of_ones_own_is_fetched_from_the_hub_by_its_path(run, hub_server, repositories) -> None:
    body = """
    from adaptx.execution import fetch
    from adaptx.execution.make import Request
    from adaptx.planning.choices import Choices
    path = str(Path(sys.argv[2]) / "spans.toml")
    fetch.lock([Request(choices=Choices(source="hub", backbone="nano"), names=(path,))], store)
    fetch.fetch_rows = lambda task, *cell: hub.fetch(task, *cell) if task.name == "spans" else []
    told = fetch.fetch([path], None, ["de"], store)
    return {"files": {row["what"]: row["files"] for row in told}, "lock": store.lock("dataset", "org/spans")}
    """
    both = {f"xquad.{tag}/validation.jsonl": b'{"id": 1}\n' for tag in ("de", "en")}
    with hub_server.serve(changed(repositories, "org/spans", files=both)) as hub:
        told = run(body, endpoint=hub.url)
    assert told == {"files": {"task squad": 0, "task spans": 2}, "lock": SPANS}
