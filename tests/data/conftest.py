"""Fixtures of the data tests: a store, and folders of rows that each test spoils in its own way."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adaptx.data.source import FolderSource
from adaptx.store import Store
from adaptx.tasks.catalog import PAGES

ROWS = Path(__file__).parent / "rows"


@pytest.fixture(scope="session")
def hub_server() -> ModuleType:
    """Return the module of the loopback hub; tests are not a package, so it is loaded from its file."""
    spec = importlib.util.spec_from_file_location("hub_server", Path(__file__).parent / "hub_server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


class Folder:
    """A source folder under construction."""

    def __init__(self, root: Path, store: Store) -> None:
        self.root = root
        self.source = FolderSource(root, store)

    def write(self, name: str, rows: Iterable[Mapping[str, Any]]) -> Path:
        """Write rows as JSON lines, gzipped where the name says so."""
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return self.write_bytes(name, gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())

    def write_bytes(self, name: str, content: bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


@pytest.fixture
def folder(tmp_path: Path, store: Store) -> Folder:
    root = tmp_path / "rows"
    root.mkdir()
    return Folder(root, store)


PAIRS, SPANS, ENCODER, PICKLED = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)  # commits
WORDS = {"premise": "a", "hypothesis": "b", "label": 0}

PRELUDE = """
import json, sys
from pathlib import Path
from adaptx.data import hub
from adaptx.data.cell import Cell
from adaptx.data.rows import load
from adaptx.data.source import open_source
from adaptx.errors import AdaptxError
from adaptx.store import Store
from adaptx.tasks.catalog import task_named

from dataclasses import replace
from adaptx.tasks.task import HubOverride
store = Store(Path(sys.argv[1]))
pairs, spans = (task_named(str(Path(sys.argv[2]) / f"{name}.toml")) for name in ("pairs", "spans"))
try:
    told = run()
except AdaptxError as error:
    told = {"error": str(error), "hint": error.hint, "exit": int(error.exit_code)}
print(json.dumps(told))
"""


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Return a folder with two pages: ``pairs`` pins its commit, ``spans`` does not."""
    xnli, xquad = ((PAGES / f"{name}.toml").read_text(encoding="utf-8") for name in ("xnli", "xquad"))
    pinned = xnli.replace("facebook/xnli", "org/pairs").replace("b8dd5d7af51114dbda02c0e3f6133f332186418e", PAIRS)
    loose = "\n".join(line for line in xquad.splitlines() if not line.startswith("revision"))
    (tmp_path / "pairs.toml").write_text(pinned.replace('"xnli"', '"pairs"', 1), encoding="utf-8")
    spans = loose.replace("google/xquad", "org/spans").replace('"xquad"', '"spans"', 1)
    (tmp_path / "spans.toml").write_text(spans, encoding="utf-8")
    return tmp_path


@pytest.fixture
def repositories(hub_server: ModuleType) -> list[Any]:
    shards = [[{**WORDS, "premise": f"{part}{n}"} for n in range(3)] for part in "xy"]
    pairs = {f"de/test-0000{n}-of-00002.parquet": hub_server.parquet(rows) for n, rows in enumerate(shards)}
    others = {
        "fr/test-00000-of-00001.parquet": hub_server.parquet(shards[0]),
        "README.md": b"#",
        "pairs.py": b"raise SystemExit",
    }
    questions = "".join(json.dumps(hub_server.question(n)) + "\n" for n in range(4))
    spans = {"xquad.de/validation.jsonl": questions.encode()}
    encoder = {
        "config.json": b"{}",
        "tokenizer.json": b"{}",
        "model.safetensors": b"weights",
        "pytorch_model.bin": b"pickle",
        "onnx/model.safetensors": b"other",
    }
    make = hub_server.Repository
    return [
        make(kind="dataset", id="org/pairs", commit=PAIRS, files=pairs | others),
        make(kind="dataset", id="org/spans", commit=SPANS, files=spans),
        make(kind="model", id="org/encoder", commit=ENCODER, files=encoder),
        make(kind="model", id="org/pickled", commit=PICKLED, files={"config.json": b"{}", "pytorch_model.bin": b"p"}),
    ]


@pytest.fixture
def run(tmp_path: Path, pages: Path) -> Callable[..., dict[str, Any]]:
    """Return a runner of a function's body in a fresh process with this test's cache; it returns what that returns."""

    def runner(body: str, *, endpoint: str, **settings: str) -> dict[str, Any]:
        code = "def run():\n" + textwrap.indent(textwrap.dedent(body), "    ") + PRELUDE
        environment = os.environ | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": endpoint}
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "runs"), str(pages)],
            env=environment | settings,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return runner
