"""Imports point down only, and heavy libraries stay behind their doors; each rule is shown to bite by breaking it."""

from __future__ import annotations

import ast
import configparser
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

LINT = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
CONTRACTS = (".importlinter", ".importlinter-circles")

FLOORS = "Imports point down only"
LIGHT = "The light half never reaches a heavy library"
WAY_IN = "One way in"
CIRCLES = "No circles"
FORMS = "Planning, steps, execution and results know no form"
LONGEST_CHAIN = 10  # imports at the top of modules that stand on each other

UP = {FLOORS, CIRCLES}  # what is above imports what is below already

# (file, an import that does not belong there, the contracts that must break, and no other)
PLANTED = [
    ("tasks/task.py", "import adaptx.reporting", UP),
    ("errors.py", "import adaptx.spec", UP),
    ("robustness/replies.py", "import adaptx.analysis", UP),
    ("backbone.py", "import adaptx.data", {FLOORS}),
    ("a_new_room.py", "'''A module that nobody has placed on a floor.'''", {FLOORS}),
    ("cli/main.py", "import torch", {LIGHT}),
    ("reporting/__init__.py", "import transformers", {LIGHT}),
    ("cli/verify.py", "from adaptx.results import verify", {WAY_IN}),
    ("cli/ls.py", "def late():\n    from adaptx.planning import options", {WAY_IN}),
    ("planning/planner.py", "import adaptx.model.stack", {LIGHT}),
    ("planning/resolver.py", "import adaptx.tasks.forms.retrieval", {FORMS}),
    ("steps/compute/train.py", "import adaptx.model.forms.choice", {FORMS}),
    ("execution/estimate.py", "from adaptx.tasks.forms.choice import is_option", {FORMS}),
    ("results/summaries.py", "def late():\n    import adaptx.tasks.forms.tagging", {FORMS}),
    ("model/stack.py", "import peft", {"One door to peft"}),
    ("model/methods/lora.py", "import adapters", {"One door to adapters"}),
    ("training/train.py", "import deepspeed", {"One door to deepspeed"}),
    ("model/backbone.py", "def late():\n    import huggingface_hub", {"One door to huggingface_hub"}),
    ("evaluation/evaluate.py", "import datasets", {"One door to datasets"}),
    ("planning/choices.py", "def late():\n    import adaptx.planning.planner", {CIRCLES}),
    ("store/manifest.py", "TYPE_CHECKING = 0\nif TYPE_CHECKING:\n    import adaptx.store.store", {CIRCLES}),
]


def broken_contracts(root: Path) -> set[str]:
    return {name for contracts in CONTRACTS for name in broken_in(root, contracts)}


def broken_in(root: Path, contracts: str) -> set[str]:
    command = [sys.executable, "-c", LINT, "--no-cache", "--config", contracts]  # the files share one cache
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    verdicts = re.findall(r"^(.+?) (KEPT|BROKEN)(?: \(.*\))?$", run.stdout, re.MULTILINE)
    assert verdicts, run.stdout + run.stderr
    return {name for name, verdict in verdicts if verdict == "BROKEN"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    root = tmp_path_factory.mktemp("house")
    shutil.copytree(repository / "adaptx", root / "adaptx", ignore=shutil.ignore_patterns("__pycache__"))
    for contracts in CONTRACTS:
        shutil.copy(repository / contracts, root)
    return root


def test_every_contract_is_kept(house: Path) -> None:
    assert broken_contracts(house) == set()


@pytest.mark.parametrize(("file", "planted", "contracts"), PLANTED, ids=[f"{f}: {p}" for f, p, _ in PLANTED])
def test_a_planted_import_breaks_exactly_its_contracts(
    house: Path, file: str, planted: str, contracts: set[str]
) -> None:
    module = house / "adaptx" / file
    before = module.read_text(encoding="utf-8") if module.exists() else None
    module.write_text(f"{before or ''}\n{planted}\n", encoding="utf-8")
    try:
        assert broken_contracts(house) == contracts
    finally:
        module.unlink() if before is None else module.write_text(before, encoding="utf-8")


def test_the_command_line_may_know_no_room_but_the_one_way_in(repository: Path) -> None:
    contracts = configparser.ConfigParser()
    contracts.read(repository / ".importlinter")
    rooms = re.findall(r"[a-z]+", contracts["importlinter:contract:floors"]["layers"])
    forbidden = contracts["importlinter:contract:api"]["forbidden_modules"].split()
    assert sorted(forbidden) == sorted(f"adaptx.{room}" for room in set(rooms) - {"cli", "api", "errors"})


def imported_at_the_top(path: Path, known: set[str]) -> set[str]:
    """Return the modules of the package that a module imports when it is imported itself."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & known or {str(node.module)}
    return found & known


def test_the_longest_chain_of_imports_is_short(repository: Path) -> None:
    paths = sorted((repository / "adaptx").rglob("*.py"))
    modules = {
        ".".join(path.relative_to(repository).with_suffix("").parts).removesuffix(".__init__"): path for path in paths
    }
    below = {name: imported_at_the_top(path, set(modules)) - {name} for name, path in modules.items()}

    @cache
    def chain(module: str) -> tuple[str, ...]:
        return (module, *max((chain(other) for other in below[module]), key=len, default=()))

    longest = max(map(chain, modules), key=len)
    assert len(longest) <= LONGEST_CHAIN, " -> ".join(longest)
