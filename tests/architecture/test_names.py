"""Functions are named by what they do (imperative) or what they answer (a noun, `is_`, `has_`), never by a participle.

A machine cannot parse English, so the first word of a name decides: one that ends in -ed or is an irregular participle
is refused unless it is listed below as something else. A verb whose participle looks like its imperative (`read`,
`set`, `split`, `put`, `let`) passes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

IRREGULAR = frozenset(
    "begun bound bought brought built chosen cut done drawn felt forgotten found frozen given gone heard held hidden "
    "kept known laid learnt left lent lost made meant met paid proven ran said seen sent shown sold spelt spent spoken "
    "stood sung taken taught thought thrown told understood untold won worn written".split()
)
NOT_PARTICIPLES = frozenset({"bed", "embed", "exceed", "feed", "heed", "need", "proceed", "seed", "speed", "succeed"})
NOUN_PHRASES = frozenset({"built_in_names", "damaged", "expected_tensors", "left", "protected_spans"})
"""Whole names whose first word is an adjective before a noun, or a noun; `budget.left` is part of the plugin API."""


def is_participle(name: str) -> bool:
    first = name.strip("_").partition("_")[0]
    if name.strip("_") in NOUN_PHRASES or first in NOT_PARTICIPLES:
        return False
    return first in IRREGULAR or (first.endswith("ed") and not first.endswith("eed"))


def functions(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (file:line, name) of every function and method below a folder, or in a file."""
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{file}:{node.lineno}", node.name


def test_no_function_is_named_by_a_past_participle(repository: Path) -> None:
    names = dict(functions(repository / "adaptx"))
    assert len(names) > 1000
    assert {where: name for where, name in names.items() if is_participle(name)} == {}


@pytest.mark.parametrize("name", ["told", "_laid", "planned", "made_of", "_mixed_how", "cut", "untold", "chosen"])
def test_a_participle_is_found_out(name: str) -> None:
    assert is_participle(name)


@pytest.mark.parametrize("name", ["seed", "_speed", "read", "set_weights", "split_of", "embed", "left", "is_frozen"])
def test_an_imperative_or_a_noun_passes(name: str) -> None:
    assert not is_participle(name)
