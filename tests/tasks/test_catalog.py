"""Finding a task: built in, installed, or a person's own page."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx import registry
from adaptx.errors import Exit, Missing, PluginError, UnknownName, UsageError
from adaptx.tasks.catalog import PAGES, task_named, task_names

MNLI = (PAGES / "mnli.toml").read_text(encoding="utf-8")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    plugins: dict[str, object] = {}
    names, load = registry.names, registry.load
    monkeypatch.setattr(registry, "names", lambda g: sorted(plugins) if g == registry.TASKS else names(g))
    monkeypatch.setattr(registry, "load", lambda g, name: plugins[name] if g == registry.TASKS else load(g, name))
    return plugins


def test_every_built_in_is_listed_without_being_read() -> None:
    assert {"squad", "xquad", "pawsx", "mnli", "xnli"} <= set(task_names())


def test_unknown_task_is_a_usage_error_with_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="unknown task 'paws-x'") as caught:
        task_named("paws-x")
    assert "pawsx" in str(caught.value.hint)
    assert caught.value.exit_code == Exit.USAGE


@pytest.mark.parametrize("name", ["../mnli", "/etc/passwd", "a/b", "..\\mnli"])
def test_a_name_with_a_path_in_it_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is a path, not a task's name"):
        task_named(name)


def test_a_persons_own_page_is_read_from_its_path(tmp_path: Path) -> None:
    page = tmp_path / "mine.toml"
    page.write_text(MNLI.replace('name = "mnli"', 'name = "mine"'), encoding="utf-8")
    assert task_named(str(page)).name == "mine"


def test_a_page_that_is_not_there_exits_with_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no page at"):
        task_named(str(tmp_path / "none.toml"))


def test_a_page_that_is_not_utf8_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(UsageError, match="is not UTF-8"):
        task_named(str(tmp_path / "bad.toml"))


def test_a_plugin_brings_a_task_or_the_path_of_a_page(tmp_path: Path, installed: dict[str, object]) -> None:
    page = tmp_path / "page.toml"
    page.write_text(MNLI.replace('name = "mnli"', 'name = "mine"'), encoding="utf-8")
    installed["mine"] = page
    assert task_named("mine").name == "mine"
    installed["mine"] = task_named(str(page))
    assert task_named("mine").name == "mine"
    assert "mine" in task_names()


@pytest.mark.parametrize("like", ["copa", "panx", "tatoeba"])
def test_pages_of_every_form_may_come_by_path_or_from_a_plugin(tmp_path: Path, installed, like: str) -> None:
    page = tmp_path / "page.toml"
    text = (PAGES / f"{like}.toml").read_text(encoding="utf-8")
    page.write_text(text.replace(f'name = "{like}"', 'name = "mine"', 1), encoding="utf-8")
    installed["mine"] = page
    for task in (task_named("mine"), task_named(str(page))):
        assert (task.name, task.form, task.fields) == ("mine", task_named(like).form, task_named(like).fields)
        assert task.page == page.read_text(encoding="utf-8"), "results keep the page that they were made with"


@pytest.mark.parametrize("found", [42, None, "mine.toml"])
def test_a_plugin_that_brings_no_task_is_refused(found: object, installed: dict[str, object]) -> None:
    installed["mine"] = found
    with pytest.raises(PluginError, match="not a Task"):
        task_named("mine")


def test_a_plugin_under_another_name_is_refused(installed: dict[str, object]) -> None:
    installed["mine"] = task_named("squad")
    with pytest.raises(PluginError, match="named 'squad'"):
        task_named("mine")


def test_a_plugin_may_not_take_a_built_ins_name_nor_hide_it(installed: dict[str, object]) -> None:
    installed["mnli"] = task_named("squad")
    assert task_named("mnli").title == "MultiNLI: English natural language inference over ten genres"
    assert task_names().count("mnli") == 1
