"""The budgets that keep the house readable: short files, short functions, nothing of one person's machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE_LINES = 400
FUNCTION_LINES = 60
UNTYPED = 39  # lines with a `dict` or `Mapping` of Any: parsed TOML and JSON, stored rows, options, untyped libraries
CODE = ("adaptx", "plugins", "benchmarks", "tests")
TEXT = {".py", ".toml", ".md", ".ini", ".txt", ".cfg", ".json", ".jsonl", ""}
OWN_MACHINE = re.compile(r"(?<![\w.])/(?:home|root|Users|work|tmp/venv)/\w")


def python_files(root: Path) -> list[Path]:
    return [file for folder in CODE for file in sorted((root / folder).rglob("*.py")) if "build" not in file.parts]


def functions(file: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{file.name}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_longer_than_the_budget(repository: Path) -> None:
    lengths = {
        str(file.relative_to(repository)): len(file.read_bytes().splitlines()) for file in python_files(repository)
    }
    assert {file: lines for file, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_longer_than_the_budget(repository: Path) -> None:
    lengths = dict(function for file in python_files(repository) for function in functions(file))
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def test_values_of_any_kind_stay_at_the_borders(repository: Path) -> None:
    lines = [line for file in (repository / "adaptx").rglob("*.py") for line in file.read_text("utf-8").splitlines()]
    assert len([line for line in lines if re.search(r"(dict|Mapping)\[str, Any\]", line)]) <= UNTYPED


@pytest.mark.parametrize("folder", [".", "adaptx", "plugins", "benchmarks", "tests", "docs", "recipes", ".ci"])
def test_no_path_of_one_machine_is_in_the_tree(repository: Path, folder: str) -> None:
    inside = (repository / folder).glob("*") if folder == "." else (repository / folder).rglob("*")
    files = [file for file in inside if file.is_file() and file.suffix in TEXT and not file.name.startswith(".git")]
    named = {file.name: OWN_MACHINE.findall(file.read_text(encoding="utf-8", errors="replace")) for file in files}
    assert {name: paths for name, paths in named.items() if paths} == {}
