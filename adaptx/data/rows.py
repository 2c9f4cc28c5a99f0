"""Rows of one cell: read from a file, the hub or the embedded world, numbered, checked, and turned into examples.

Owns reading and quarantine; what a row means belongs to its form. Numbers, ids and groups are given before anything is
left out, so that they mean the same in every language and with every ``--max``. A file that cannot be trusted as a
whole is fatal; a bad row is quarantined, counted and listed, and fatal above `MAX_QUARANTINED` or when strict.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from adaptx.data.files import rows_of
from adaptx.data.quarantine import MAX_QUARANTINED, Quarantined, bad_row, check_quarantine
from adaptx.data.reading import Read
from adaptx.data.retrieval_layouts import LAYOUTS, Item, distinct
from adaptx.data.source import FolderSource, MiniSource, labels_in, place_of, reader_of
from adaptx.errors import DataFault, RowFault
from adaptx.mini import suite
from adaptx.tasks.forms import Placeholder, check_id, form_named
from adaptx.tasks.forms.retrieval import ITEM

if TYPE_CHECKING:
    from adaptx.data.cell import Cell
    from adaptx.data.reading import Numbered
    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

__all__ = ["MAX_QUARANTINED", "Loaded", "Quarantined", "limited", "load", "load_items", "lowest", "own_items"]

NO_ROW: Mapping[str, object] = MappingProxyType({})  # the values of a row that could not be read


@dataclass(frozen=True, slots=True)
class Loaded:
    """Usable rows in upstream order. ``n_rows`` counts all rows of the split, before quarantine and ``limit``.

    ``dropped`` are rows that the page declares as never filled in (PAWS-X's untranslated sentences): counted, not bad.
    ``repaired`` counts the rows that each of the page's repairs changed. ``revision`` is that of the bytes that were
    read, whatever a plan found there before, and ``files`` are the files that were read.
    """

    examples: tuple[Example, ...]
    quarantined: tuple[Quarantined, ...]
    n_rows: int
    revision: str
    dropped: tuple[Quarantined, ...] = ()
    repaired: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    file: str
    number: int
    values: Mapping[str, object]
    fault: RowFault | None = None  # of a row that could not be read


def load(cell: Cell, *, limit: int | None = None, strict: bool = False) -> Loaded:
    """Return the examples of one cell.

    ``limit`` takes the usable rows of lowest sha256 of their parallel id: nested, and the same rows in every language.
    Raises `DataFault` for a file-level fault or too many bad rows, `Missing` for absent rows, `UnknownName`.
    """
    asked = replace(cell, source=reader_of(cell.source))
    cell = _as_found(asked)
    bad: list[Quarantined] = []  # in files beside the cell's own
    rows = list(_numbered(cell, bad))
    if not rows:
        raise DataFault(f"{cell.name}, has no rows", hint="is the file empty?")
    _check_columns(rows, cell.task)
    _check_ids(rows, cell.task)
    groups = _groups(rows, cell.task)
    part = [row for row in rows if _belongs(row, cell)]
    examples, own, dropped = _read(part, cell, groups)
    faults = (*own, *bad)
    check_quarantine(faults, len(part), strict=strict)
    if not examples:
        raise DataFault(f"{cell.name}: none of {len(part)} rows can be used")
    loaded = Loaded(tuple(examples), faults, len(part), asked.revision, tuple(dropped), files=asked.files)
    return limited(loaded, limit)


def limited(rows: Loaded, limit: int | None) -> Loaded:
    """Return rows with at most ``limit`` examples, those of `lowest`, and the repairs of those alone counted."""
    used = tuple(lowest(rows.examples, limit))
    repaired = Counter(name for example in used for name in example.repaired)
    return replace(rows, examples=used, repaired=dict(repaired))


def load_items(cell: Cell) -> list[Item]:
    """Return what the queries of a retrieval cell are searched in: all of it, however few rows are evaluated."""
    if ITEM in cell.task.fields:
        return own_items(load(cell).examples)
    assert cell.task.layout is not None, "a page names a layout or has a field for the item"
    return distinct(LAYOUTS[cell.task.layout].items(Read(replace(cell, source=reader_of(cell.source)), _raw)))


def own_items(examples: Sequence[Example]) -> list[Item]:
    """Return the items that rows bring themselves."""
    return distinct(Item(example.gold[0], example.texts[ITEM], example.language) for example in examples)


def _as_found(cell: Cell) -> Cell:
    """Return the cell, its task with the column names of the source where the page says that they differ.

    Raises `DataFault` where a folder lists other labels now than when the task was fitted to it.
    """
    source, task = cell.source, cell.task
    if isinstance(source, FolderSource) and task.labels_file:
        path = source.labels_path(task)
        if labels_in(path, source.read(path)) != task.labels:
            raise DataFault(f"{path} lists other labels than when the plan was made", hint="run the command again")
    is_own = source.name == "hub" and place_of(task, cell.language, cell.split).is_own
    return replace(cell, task=replace(task, columns={**task.columns, **task.hub_columns})) if is_own else cell


def _numbered(cell: Cell, bad: list[Quarantined]) -> Iterator[_Row]:
    for number, (file, found) in enumerate(_laid(cell, bad)):
        if isinstance(found, RowFault):
            yield _Row(file, number, NO_ROW, found)
        elif _speaks(found, cell):
            yield _Row(file, number, found)


def _speaks(values: Mapping[str, object], cell: Cell) -> bool:
    """Say whether a row is in the cell's language, where the hub has one config for all (TyDiQA: ``finnish-1-2``)."""
    task = cell.task
    if task.hub_language is None or cell.source.name != "hub":
        return True
    return str(values.get(task.hub_language)).partition("-")[0] == task.languages[cell.language]


def _laid(cell: Cell, bad: list[Quarantined]) -> Iterator[Numbered]:
    """Yield (file, row) in the shape that the form reads, whatever files the page's layout puts them in."""
    if cell.task.layout is None:
        return _raw(cell)
    return LAYOUTS[cell.task.layout].rows(Read(cell, _raw, bad))


def _raw(cell: Cell) -> Iterator[Numbered]:
    source, task, language, split = cell.source, cell.task, cell.language, cell.split
    if isinstance(source, MiniSource):
        yield from (("mini", row) for row in suite.rows(task.base, language, split, source.suite))
        return
    if isinstance(source, FolderSource):
        for path in source.files(task, language, split):
            yield from ((str(path), _spelled(row, task)) for row in rows_of(path, source.read(path)))
        return
    from adaptx.data import hub

    commit = cell.revision.removeprefix("commit:")
    for path in hub.files(task, language, split, commit):
        yield from ((str(path), row) for row in hub.read(path))


def _spelled(row: Mapping[str, object] | RowFault, task: Task) -> Mapping[str, object] | RowFault:
    """Return a folder's row with names for label indices, where the folder numbers labels in an order of its own."""
    if not task.folder_labels or isinstance(row, RowFault):
        return row
    column = task.columns.get("tags") or task.columns["label"]
    names = task.folder_labels

    def name(found: object) -> object:
        return names[found] if type(found) is int and 0 <= found < len(names) else found

    found = row.get(column)
    return {**row, column: [name(each) for each in found] if isinstance(found, list) else name(found)}


def _check_columns(rows: Sequence[_Row], task: Task) -> None:
    """Raise for a column that no row has; a single row without it is quarantined."""
    there = {name for row in rows for name in row.values}
    if not there:
        return  # no row could be read: the first fault tells more
    named = (column for value in task.columns.values() for column in ([value] if isinstance(value, str) else value))
    for column in (*named, *filter(None, (task.parallel, task.group))):
        if column not in there:
            near = get_close_matches(column, sorted(there), n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"columns: {', '.join(sorted(there))}"
            raise DataFault(f"{rows[0].file} has no column {column!r}, which {task.name} reads", hint=hint)


def _check_ids(rows: Sequence[_Row], task: Task) -> None:
    """Raise for two rows with one id, or with one parallel id: translations would be joined to either."""
    for column in dict.fromkeys(filter(None, (task.columns.get("id"), task.parallel))):
        seen: dict[str, int] = {}
        for row in rows:
            name = _key(row, column)
            if _is_key(row, column) and seen.setdefault(name, row.number) != row.number:
                raise DataFault(
                    f"{row.file} rows {seen[name]} and {row.number}, field {column!r}: both have id {name!r}",
                    hint="ids join predictions and translations with rows, so each must occur once in a split",
                )


def _id(row: _Row, task: Task) -> str:
    """Return the source's id, or the row number where the page names no id column or the row has none."""
    return _key(row, task.columns.get("id"))


def _parallel(row: _Row, task: Task) -> str:
    return _key(row, task.parallel)


def _key(row: _Row, column: str | None) -> str:
    return str(row.values[column]) if column is not None and _is_key(row, column) else str(row.number)


def _is_key(row: _Row, column: str) -> bool:
    """Return whether a row has an id in ``column`` that can be one; what cannot is quarantined when it is read."""
    try:
        check_id(row.values.get(column), column)
    except RowFault:
        return False
    return True


def _groups(rows: Sequence[_Row], task: Task) -> dict[int, str]:
    """Return a group per row: the parallel id of the first row with the same premise or context.

    Named after a row and not after its text, a group has the same name in every language. A row without one is alone.
    """
    first: dict[str, str] = {}
    return {row.number: first.setdefault(_cluster(row, task.group), _parallel(row, task)) for row in rows}


def _cluster(row: _Row, column: str | None) -> str:
    found = row.values.get(column) if column else None
    return str(row.number) if found in (None, "") else repr(found)


def _belongs(row: _Row, cell: Cell) -> bool:
    """Return whether a row is in the split, where dev is cut from train by the hash of the group's text.

    The embedded world has a dev split of its own.
    """
    task = cell.task
    if task.holdout is None or cell.split not in ("train", "dev") or isinstance(cell.source, MiniSource):
        return True
    key = str(row.values.get(task.group) if task.group else _parallel(row, task))
    held_out = int(_sha256(f"dev {key}")[:8], 16) < task.holdout * 2**32
    return held_out == (cell.split == "dev")


def _read(
    rows: Sequence[_Row], cell: Cell, groups: Mapping[int, str]
) -> tuple[list[Example], list[Quarantined], list[Quarantined]]:
    task, form = cell.task, form_named(cell.task.form)
    examples: list[Example] = []
    bad: list[Quarantined] = []
    dropped: list[Quarantined] = []
    for row in rows:
        try:
            if row.fault is not None:
                raise row.fault
            _check_keys(row, task)
            example = form.read(row.values, task, id=_id(row, task), language=cell.language)
        except Placeholder as fault:
            dropped.append(bad_row(row.file, row.number, fault))
        except RowFault as fault:
            bad.append(bad_row(row.file, row.number, fault))
        else:
            examples.append(replace(example, parallel=_parallel(row, task), group=groups[row.number]))
    return examples, bad, dropped


def _check_keys(row: _Row, task: Task) -> None:
    for column in filter(None, (task.columns.get("id"), task.parallel)):
        check_id(row.values.get(column), column)
    if task.group and not isinstance(row.values.get(task.group), str | int | None):
        raise RowFault(task.group, f"{type(row.values[task.group]).__name__} instead of a text that rows share")


def lowest(examples: Sequence[Example], limit: int | None) -> Sequence[Example]:
    """Return the ``limit`` examples of lowest sha256 of their parallel id, in their order; all for None."""
    if limit is None or limit >= len(examples):
        return examples
    ranked = sorted(range(len(examples)), key=lambda place: (_sha256(examples[place].parallel), place))
    return [examples[place] for place in sorted(ranked[:limit])]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
