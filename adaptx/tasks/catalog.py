"""The catalog: every task by its name, from the pages beside this module, from plugins, or from a person's own page.

Owns names and where pages are looked for; may not read rows. The languages of training rows are part of a name
(``pawsx@de``, ``squad@all``), and ``mnli+squad`` names tasks that are trained together. A plugin registers under
``adaptx.tasks`` either a `Task` or the path of a page; a built-in name is never a plugin's. Listing names reads file
names and distribution metadata only, and imports nobody's code.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from adaptx import registry
from adaptx.errors import Missing, PluginError, UnknownName, UsageError
from adaptx.tasks.page import read_page
from adaptx.tasks.task import Task
from adaptx.validation import near, refuse

__all__ = ["ALL", "built_in_names", "page_at", "task_named", "task_names", "tasks_named"]

ALL = "all"  # as a language: every one that the source has training rows in
GROUP = "adaptx.tasks"
PAGES = files("adaptx.tasks") / "catalog"


def task_names() -> list[str]:
    """Return the names of all tasks, built in and installed, sorted."""
    return sorted({*built_in_names(), *registry.names(GROUP)})


def tasks_named(name: str) -> tuple[Task, ...]:
    """Return the tasks of a layer: one, or those of ``mnli+squad``, which are trained together.

    Raises as `task_named`, and `UsageError` where one task is named twice.
    """
    names = [name] if Path(name).is_file() else name.split("+")
    tasks = tuple(task_named(part) for part in names)
    if len({task.base for task in tasks}) < len(tasks):
        raise UsageError(f"{name!r} names a task twice", hint="several languages of one task are written NAME@de,fr")
    return tasks


def task_named(name: str) -> Task:
    """Return the task called ``name``, or the task of the page at ``name`` where it ends in ``.toml``.

    ``NAME@de``, ``NAME@de,fr`` and ``NAME@all`` are the same task trained in other languages than its page says.
    Raises `UnknownName` with the nearest names, `Missing` for a page that is not there, `UsageError` for a name with a
    path in it or a page with mistakes, `PluginError` where a plugin cannot be imported or brings no task.
    """
    page, _, languages = (name, "", "") if name.endswith(".toml") else name.partition("@")
    return _with_training_languages(_task_named(page), languages) if languages else _task_named(page)


def _with_training_languages(task: Task, languages_asked: str) -> Task:
    known = tuple(dict.fromkeys((*task.languages, *task.translations.languages)))
    if "train" not in task.splits:
        counterpart = " ".join(task.trains_on)
        raise UsageError(f"{task.name} has no training rows", hint=f"name {counterpart}@{languages_asked} in its place")
    languages = known if languages_asked == ALL else tuple(dict.fromkeys(languages_asked.split(",")))
    for language in languages:
        if language not in known:
            raise UnknownName(f"training language of {task.name}", language, known)
    own = languages == task.training_languages
    return task if own else replace(task, name=f"{task.name}@{languages_asked}", learns_in=languages)


def _task_named(name: str) -> Task:
    if name.endswith(".toml"):
        return page_at(Path(name))
    if "/" in name or "\\" in name:
        known = ", ".join(task_names())
        raise UsageError(f"{name!r} is a path, not a task's name", hint=f"a page ends in .toml; known: {known}")
    if name in built_in_names():
        return _catalog_page(name)  # also where a plugin registers the name: `adaptx doctor` tells that
    if name not in registry.names(GROUP):
        raise UnknownName("task", name, task_names())
    return _plugin_task(name)


@cache
def built_in_names() -> tuple[str, ...]:
    """Return the names of the catalog's own pages."""
    return tuple(page.name.removesuffix(".toml") for page in PAGES.iterdir() if page.name.endswith(".toml"))


@cache
def _catalog_page(name: str) -> Task:
    return read_page((PAGES / f"{name}.toml").read_text(encoding="utf-8"), f"catalog page {name}.toml")


def page_at(path: Path) -> Task:
    """Return the task of the page in a file, with the page's text; raises `Missing`, or `UsageError` for mistakes."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error}") from error
    except OSError as error:
        raise Missing(f"no page at {path}: {error.strerror}", hint=f"known tasks: {', '.join(task_names())}") from error
    task = read_page(text, str(path))
    known = {task.name, *task_names()}
    named = {"trains_on": task.trains_on, "mixes": task.mixes}
    refuse(
        str(path),
        [
            f"{key}: unknown task {name!r}{near(name, known)}"
            for key in named
            for name in named[key]
            if name not in known
        ],
    )
    return replace(task, page=text)


def _plugin_task(name: str) -> Task:
    entry = registry.load(GROUP, name)
    task = page_at(entry) if isinstance(entry, Path) else entry
    if not isinstance(task, Task):
        raise PluginError(f"the plugin for task {name!r} brings {type(entry).__name__}, not a Task or a page's Path")
    if task.name != name:
        raise PluginError(f"the plugin for task {name!r} brings a page named {task.name!r}", hint="use one name")
    return task
