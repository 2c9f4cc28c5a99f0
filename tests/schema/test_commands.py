"""The published schemas are those of the types, and what commands print without a model is as they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaptx.api import KINDS
from adaptx.cli.main import COMMANDS as COMMAND_LINE
from adaptx.cli.main import main
from adaptx.schema.__main__ import document
from adaptx.schema.commands import COMMANDS
from adaptx.tasks.catalog import task_names

Conforms = Callable[[str, Any], bool]
Answer = Callable[..., Any]


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Answer:
    """Return a runner of a command line in an empty folder; it gives the JSON value on stdout."""
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> Any:
        assert main([*line.split(), "--json"]) == 0
        return json.loads(capfd.readouterr().out)

    return run


@pytest.mark.parametrize("name", COMMANDS)
def test_a_published_schema_is_not_stale(name: str, repository: Path) -> None:
    published = (repository / "docs" / "schema" / f"{name}.json").read_text(encoding="utf-8")
    assert published == document(name), "run: python -m adaptx.schema docs/schema"


def test_every_command_has_a_schema_and_nothing_else_has(repository: Path) -> None:
    assert {path.stem for path in (repository / "docs" / "schema").glob("*")} == set(COMMANDS)
    assert {name for name in COMMAND_LINE if not {name, f"{name}-tasks"} & set(COMMANDS)} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_is_as_published(kind: str, answer: Answer, conforms: Conforms) -> None:
    assert conforms(f"ls-{kind}", answer(f"ls {kind}"))


@pytest.mark.parametrize("task", task_names())
def test_a_page_is_as_published(task: str, answer: Answer, conforms: Conforms) -> None:
    assert conforms("show", answer(f"show {task}"))


@pytest.mark.parametrize("name", ["verify", "doctor", "prune"])
def test_what_is_said_of_an_empty_store_is_as_published(name: str, answer: Answer, conforms: Conforms) -> None:
    assert conforms(name, answer(name))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_value_with_a_key_too_many_or_too_few_is_refused(name: str, conforms: Conforms) -> None:
    with pytest.raises(AssertionError, match="not as docs/schema"):
        conforms(name, {"unheard of": 1})
    with pytest.raises(AssertionError, match="not as docs/schema"):
        conforms(name, [{}])
