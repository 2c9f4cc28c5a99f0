"""What must come from the hub before a plan can be made, and everything that a run without network needs.

Bridge to `adaptx.data.hub`. `lock` finds today's commit of what no page pins and no lock file holds, once: afterwards
the same command means the same data for ever. `fetch` downloads as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.backbone import hub_name, is_on_hub
from adaptx.data.hub import commit_of, fetch_model
from adaptx.data.hub import fetch as fetch_rows
from adaptx.data.source import HubSource
from adaptx.tasks.catalog import task_named, tasks_named

if TYPE_CHECKING:
    from adaptx.planning.recipe import Recipe
    from adaptx.planning.request import Request
    from adaptx.schema.commands import FetchedRow
    from adaptx.store import Store
    from adaptx.tasks.task import Task

__all__ = ["fetch", "fetch_recipe", "lock"]


def lock(requests: Iterable[Request], store: Store) -> None:
    """Lock the commit of every hub data set and backbone of the requests that has none; `Missing` without network."""
    for request in requests:
        if request.choices.source == "hub":
            for task in _tasks(request.names if request.on is None else (*request.names, request.on)):
                commit_of(task, store)
        name = request.choices.backbone
        if is_on_hub(name) and hub_name(name)[1] is None:
            fetch_model(*hub_name(name), store)


def fetch(names: Sequence[str], backbone: str | None, languages: Sequence[str], store: Store) -> list[FetchedRow]:
    """Download the rows of tasks with their training counterparts, and a backbone; return what is there now."""
    rows = [_fetch_task(task, languages, store) for task in _tasks(names)]
    if backbone is None:
        return rows
    folder = fetch_model(*hub_name(backbone), store, verify=True)
    return [
        *rows,
        {"what": f"backbone {backbone}", "files": len(list(folder.iterdir())), "bytes": _size(folder.iterdir())},
    ]


def fetch_recipe(recipe: Recipe, store: Store) -> list[FetchedRow]:
    """Download what a recipe needs of the hub: rows of its tasks, unless it has another source, and its backbones."""
    names = (*recipe.intermediates, *recipe.targets) if recipe.choices.source == "hub" else ()
    rows = fetch(names, None, recipe.choices.languages, store)
    return rows + [row for name in recipe.backbones if is_on_hub(name) for row in fetch((), name, (), store)]


def _fetch_task(task: Task, languages: Sequence[str], store: Store) -> FetchedRow:
    source = HubSource(store)
    cells = [(tag, split) for split in task.splits for tag in _languages(task, split, languages, source)]
    files = {path for language, split in cells for path in fetch_rows(task, [language], [split], store)}
    return {"what": f"task {task.name}", "files": len(files), "bytes": _size(files)}


def _languages(task: Task, split: str, asked: Sequence[str], source: HubSource) -> list[str]:
    """Return the languages of a split to fetch: those asked for, else the benchmark's; and those of the training."""
    known = dict.fromkeys((*source.languages(task, split, translated=True), *task.extra_languages))
    wanted = asked or ([] if split == "train" else source.languages(task, split))
    return [tag for tag in known if tag in wanted or tag in task.learning_languages]


def _tasks(names: Iterable[str]) -> list[Task]:
    """Return the named tasks, their training counterparts and what they mix, each once; what only mixes has no rows.

    A page given by path is its own task: only other tasks are looked up by name.
    """
    named = [task for name in names for task in tasks_named(name)]
    every = [each for task in named for each in (*map(task_named, _counterparts(task)), task)]
    mixed = [page for task in every for page in (map(task_named, task.mixes) if task.mixes else (task,))]
    return list({(task.name, task.page): task for task in mixed}.values())


def _counterparts(task: Task) -> list[str]:
    """Return the other tasks that a task is trained on: ``pawsx@de`` needs nothing of ``pawsx``."""
    return [name for name in task.trains_on if name != task.base]


def _size(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files)
