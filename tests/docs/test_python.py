"""Python on the pages is Python that can be called: functions that are exported, with options that they have."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import adaptx

PAGES = ("README.md", "docs/commands.md", "docs/metrics.md", "docs/tutorial.md")
OPEN = {"score"}  # a metric's own inputs are keywords too


def calls(text: str) -> Iterator[ast.Call]:
    """Yield the calls of ``adaptx.NAME`` in the Python blocks of a page and in its inline code."""
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    inline = [
        code.replace("=...", "=0").replace("...", "**{}") for code in re.findall(r"`(adaptx\.\w+\([^`]*\))`", text)
    ]
    for code in (*blocks, *inline):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Call) and re.fullmatch(r"adaptx\.\w+", ast.unparse(node.func)):
                yield node


@pytest.mark.parametrize("page", PAGES)
def test_a_page_calls_what_is_there_with_options_that_it_has(repository: Path, page: str) -> None:
    found = list(calls((repository / page).read_text(encoding="utf-8")))
    assert found
    for call in found:
        name = call.func.attr
        assert name in adaptx.__all__
        if name == "plan":  # has the options of what it plans
            name = call.args[0].attr
        known = inspect.signature(getattr(adaptx, name)).parameters
        assert name in OPEN or {keyword.arg for keyword in call.keywords} - {None} <= set(known), ast.unparse(call)


def test_every_function_is_documented(repository: Path) -> None:
    page = (repository / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [name for name in adaptx.__all__ if name != "__version__" and not re.search(rf"\b{name}\b", page)] == []
