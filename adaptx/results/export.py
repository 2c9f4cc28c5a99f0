"""Stored results in other people's formats: an adapter in its library's own layout, predictions as XTREME wants them.

Owns what is chosen and what is said about it; the text of a submission's files is `tasks.xtreme_files`. Nothing is
exported that differs from its manifest. A trained step is stored in the layout of peft or AdapterHub already: its
export is a copy.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.errors import DataFault, Incompatible, Missing, UnknownName, UsageError
from adaptx.methods import method_named, method_names
from adaptx.store import atomic
from adaptx.tables import read_rows
from adaptx.tasks import xtreme_files
from adaptx.tasks.stored_page import task_of
from adaptx.tasks.xtreme_files import SPLIT

if TYPE_CHECKING:
    from adaptx.schema.commands import CopiedFolder, SubmittedFile
    from adaptx.store import Store, StoredStep
    from adaptx.tasks.task import Task

__all__ = ["export", "formats", "n_published"]

XTREME = "xtreme"  # the format of evaluations; all others are layouts of methods


def export(store: Store, prefixes: Sequence[str], to: str, folder: Path) -> list[SubmittedFile] | list[CopiedFolder]:
    """Write the steps with these ids to ``folder`` in the format ``to``; return what was written, a row a file.

    ``xtreme`` takes evaluations, and of a trained step all of its evaluations on test splits. Raises `UsageError` for
    two evaluations of one cell, `UnknownName` for a format that no method is stored in, `Incompatible` for a step that
    the format cannot hold, `Missing` for removed weights.
    """
    if to not in formats():
        raise UnknownName("format", to, formats())
    records = [store.intact(store.find(prefix)) for prefix in prefixes]
    if to == XTREME:
        return [_write_submission(record, folder) for record in _cells(records, store)]
    return [_copy(record, to, folder) for record in _one_step(records, to)]


def formats() -> list[str]:
    """Return every format: XTREME's, and the layouts of the methods that are installed."""
    layouts = {method_named(name).layout for name in method_names()}
    return [XTREME, *sorted(filter(None, layouts))]


def n_published(task: Task, language: str) -> int | None:
    """Return how many rows the page says that a language's test split has, None where it does not say."""
    found = task.sizes.get(SPLIT)
    return found.get(language) if isinstance(found, Mapping) else found


def _cells(records: Sequence[StoredStep], store: Store) -> list[StoredStep]:
    """Return the evaluations meant, each cell once."""
    meant = {cell.id: cell for record in records for cell in _evaluations(record, store)}
    chosen: dict[tuple[str, str], StoredStep] = {}
    for cell in meant.values():
        key = cell.spec["rows"]["task"], cell.spec["rows"]["language"]
        if key in chosen:
            both = f"{chosen[key].id[:12]} and {cell.id[:12]}"
            raise UsageError(f"{both} are both evaluations of {key[0]} in {key[1]}", hint="name one of them")
        chosen[key] = cell
    return list(chosen.values())


def _evaluations(record: StoredStep, store: Store) -> list[StoredStep]:
    if record.kind == "train":
        cells = [cell for cell in store.all("eval") if cell.spec["stack"] == record.id]
        tested = [store.intact(cell.id) for cell in cells if cell.spec["rows"]["split"] == SPLIT]
        if not tested:
            raise Missing(f"{_label(record)} has no evaluation on a test split", hint="adaptx stack makes them")
        return tested
    if record.kind != "eval":
        raise Incompatible(f"{_label(record)} is of kind {record.kind}", hint="name evaluations: adaptx ls results")
    if record.spec["rows"]["split"] != SPLIT:
        split = record.spec["rows"]["split"]
        raise Incompatible(f"{_label(record)} is of split {split}", hint=f"a submission is of split {SPLIT}")
    return [record]


def _write_submission(record: StoredStep, folder: Path) -> SubmittedFile:
    """Write one cell's file, check it, and say how many of the published rows it holds."""
    task, language = task_of(record), record.spec["rows"]["language"]
    rows = read_rows(record.path / "predictions.parquet")
    path = folder / xtreme_files.folder_of(task) / xtreme_files.file_name(task, language)
    text = xtreme_files.write(rows, task)
    if xtreme_files.rewrite(text, [row["id"] for row in rows], task) != text:
        raise DataFault(f"{_label(record)} does not read back from XTREME's layout", hint="does a label hold a space?")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(path, text.encode("utf-8"))
    published = n_published(task, language)
    return {
        "file": str(path),
        "result": record.id[:12],
        "rows": len(rows),
        "published": published,
        "note": _note(len(rows), published),
    }


def _note(rows: int, published: int | None) -> str:
    if published is None:
        return "the page does not say how many rows are published"
    return "all rows" if rows == published else f"{rows} of {published} rows: a server would refuse it"


def _one_step(records: Sequence[StoredStep], to: str) -> Sequence[StoredStep]:
    if len(records) != 1:
        raise UsageError(f"{len(records)} results to {to}", hint="an adapter has a folder of its own: name one")
    return records


def _copy(record: StoredStep, to: str, folder: Path) -> CopiedFolder:
    """Copy a trained step's files, but for what only the store needs."""
    _check_layout(record, to)
    if record.evicted:
        raise Missing(f"the weights of {_label(record)} were removed", hint="the command that made it makes it again")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", hint="give a new folder")
    shutil.copytree(record.path, folder, dirs_exist_ok=True)
    return {"file": str(folder), "result": record.id[:12], "files": len(list(folder.iterdir()))}


def _check_layout(record: StoredStep, to: str) -> None:
    """Raise `Incompatible` unless the step's files lie as the format has them."""
    held = " or ".join(name for name in method_names() if method_named(name).layout == to)
    hint = f"{to} holds a trained {held}: adaptx ls adapters"
    if record.kind != "train":
        raise Incompatible(f"{_label(record)} is of kind {record.kind}", hint=hint)
    method = method_named(record.spec["method"]["name"])
    if method.layout != to:
        whose = f"whose files are {method.layout}'s" if method.layout else "which no other library reads"
        raise Incompatible(f"{_label(record)} is a trained {method.name}, {whose}", hint=hint)


def _label(record: StoredStep) -> str:
    return f"{record.manifest['facts']['name']} ({record.id[:12]})"
