"""The hub path end to end, against a hub on the loopback interface that has one encoder and two data sets."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adaptx.errors import Exit
from adaptx.mini import suite
from adaptx.store import Store
from adaptx.tasks.catalog import task_named

pytestmark = pytest.mark.e2e

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens
ENCODER = "org/encoder"
COMMIT = "c" * 40
FEW = suite.Suite(train=80, dev=20, test=20)
STACK = (
    *f"stack squad pawsx --backbone {ENCODER} --languages en,zh --precision fp32 --device cpu --json".split(),
    *"--max-length 64 --max-train 64 --epochs 1 --max-eval 20".split(),
)


@pytest.fixture(scope="module")
def hub_server() -> ModuleType:
    file = Path(__file__).resolve().parents[1] / "data" / "hub_server.py"
    spec = importlib.util.spec_from_file_location("hub_server_of_e2e", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def parquet(rows: Iterable[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), file)
    return file.getvalue()


def files(name: str) -> dict[str, bytes]:
    """Return the rows of the embedded world under the names that the hub uses for a task."""
    task = task_named(name)
    return {
        f"{task.languages[language]}/{upstream}-00000-of-00001.parquet": parquet(suite.rows(name, language, ours, FEW))
        for language in ("en", "zh", "fr")
        if language in suite.languages(name)
        for ours, (upstream,) in task.splits.items()
        if ours in suite.splits(name, language) and not (name == "squad" and ours == "dev")
    }


@pytest.fixture(scope="module")
def hub(hub_server: ModuleType, nano: Path) -> Iterator[Any]:
    make = hub_server.Repository
    data = [
        make(kind="dataset", id=task.hub, commit=task.revision, files=files(task.name))
        for task in (task_named("squad"), task_named("pawsx"))
    ]
    encoder = {path.name: path.read_bytes() for path in nano.iterdir()}
    with hub_server.serve([*data, make(kind="model", id=ENCODER, commit=COMMIT, files=encoder)]) as served:
        yield served


@pytest.fixture
def online(command, folder: Path, hub):
    """Return a runner with this test's own cache of the hub; ``endpoint`` may be one where nothing listens."""

    def run(*args: str, endpoint: str = hub.url, offline: str = "0") -> Any:
        return command(*args, HF_HOME=str(folder / "hf"), HF_ENDPOINT=endpoint, HF_HUB_OFFLINE=offline)

    return run


@contextmanager
def no_requests(hub: Any) -> Iterator[None]:
    before = len(hub.requests)
    yield
    assert hub.requests[before:] == []


def test_a_cold_cache_is_filled_and_a_warm_one_asks_for_nothing(online, hub, folder) -> None:
    cold = online(*STACK).json
    assert (cold["source"], cold["backbone"], list(cold["languages"])) == ("hub", ENCODER, ["en", "zh"])
    train = next(Store(folder / "runs").all("train"))
    assert train.spec["backbone"] == f"commit:{COMMIT}"
    assert {record.spec["rows"]["revision"] for record in Store(folder / "runs").all("train")} == {
        f"commit:{task_named(name).revision}" for name in ("squad", "pawsx")
    }
    assert json.loads((folder / "runs" / "lock.json").read_text())["model"] == {ENCODER: COMMIT}
    assert not any("/fr/" in path for path in hub.downloads()), "a language that was not asked for was downloaded"
    with no_requests(hub):
        warm = online(*STACK).json
        assert {step["status"] for step in warm["steps"]} == {"reused"}


@pytest.mark.parametrize("offline", ["0", "1"])
def test_without_network_it_says_what_was_to_be_fetched_and_how_to_go_on(offline, online, folder) -> None:
    done = online(*STACK, endpoint=NOWHERE, offline=offline)
    assert (done.code, done.out) == (Exit.MISSING, "")
    assert f"cannot fetch {ENCODER}" in done.err
    assert all(way in done.err for way in ("adaptx fetch", "--backbone FOLDER"))
    assert "Traceback" not in done.err
    assert not (folder / "runs" / "store").exists()


def test_without_network_missing_rows_are_named(online, nano, folder) -> None:
    args = ("train", "--adapter", "pawsx", "--backbone", str(nano))
    done = online(*args, endpoint=NOWHERE)
    assert (done.code, done.out) == (Exit.MISSING, "")
    assert "cannot fetch google-research-datasets/paws-x" in done.err
    assert all(way in done.err for way in ("--source FOLDER", "--source mini", "adaptx fetch pawsx"))
    assert not (folder / "runs" / "store").exists()


def test_what_was_fetched_is_enough_without_network(online, hub) -> None:
    fetched = online("fetch", "squad", "pawsx", "--backbone", ENCODER, "--languages", "en,zh", "--json")
    assert fetched.code == Exit.DONE, fetched.err
    assert [row["what"] for row in fetched.json] == ["task squad", "task pawsx", f"backbone {ENCODER}"]
    assert all(row["files"] > 0 < row["bytes"] for row in fetched.json)
    with no_requests(hub):
        told = online(*STACK, endpoint=NOWHERE, offline="1").json
    assert told["languages"]["zh"]["n"] == 20
