"""The glossary has every flag that a table can show, and every word once."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

RAISED = "raised"  # the dict of flag -> condition, in the rooms below
ROOMS = ("analysis", "robustness", "results", "steps")
KNOWN = {
    "chance",
    "majority",
    "void",
    "few-seeds",
    "mixed-how",
    "plugin-errors",
    "no-dev",
}  # one of each kind,


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "glossary.md").read_text(encoding="utf-8")


def assigned(tree: ast.AST, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            yield node.value


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the literal texts in an expression; of an f-string what stands before its first value."""
    for part in ast.walk(node):
        if isinstance(part, ast.JoinedStr) and part.values and isinstance(part.values[0], ast.Constant):
            yield str(part.values[0].value).partition(":")[0]
        elif isinstance(part, ast.List):
            yield from (str(item.value) for item in part.elts if isinstance(item, ast.Constant))


def flags_in(tree: ast.AST) -> Iterator[str]:
    for conditions in assigned(tree, RAISED):
        assert isinstance(conditions, ast.Dict), f"`{RAISED}` maps flags to conditions"
        yield from (str(key.value) for key in conditions.keys if isinstance(key, ast.Constant))
    for flags in assigned(tree, "flags"):
        yield from texts(flags)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and (ast.get_docstring(function) or "").startswith("Return a flag "):
            yield from (text for node in ast.walk(function) if isinstance(node, ast.Return) for text in texts(node))


def flags_of_the_code(package: Path) -> set[str]:
    files = [file for room in ROOMS for file in sorted((package / room).rglob("*.py"))]
    return {flag for file in files for flag in flags_in(ast.parse(file.read_text(encoding="utf-8")))} - {""}


def entries(page: str, head: str) -> list[str]:
    """Return the first cells of the tables whose first column is ``head``, each word by itself."""
    tables = re.findall(rf"^\| {head} \| meaning \|\n\|.*\n((?:\|.*\n)+)", page, re.MULTILINE)
    return [word for table in tables for row in table.splitlines() for word in row.split(" | ")[0][2:].split(", ")]


def test_every_flag_that_the_code_can_print_is_in_the_glossary_and_no_other(repository: Path, page: str) -> None:
    flags = flags_of_the_code(repository / "adaptx")
    assert flags >= KNOWN
    documented = {name.strip("`").partition(":")[0] for name in entries(page, "flag")}
    assert documented - {"ATTACK"} == flags


def test_no_word_has_two_entries(page: str) -> None:
    words = Counter(entries(page, "word"))
    assert {word for word, times in words.items() if times > 1} == set()
    assert {"backbone", "cell", "stack", "grapheme cluster", "contrast"} <= words.keys()
