"""The command line on the embedded world: run in this process, forked from a warm one, or started afresh.

Importing torch and DeepSpeed takes seconds, so a test that needs no process of its own runs `main` here, and one that
kills its process has it forked from a server that has imported everything already. All run on one thread: bits depend
on the number of threads.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from adaptx.cli.main import main
from adaptx.store import Store, StoredStep

SERVER = Path(__file__).parent / "fork_server.py"
PATIENCE = 300.0  # seconds: far beyond what a command takes, also on a busy machine

# Small enough for a second of training, and enough to move: 0.8 of the pairs are right after 13 steps.
SMALL = (
    *"--source mini:train=400,dev=60,test=60 --backbone nano --device cpu --languages en,zh".split(),
    *"--max-train 400 --epochs 1 --lr 2e-3 --max-eval 40 --budget 6".split(),
)


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str
    args: tuple[str, ...]
    conforms: ClassVar[Callable[[str, Any], bool]]

    @property
    def json(self) -> Any:
        """Return stdout, all of it, as one JSON value that is as its published schema says."""
        assert self.code == 0, self.err
        value = json.loads(self.out)
        assert self.conforms(self.schema, value)
        return value

    @property
    def schema(self) -> str:
        """The name of what is published for the command line."""
        command = self.args[0]
        if "--dry-run" in self.args and command != "prune":
            return "dry-run"
        return f"ls-{self.args[1]}" if command == "ls" else command

    @property
    def status(self) -> dict[str, str]:
        return {step["name"]: step["status"] for step in self.json["steps"]}


Run = Callable[..., Done]


@pytest.fixture(scope="session", autouse=True)
def _published(conforms: Callable[[str, Any], bool]) -> None:
    """Have every JSON value that a test reads checked against its published schema."""
    Done.conforms = staticmethod(conforms)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return the settings of every process: an empty cache, one thread, no network."""
    cache = tmp_path_factory.mktemp("cache")
    return {"XDG_CACHE_HOME": str(cache), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


@pytest.fixture
def folder(tmp_path: Path, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder with the settings in force; its store is ``runs``."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def adaptx(folder: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Return a runner of a command line in this process."""
    import torch

    torch.set_num_threads(1)

    def run(*args: str) -> Done:
        capfd.readouterr()
        words = tuple(map(str, args))
        code = main(list(words))
        return Done(code, *capfd.readouterr(), words)

    return run


@pytest.fixture
def command(folder: Path) -> Run:
    """Return a runner of the installed command in a process of its own; keywords are environment variables."""

    def run(*args: str, **settings: str) -> Done:
        done = subprocess.run(
            [Path(sys.executable).with_name("adaptx"), *args],
            env=os.environ | settings,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr, tuple(map(str, args)))

    return run


@pytest.fixture(scope="session")
def made(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that holds ``stack squad pawsx --attack charswap``; read it, or copy it with ``copied``."""
    import torch

    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("made") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        words = "stack squad pawsx --attack charswap".split()
        assert main([*words, *SMALL, "--store", str(root)]) == 0
    return root


@pytest.fixture
def copied(made: Path, folder: Path) -> Store:
    """Return a copy of ``made`` as the store of the working folder."""
    shutil.copytree(made, folder / "runs")
    return Store(folder / "runs")


class Child:
    """A command forked from the server, in a session of its own."""

    def __init__(self, server: Server, pid: int, place: Path, args: tuple[str, ...]) -> None:
        self._server, self.pid, self._place, self._args = server, pid, place, args

    @property
    def err(self) -> str:
        return (self._place / "err").read_text(encoding="utf-8")

    def wait(self) -> Done:
        """Wait for the end; a negative code is the signal that ended it."""
        code = self._server.ask({"wait": self.pid})
        return Done(code, (self._place / "out").read_text(encoding="utf-8"), self.err, self._args)

    def comes_to(self, text: str) -> bool:
        """Wait until ``text`` was told on stderr; False where the command ended without."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.err:
            if self._server.ask({"ended": self.pid}) or time.monotonic() > deadline:
                return text in self.err
            time.sleep(0.005)
        return True

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.killpg(self.pid, number)


class Server:
    """A warm process that forks commands; see ``fork_server.py``."""

    def __init__(self, process: subprocess.Popen[str], place: Path) -> None:
        self._process, self._place, self._count = process, place, 0

    def ask(self, question: Mapping[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(self, *args: str, store: Path) -> Child:
        self._count += 1
        place = self._place / str(self._count)
        place.mkdir()
        args = (*args, "--store", str(store))
        return Child(self, self.ask({"start": args, "place": str(place)}), place, args)


@pytest.fixture(scope="session")
def server(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTX_")}
    process = subprocess.Popen(
        [sys.executable, str(SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**settings, **environment},
    )
    yield Server(process, tmp_path_factory.mktemp("forked"))
    assert process.stdin is not None
    process.stdin.close()
    process.wait(60)


@pytest.fixture(scope="session")
def small() -> tuple[str, ...]:
    return SMALL


RESULTS = "*.safetensors head.json adapter_config.json predictions.parquet outcomes.parquet scores.json".split()


def results(store: Store) -> dict[str, dict[str, str]]:
    """Return the sha256 of every result file by step: what must be the same however it was made."""
    return {record.id: _hashes(record) for record in store.all()}


def _hashes(record: StoredStep) -> dict[str, str]:
    kept = [name for name in record.manifest["files"] if any(Path(name).match(pattern) for pattern in RESULTS)]
    assert kept, f"{record.path} holds no result"
    return {name: record.manifest["files"][name]["sha256"] for name in kept}


@pytest.fixture(scope="session")
def results_of() -> Callable[[Path], dict[str, dict[str, str]]]:
    return lambda root: results(Store(root))
