"""The hub path against a hub on the loopback interface: cold cache, warm cache, no network.

Each case runs in a process of its own, because the hub client reads its settings when it is imported.
"""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any

import pytest

from adaptx.store import Store

pytestmark = pytest.mark.slow

PAIRS, SPANS, ENCODER, PICKLED = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)
WORDS = {"premise": "a", "hypothesis": "b", "label": 0}

LOAD = """
source = open_source("hub", store)
de = load(Cell(source, pairs, "de", "test"))
hub.fetch(spans, ["de"], ["test"], store)
also = load(Cell(source, spans, "de", "test"))
return {"premises": [e.texts["premise"] for e in de.examples], "revision": de.revision,
        "spans": len(also.examples), "locked": also.revision}
"""
ENCODE = """
folder = hub.fetch_model("org/encoder", None, store)
return {"files": sorted(path.name for path in folder.rglob("*")), "lock": store.lock("model", "org/encoder")}
"""
NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens


def test_cold_then_warm_then_no_network(run, hub_server, repositories) -> None:
    with hub_server.serve(repositories) as hub:
        cold = run(LOAD, endpoint=hub.url)
        assert hub.downloads() == [
            f"/datasets/org/pairs/resolve/{PAIRS}/de/test-00000-of-00002.parquet",
            f"/datasets/org/pairs/resolve/{PAIRS}/de/test-00001-of-00002.parquet",
            f"/datasets/org/spans/resolve/{SPANS}/xquad.de/validation.jsonl",
        ]
        asked = len(hub.requests)
        warm = run(LOAD, endpoint=hub.url)
        assert hub.requests[asked:] == []
    assert cold["premises"] == ["x0", "x1", "x2", "y0", "y1", "y2"]
    assert (cold["revision"], cold["locked"], cold["spans"]) == (f"commit:{PAIRS}", f"commit:{SPANS}", 4)
    assert warm == run(LOAD, endpoint=NOWHERE) == run(LOAD, endpoint=hub.url, HF_HUB_OFFLINE="1") == cold


def test_an_interrupted_download_is_completed_not_taken_for_the_split(run, hub_server, repositories, tmp_path) -> None:
    with hub_server.serve(repositories) as hub:
        whole = run(LOAD, endpoint=hub.url)
        (second,) = tmp_path.glob("hf/hub/datasets--org--pairs/snapshots/*/de/test-00001*")
        second.unlink()
        assert run(LOAD, endpoint=hub.url) == whole


@pytest.mark.parametrize("offline", ["0", "1"])
def test_without_network_it_says_what_was_to_be_fetched_and_the_ways_to_go_on(run, offline: str) -> None:
    body = 'return load(Cell(open_source("hub", store), pairs, "de", "test")).revision'
    told = run(body, endpoint=NOWHERE, HF_HUB_OFFLINE=offline)
    assert told["exit"] == 3
    assert "cannot fetch org/pairs, commit aaaaaaaa" in told["error"]
    assert all(way in told["hint"] for way in ("--source FOLDER", "--source mini", "adaptx fetch pairs"))


def test_an_unpinned_data_set_keeps_the_commit_of_its_first_use(run, hub_server, repositories, tmp_path) -> None:
    with hub_server.serve(repositories) as hub:
        run("return hub.commit_of(spans, store)", endpoint=hub.url)
    assert Store(tmp_path / "runs").lock("dataset", "org/spans") == SPANS
    moved = hub_server.Repository(kind="dataset", id="org/spans", commit="e" * 40, files={})
    with hub_server.serve([moved]) as hub:
        assert run("return hub.commit_of(spans, store)", endpoint=hub.url) == SPANS
        assert hub.requests == []


def test_a_commit_without_rows_files_is_a_data_fault(run, hub_server, repositories) -> None:
    with hub_server.serve(repositories) as hub:
        told = run('return len(hub.fetch(pairs, ["es"], ["test"], store))', endpoint=hub.url)
    assert told["error"] == "org/pairs at aaaaaaaa has no es/test as Parquet or JSON lines"
    assert (told["exit"], "never run" in told["hint"]) == (1, True)


def test_a_repository_or_commit_that_the_hub_does_not_have_exits_with_missing(run, hub_server, repositories) -> None:
    elsewhere = [r for r in repositories if r.id != "org/pairs"]
    other = hub_server.Repository(kind="dataset", id="org/pairs", commit="e" * 40, files={})
    for served in (elsewhere, [*elsewhere, other]):
        with hub_server.serve(served) as hub:
            told = run('return len(hub.fetch(pairs, ["de"], ["test"], store))', endpoint=hub.url)
        assert told["exit"] == 3
        assert "the hub does not have org/pairs, commit aaaaaaaa" in told["error"]


