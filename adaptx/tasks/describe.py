"""Pages in words: the summaries that `ls` and `show` print, and docs/tasks.md.

Owns wording only. The document is written by ``python -m adaptx.tasks.describe > docs/tasks.md``, and a test fails when
it is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypedDict

from adaptx.tasks.catalog import PAGES, task_named
from adaptx.tasks.task import HubOverride, Task

__all__ = ["TaskRow", "document", "rows_of", "summary", "to_json"]

INTRODUCTION = """# Tasks

Written by `python -m adaptx.tasks.describe > docs/tasks.md` from the pages in `adaptx/tasks/catalog`. `adaptx ls tasks`
prints the table, `adaptx show task NAME` a whole page. Rows are upstream's, as published; a dev split without a number
is cut from train. *no gold* marks splits whose labels are not published: they are predicted for a submission and never
scored. How to add a task: [CONTRIBUTING.md](../CONTRIBUTING.md#add-a-task)."""


TaskRow = TypedDict(
    "TaskRow",
    {
        "name": str,
        "form": str,
        "metric": str,
        "chance": float,
        "languages": int,
        "rows": str,
        "trains on": str,
        "licence": str,
        "title": str,
    },
)
"""What a list says of a task, a text or number per column."""


def summary(task: Task) -> TaskRow:
    """Return what a list says of a task, a text or number per column."""
    return {
        "name": task.name,
        "form": task.form,
        "metric": task.metric,
        "chance": round(task.chance, 3),
        "languages": len(task.languages) - len(task.extra_languages),
        "rows": ", ".join(f"{split} {rows}" if (rows := rows_of(task, split)) else split for split in task.splits),
        "trains on": " → ".join(task.trains_on),
        "licence": task.licence,
        "title": task.title,
    }


def rows_of(task: Task, split: str) -> str:
    """Return how many rows a split has: a number, the span over languages where they differ, "" where not known."""
    rows = task.sizes.get(split)
    if not isinstance(rows, Mapping):
        return "" if rows is None else f"{rows:,}"
    least, most = min(rows.values()), max(rows.values())
    return f"{least:,}" if least == most else f"{least:,}-{most:,}"


def to_json(value: Any) -> Any:
    """Return a task or a part of it as what JSON knows; an origin of no language is None."""
    if isinstance(value, HubOverride) and not value.languages:
        return None
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value) if field.repr}
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return [to_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def document() -> str:
    """Return docs/tasks.md: a table of the built-in tasks, then what is worth knowing of each."""
    names = sorted(page.name.removesuffix(".toml") for page in PAGES.iterdir() if page.name.endswith(".toml"))
    tasks = [task_named(name) for name in names]
    return "\n\n".join([INTRODUCTION, "\n".join(_table(tasks)), *(_section(task) for task in tasks)]) + "\n"


def _table(tasks: list[Task]) -> Iterator[str]:
    columns = [*summary(tasks[0])]
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for task in tasks:
        cells = summary(task) | {"name": f"[{task.name}](#{task.name})"}
        yield f"| {' | '.join(map(str, cells.values()))} |"


def _section(task: Task) -> str:
    facts = {
        "languages": " ".join(tag for tag in task.languages if tag not in task.extra_languages),
        "only when asked for": " ".join(task.extra_languages),
        "splits": "; ".join(_split(task, split) for split in task.splits),
        "reported": task.report_split,
        "from": _origin(HubOverride(hub=task.hub, revision=task.revision)),
        "elsewhere": _languages(task.elsewhere),
        "translated training rows": _languages(task.translations),
        "in a folder": f"`{task.folder}/`" + "".join(f", {tag} in `{name}/`" for tag, name in task.folders.items()),
        "labels": ", ".join(task.labels) or (f"listed in `{task.labels_file}`" if task.labels_file else ""),
        "may be attacked": ", ".join(task.attackable),
        "repairs": ", ".join(f"`{name}`" for name in task.repairs),
        "cite": f"`{task.cite}`",
    }
    lines = "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)
    return "\n\n".join(filter(None, [f"## {task.name}", f"**{task.title}**", task.notes, lines]))


def _split(task: Task, split: str) -> str:
    upstream = "+".join(task.splits[split])
    is_cut = split == "dev" and task.holdout is not None
    text = f"{split} (`{upstream}`, {task.holdout:.0%} of it)" if is_cut else f"{split} (`{upstream}`)"
    rows = rows_of(task, split)
    return text + (f" {rows}" if rows else "") + ", no gold" * (split in task.splits_without_gold)


def _origin(origin: HubOverride) -> str:
    if origin.hub is None:
        return "a local folder only"
    return f"`{origin.hub}` at " + (f"`{origin.revision[:12]}`" if origin.revision else "the commit of its first use")


def _languages(origin: HubOverride) -> str:
    return f"{' '.join(origin.languages)} from {_origin(origin)}" if origin.languages else ""


if __name__ == "__main__":
    sys.stdout.write(document())
