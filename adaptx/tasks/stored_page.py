"""Which task a stored step is of: by name in the catalog, or by the page that was kept with it.

Owns the page's file in a result. A page given by path or brought by a package may be changed or gone when a result is
verified or exported, so its text is stored beside what was predicted by it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.tasks.catalog import page_at, task_named

if TYPE_CHECKING:
    from adaptx.store import StoredStep
    from adaptx.tasks.task import Task

__all__ = ["keep_page", "task_of"]

FILE = "page.toml"


def keep_page(task: Task, staged: Path) -> None:
    """Write the text of a page that is not of the catalog into the folder of a result."""
    if task.page is not None:
        (staged / FILE).write_text(task.page, encoding="utf-8")


def task_of(record: StoredStep) -> Task:
    """Return the task of a step that has rows; raises as `task_named` where no page was kept and the name is gone."""
    kept = record.path / FILE
    return page_at(kept) if kept.is_file() else task_named(record.spec["rows"]["task"])