def test_a_backbone_is_fetched_once_without_its_pickle(run, hub_server, repositories) -> None:
    with hub_server.serve(repositories) as hub:
        cold = run(ENCODE, endpoint=hub.url)
        assert cold == {"files": ["config.json", "model.safetensors", "tokenizer.json"], "lock": ENCODER}
        assert hub.downloads()[-1].endswith("model.safetensors")
    assert run(ENCODE, endpoint=NOWHERE) == cold


def test_a_backbone_with_a_pickle_only_is_refused(run, hub_server, repositories) -> None:
    with hub_server.serve(repositories) as hub:
        told = run('return str(hub.fetch_model("org/pickled", None, store))', endpoint=hub.url)
        assert hub.downloads() == [f"/org/pickled/resolve/{PICKLED}/config.json"]
    assert told["exit"] == 3
    assert "has no model.safetensors, and a pickle is never loaded" in told["error"]


def test_a_backbone_without_network_says_how_to_go_on(run) -> None:
    told = run(ENCODE, endpoint=NOWHERE)
    assert told["exit"] == 3
    assert "cannot fetch org/encoder, its newest commit" in told["error"]
    assert "--backbone FOLDER" in told["hint"]


MIXED = """
one = replace(spans, hub="org/mixed", revision="f" * 40, hub_config="default", hub_language="id",
              languages={"fi": "finnish", "sw": "swahili"})
loaded = load(Cell(open_source("hub", store), one, "sw", "test"))
return {"ids": [e.id for e in loaded.examples], "n": loaded.n_rows}
"""
ROUNDS = """
rounds = replace(pairs, hub="org/rounds", revision="f" * 40, splits={"test": ("r1", "r2")}, group=None,
                 hub_columns={"premise": "first"}, elsewhere=HubOverride(languages={"de": "de"}, hub="org/spans"))
en = load(Cell(open_source("hub", store), rounds, "en", "test"))
hub.commit_of(rounds, store)
return {"premises": [e.texts["premise"] for e in en.examples], "ids": [e.id for e in en.examples],
        "labels": [e.label for e in en.examples], "elsewhere": store.lock("dataset", "org/spans")}
"""
TRANSLATED = """
german = replace(pairs, hub="org/none", splits={"train": ("train",)},
                 translations=HubOverride(languages={"de": "de"}, hub="org/rounds", revision="f" * 40))
return [e.texts["premise"] for e in load(Cell(open_source("hub", store), german, "de", "train")).examples]
"""


def classes(rows: list[dict[str, Any]]) -> bytes:
    """Return Parquet as the hub's conversion writes it: labels are indices with their names in the file's metadata."""
    from datasets import ClassLabel, Dataset, Features, Value

    file = io.BytesIO()
    kinds = {key: Value("string") for key in rows[0]} | {"label": ClassLabel(names=["e", "n", "c"])}
    Dataset.from_list(rows, features=Features(kinds)).to_parquet(file)
    return file.getvalue()


@pytest.fixture
def shaped(hub_server: ModuleType, repositories) -> list[Any]:
    make = hub_server.Repository
    told = [{**hub_server.question(n), "id": f"{('finnish', 'swahili')[n % 2]}-{n}"} for n in range(6)]
    mixed = {"data/validation-00000-of-00001.parquet": hub_server.parquet(told)}
    rounds = {
        f"en/r{n}-00000-of-00001.parquet": classes([{"first": f"round {n}", "hypothesis": "h", "label": n}])
        for n in (1, 2)
    }
    rounds["de/train-00000-of-00001.parquet"] = classes([{"premise": "deutsch", "hypothesis": "h", "label": 0}])
    return [
        *repositories,
        make(kind="dataset", id="org/mixed", commit="f" * 40, files=mixed),
        make(kind="dataset", id="org/rounds", commit="f" * 40, files=rounds),
    ]


def test_one_config_for_all_languages_gives_only_the_rows_of_the_one_asked_for(run, hub_server, shaped) -> None:
    with hub_server.serve(shaped) as hub:
        assert run(MIXED, endpoint=hub.url) == {"ids": ["swahili-1", "swahili-3", "swahili-5"], "n": 3}


def test_rounds_are_one_split_under_the_hubs_own_columns_and_every_hub_is_locked(run, hub_server, shaped) -> None:
    with hub_server.serve(shaped) as hub:
        told = run(ROUNDS, endpoint=hub.url)
    assert told == {"premises": ["round 1", "round 2"], "ids": ["0", "1"], "labels": [1, 2], "elsewhere": SPANS}


def test_translated_rows_come_from_their_own_data_set_under_the_pages_columns(run, hub_server, shaped) -> None:
    with hub_server.serve(shaped) as hub:
        assert run(TRANSLATED, endpoint=hub.url) == ["deutsch"]
        assert all("org/none" not in asked for asked in hub.requests)
