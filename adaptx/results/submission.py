"""Scores of a folder in XTREME's submission layout, against the gold rows of a source: nothing of the store is needed.

Owns the join of a file with its rows and what counts as complete; files are read by `tasks.xtreme_files`, records
scored by their form, averages taken by `metrics.xtreme`. A task with languages or rows missing has scores and enters
no overall mean, nor does the benchmark have one then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.data.cell import Cell
from adaptx.data.rows import load
from adaptx.errors import DataFault, Missing
from adaptx.metrics import xtreme
from adaptx.results.export import published_rows
from adaptx.tasks import xtreme_files
from adaptx.tasks.catalog import task_named
from adaptx.tasks.forms import form_named

if TYPE_CHECKING:
    from adaptx.data.source import Source
    from adaptx.schema.commands import SubmissionScores, SubmittedTask
    from adaptx.tasks.task import Task

__all__ = ["scored"]

OFFICIAL = {"em": "exact_match"}  # a form's name of a score -> XTREME's
UNSAID = {"accuracy_back"}  # a submission holds the search from English only


def scored(
    folder: Path, source: Source, *, languages: Sequence[str] = (), limit: int | None = None
) -> SubmissionScores:
    """Score every file of a submission; return ``{"folder", "source", "tasks", "overall", "missing"}``, as fractions.

    ``languages`` chooses among the files; ``limit`` takes the rows that ``--max-eval`` takes. Raises `Missing` for a
    folder without a file of the layout, `DataFault` for a file that is not in it or whose lines are not the rows.
    """
    tasks = {place: task_named(name) for place in _folders(folder) if (name := xtreme_files.page_named(place))}
    files = {place: _files(folder, task, languages) for place, task in tasks.items()}
    if not any(files.values()):
        raise Missing(f"{folder} holds no file of XTREME's layout", hint="TASK/test-LANGUAGE.tsv, .json or .jsonl")
    missing: dict[str, list[str]] = {}
    found = {
        place: _scored_task(paths, tasks[place], source, limit, missing.setdefault(place, []))
        for place, paths in files.items()
        if paths
    }
    overall = {benchmark: _overall(found, tasks, missing, benchmark) for benchmark in xtreme.GROUPS}
    gaps = {place: told for place, told in missing.items() if told}
    return {"folder": str(folder), "source": source.name, "tasks": found, "overall": overall, "missing": gaps}


def _folders(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise Missing(f"no folder at {folder}", hint="adaptx export RESULT --to xtreme DIR writes one")
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def _files(folder: Path, task: Task, languages: Sequence[str]) -> dict[str, Path]:
    paths = {tag: folder / xtreme_files.folder_of(task) / xtreme_files.file_name(task, tag) for tag in task.languages}
    return {tag: path for tag, path in paths.items() if path.is_file() and (not languages or tag in languages)}


def _scored_task(
    files: Mapping[str, Path], task: Task, source: Source, limit: int | None, missing: list[str]
) -> SubmittedTask:
    """Return ``{"metric", "languages", "averages"}`` of a task, and add to ``missing`` what its means lack."""
    wanted = _main_languages(task)
    absent = [tag for tag in wanted if tag not in files]
    if absent:
        missing.append(f"{len(wanted) - len(absent)} of {len(wanted)} languages, without {', '.join(absent)}")
    cells = {
        tag: _scored_cell(path, Cell(source, task, tag, xtreme_files.SPLIT), limit, missing)
        for tag, path in files.items()
    }
    counted = [tag for tag in wanted if tag in cells] or list(cells)
    averages = xtreme.task_averages(_by_metric(cells, counted))
    return {"metric": task.metric, "languages": cells, "averages": averages}


def _scored_cell(path: Path, cell: Cell, limit: int | None, missing: list[str]) -> dict[str, float]:
    """Return ``n`` and the scores of one file, and add to ``missing`` how many published rows are not in it."""
    rows, task, language = load(cell, limit=limit), cell.task, cell.language
    skipped = set() if limit else {row.row for row in (*rows.quarantined, *rows.dropped)}
    try:
        ids = [example.id for example in rows.examples]
        predictions = xtreme_files.read(path.read_text(encoding="utf-8"), ids, task, skipped)
    except DataFault as error:
        raise DataFault(f"{path}: {error}", hint=error.hint) from error
    form = form_named(task.form)
    records = [form.record(*pair, task) for pair in zip(rows.examples, predictions, strict=True)]
    used, published = len(records) if limit else rows.n_rows, published_rows(task, language)
    if published is not None and used < published:
        missing.append(f"{language}: {used} of {published} rows")
    scores = form.score(records, task, language)
    return {"n": len(records), **{name: value for name, value in scores.items() if name not in UNSAID}}


def _overall(
    found: Mapping[str, SubmittedTask], tasks: Mapping[str, Task], missing: Mapping[str, Sequence[str]], benchmark: str
) -> dict[str, float]:
    """Return the means over tasks of which nothing is missing; XTREME-R asks for a task's extra languages too."""
    scores = {}
    for place, result in found.items():
        wanted = _main_languages(tasks[place]) if benchmark == "xtreme" else list(tasks[place].languages)
        if place in xtreme.TASKS[benchmark] and not missing[place] and set(wanted) <= result["languages"].keys():
            scores[place] = _by_metric(result["languages"], wanted)
    return xtreme.averages(scores, benchmark)["overall"]


def _main_languages(task: Task) -> list[str]:
    return [tag for tag in task.languages if tag not in task.extra_languages]


def _by_metric(cells: Mapping[str, Mapping[str, float]], languages: Sequence[str]) -> dict[str, dict[str, float]]:
    names = sorted({name for tag in languages for name in cells[tag]} - {"n"})
    return {OFFICIAL.get(name, name): {tag: cells[tag][name] for tag in languages} for name in names}
