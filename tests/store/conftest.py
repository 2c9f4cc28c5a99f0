"""Requests, stored results and real rival processes for the tests of the store."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adaptx.spec import EvalSpec, RowsSpec, content_id
from adaptx.store import Store, StoredStep

ROWS = RowsSpec(
    source="mini",
    revision="mini:1",
    task="pawsx",
    task_version=1,
    form="classification",
    form_version=1,
    language="de",
    split="test",
)
SPEC = EvalSpec(stack="a" * 64, rows=ROWS, metric="accuracy", metric_version=1, max_length=128, precision="fp32")

# What every rival process begins with: the same request as here, and a way to make and commit its result.
PREAMBLE = """
import os, signal, sys, time
from pathlib import Path
from adaptx.spec import EvalSpec, RowsSpec, content_id
from adaptx.store import Store
rows = RowsSpec(source="mini", revision="mini:1", task="pawsx", task_version=1, form="classification", form_version=1,
                language="de", split="test")
spec = EvalSpec(stack="a" * 64, rows=rows, metric="accuracy", metric_version=1, max_length=128, precision="fp32")
step, store = content_id(spec), Store(Path(sys.argv[1]))

def commit(text):
    import shutil
    staged = store.work("eval", step) / "staged"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    (staged / "scores.json").write_text(text)
    (staged / "model.safetensors").write_bytes(b"weights" * 1000)
    return store.commit(spec, staged, parents={"stack": "a" * 64}, how={}, seconds=1.0, facts={"by": os.getpid()})
"""

Rival = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def spec() -> EvalSpec:
    return SPEC


@pytest.fixture
def step_id() -> str:
    return content_id(SPEC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


@pytest.fixture
def commit(store: Store) -> Callable[..., StoredStep]:
    """Commit a result for SPEC with some fields changed (``language`` is a field of its rows)."""

    def make(
        scores: str = '{"accuracy": 0.5}', *, language: str = "de", weights: bytes = b"weights" * 100, **changes: object
    ) -> StoredStep:
        changed = replace(SPEC, rows=replace(ROWS, language=language), **changes)  # type: ignore[arg-type]
        staged = store.work("eval", content_id(changed)) / "staged"
        (staged / "deep").mkdir(parents=True)
        (staged / "scores.json").write_text(scores)
        (staged / "deep" / "model.safetensors").write_bytes(weights)
        parents = {"stack": changed.stack}
        return store.commit(changed, staged, parents=parents, how={"device": "cpu"}, seconds=2.5, facts={"name": "x"})

    return make


@pytest.fixture
def rival(store: Store) -> Iterator[Rival]:
    """Start a process that shares the store and runs PREAMBLE and then the given source."""
    started: list[subprocess.Popen[str]] = []

    def start(source: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PREAMBLE + source, str(store.root)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
