"""Imports point down only, and heavy libraries stay behind their doors; each rule is shown to bite by breaking it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LINT = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"

FLOORS = "Imports point down only"
LIGHT = "The light half never reaches a heavy library"

# (file, an import that does not belong there, the one contract that must break)
PLANTED = [
    ("tasks/task.py", "import adaptx.report", FLOORS),
    ("errors.py", "import adaptx.spec", FLOORS),
    ("robustness/replies.py", "import adaptx.analysis", FLOORS),
    ("backbone.py", "import adaptx.data", FLOORS),
    ("a_new_room.py", "'''A module that nobody has placed on a floor.'''", FLOORS),
    ("cli/main.py", "import torch", LIGHT),
    ("report/__init__.py", "import transformers", LIGHT),
    ("planning/planner.py", "import adaptx.model.stack", LIGHT),
    ("model/stack.py", "import peft", "One door to peft"),
    ("model/methods/lora.py", "import adapters", "One door to adapters"),
    ("training/train.py", "import deepspeed", "One door to deepspeed"),
    ("evaluation/evaluate.py", "import datasets", "One door to datasets"),
]


def broken_contracts(root: Path) -> set[str]:
    run = subprocess.run([sys.executable, "-c", LINT], cwd=root, capture_output=True, text=True, check=False)
    verdicts = re.findall(r"^(.+?) (KEPT|BROKEN)(?: \(.*\))?$", run.stdout, re.MULTILINE)
    assert verdicts, run.stdout + run.stderr
    return {name for name, verdict in verdicts if verdict == "BROKEN"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    root = tmp_path_factory.mktemp("house")
    shutil.copytree(repository / "adaptx", root / "adaptx", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repository / ".importlinter", root)
    return root


def test_every_contract_is_kept(house: Path) -> None:
    assert broken_contracts(house) == set()


@pytest.mark.parametrize(("file", "planted", "contract"), PLANTED, ids=[f"{f}: {p}" for f, p, _ in PLANTED])
def test_a_planted_import_breaks_exactly_its_contract(house: Path, file: str, planted: str, contract: str) -> None:
    module = house / "adaptx" / file
    before = module.read_text(encoding="utf-8") if module.exists() else None
    module.write_text(f"{before or ''}\n{planted}\n", encoding="utf-8")
    try:
        assert broken_contracts(house) == {contract}
    finally:
        module.unlink() if before is None else module.write_text(before, encoding="utf-8")
