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
from typing import TYPE_CHECKING, Any

from adaptx.data.files import read_file
from adaptx.data.retrieval_layouts import LAYOUTS, Item, Read, distinct
from adaptx.data.source import FolderSource, MiniSource, Source, place_of
from adaptx.errors import DataFault, RowFault
from adaptx.mini import suite
from adaptx.tasks.forms import Placeholder, form_named
from adaptx.tasks.forms.retrieval import ITEM

if TYPE_CHECKING:
    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

__all__ = ["MAX_QUARANTINED", "Loaded", "Quarantined", "limited", "load", "load_items", "lowest", "own_items"]

MAX_QUARANTINED = 0.01  # share of a split's rows


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that is not used: where it stands (upstream row number, from 0), which column, and why."""

    file: str
    row: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file} row {self.row}, field {self.field!r}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Usable rows in upstream order. ``n_rows`` counts all rows of the split, before quarantine and ``limit``.

    ``dropped`` are rows that the page declares as never filled in (PAWS-X's untranslated sentences): counted, not bad.
    ``repaired`` counts the rows that each of the page's repairs changed.
    """

    examples: tuple[Example, ...]
    quarantined: tuple[Quarantined, ...]
    n_rows: int
    revision: str
    dropped: tuple[Quarantined, ...] = ()
    repaired: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    file: str
    number: int
    values: Mapping[str, object]

    def fault(self, field: str, reason: str) -> Quarantined:
        return Quarantined(self.file, self.number, field, reason)


def load(
    source: Source, task: Task, language: str, split: str, *, limit: int | None = None, strict: bool = False
) -> Loaded:
    """Return the examples of one cell.

    ``limit`` takes the usable rows of lowest sha256 of their parallel id: nested, and the same rows in every language.
    Raises `DataFault` for a file-level fault or too many bad rows, `Missing` for absent rows, `UnknownName`.
    """
    revision = source.revision(task, language, split)
    task = _as_found(task, source, language, split)
    rows = list(_numbered(source, task, language, split))
    if not rows:
        raise DataFault(f"{task.name} in {language}, split {split}, has no rows", hint="is the file empty?")
    _check_columns(rows, task)
    _check_ids(rows, task)
    groups = _groups(rows, task)
    # The embedded world has a dev split of its own.
    part = [row for row in rows if isinstance(source, MiniSource) or _belongs(row, task, split)]
    examples, quarantined, dropped = _read(part, task, language, groups)
    _check_quarantine(quarantined, len(part), strict=strict)
    if not examples:
        raise DataFault(f"{task.name} in {language}, split {split}: none of {len(part)} rows can be used")
    return limited(Loaded(tuple(examples), tuple(quarantined), len(part), revision, tuple(dropped)), limit)


def limited(rows: Loaded, limit: int | None) -> Loaded:
    """Return rows with at most ``limit`` examples, those of `lowest`, and the repairs of those alone counted."""
    used = tuple(lowest(rows.examples, limit))
    repaired = Counter(name for example in used for name in example.repaired)
    return replace(rows, examples=used, repaired=dict(repaired))


def load_items(source: Source, task: Task, language: str, split: str) -> list[Item]:
    """Return what the queries of a retrieval cell are searched in: all of it, however few rows are evaluated."""
    if ITEM in task.fields:
        return own_items(load(source, task, language, split).examples)
    assert task.layout is not None, "a page names a layout or has a field for the item"
    return distinct(LAYOUTS[task.layout].items(task, language, Read(source, split, _raw)))


def own_items(examples: Sequence[Example]) -> list[Item]:
    """Return the items that rows bring themselves."""
    return distinct(Item(example.gold[0], example.texts[ITEM], example.language) for example in examples)


def _as_found(task: Task, source: Source, language: str, split: str) -> Task:
    """Return the task with the column names of the source where the page says that they differ."""
    is_own = source.name == "hub" and place_of(task, language, split).is_own
    return replace(task, columns={**task.columns, **task.hub_columns}) if is_own else task


def _numbered(source: Source, task: Task, language: str, split: str) -> Iterator[_Row]:
    for number, (file, values) in enumerate(_laid(source, task, language, split)):
        if _speaks(values, task, source, language):
            yield _Row(file, number, values)


def _speaks(values: Mapping[str, object], task: Task, source: Source, language: str) -> bool:
    """Return whether a row is in ``language``, where the hub has one config for all (TyDiQA's id ``finnish-1-2``)."""
    if task.hub_language is None or source.name != "hub":
        return True
    return str(values.get(task.hub_language)).partition("-")[0] == task.languages[language]


def _laid(source: Source, task: Task, language: str, split: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield (file, row) in the shape that the form reads, whatever files the page's layout puts them in."""
    if task.layout is None:
        return _raw(source, task, language, split)
    return LAYOUTS[task.layout].rows(task, language, Read(source, split, _raw))


def _raw(source: Source, task: Task, language: str, split: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    if isinstance(source, MiniSource):
        yield from (("mini", row) for row in suite.rows(task.base, language, split, source.suite))
        return
    if isinstance(source, FolderSource):
        for path in source.files(task, language, split):
            yield from ((str(path), _spelled(row, task)) for row in read_file(path))
        return
    from adaptx.data import hub

    commit = source.revision(task, language, split).removeprefix("commit:")
    for path in hub.files(task, language, split, commit):
        yield from ((str(path), row) for row in hub.read(path))


def _spelled(row: Mapping[str, object], task: Task) -> Mapping[str, object]:
    """Return a folder's row with names for label indices, where the folder numbers labels in an order of its own."""
    if not task.folder_labels:
        return row
    column = task.columns.get("tags") or task.columns["label"]
    names = task.folder_labels

    def name(found: Any) -> Any:
        return names[found] if type(found) is int and 0 <= found < len(names) else found

    found = row.get(column)
    return {**row, column: [name(each) for each in found] if isinstance(found, list) else name(found)}


def _check_columns(rows: Sequence[_Row], task: Task) -> None:
    """Raise for a column that no row has; a single row without it is quarantined."""
    there = {name for row in rows for name in row.values}
    named = (column for value in task.columns.values() for column in ([value] if isinstance(value, str) else value))
    for column in (*named, *filter(None, (task.parallel, task.group))):
        if column not in there:
            near = get_close_matches(column, sorted(there), n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"columns: {', '.join(sorted(there))}"
            raise DataFault(f"{rows[0].file} has no column {column!r}, which {task.name} reads", hint=hint)


def _check_ids(rows: Sequence[_Row], task: Task) -> None:
    column = task.columns.get("id")
    seen: dict[str, int] = {}
    for row in rows if column else ():
        name = _id(row, task)
        if _is_set(row, column) and seen.setdefault(name, row.number) != row.number:
            raise DataFault(
                f"{row.file} rows {seen[name]} and {row.number}, field {column!r}: both have id {name!r}",
                hint="ids join predictions with rows, so each must occur once in a split",
            )


def _id(row: _Row, task: Task) -> str:
    """Return the source's id, or the row number where the page names no id column or the row has none."""
    return _key(row, task.columns.get("id"))


def _parallel(row: _Row, task: Task) -> str:
    return _key(row, task.parallel)


def _key(row: _Row, column: str | None) -> str:
    return str(row.values[column]) if column is not None and _is_set(row, column) else str(row.number)


def _is_set(row: _Row, column: str | None) -> bool:
    return column is not None and row.values.get(column) not in (None, "")


def _groups(rows: Sequence[_Row], task: Task) -> dict[int, str]:
    """Return a group per row: the parallel id of the first row with the same premise or context.

    Named after a row and not after its text, a group has the same name in every language.
    """
    first: dict[str, str] = {}
    column = task.group
    return {
        row.number: first.setdefault(repr(row.values.get(column)) if column else str(row.number), _parallel(row, task))
        for row in rows
    }


def _belongs(row: _Row, task: Task, split: str) -> bool:
    """Return whether a row is in ``split``, where dev is cut from train by the hash of the group's text."""
    if task.holdout is None or split not in ("train", "dev"):
        return True
    key = str(row.values.get(task.group) if task.group else _parallel(row, task))
    held_out = int(_sha256(f"dev {key}")[:8], 16) < task.holdout * 2**32
    return held_out == (split == "dev")


def _read(
    rows: Sequence[_Row], task: Task, language: str, groups: Mapping[int, str]
) -> tuple[list[Example], list[Quarantined], list[Quarantined]]:
    form = form_named(task.form)
    examples: list[Example] = []
    quarantined: list[Quarantined] = []
    dropped: list[Quarantined] = []
    for row in rows:
        try:
            _check_keys(row, task)
            example = form.read(row.values, task, id=_id(row, task), language=language)
        except Placeholder as fault:
            dropped.append(row.fault(fault.field, fault.reason))
        except RowFault as fault:
            quarantined.append(row.fault(fault.field, fault.reason))
        else:
            examples.append(replace(example, parallel=_parallel(row, task), group=groups[row.number]))
    return examples, quarantined, dropped


def _check_keys(row: _Row, task: Task) -> None:
    for column in filter(None, (task.columns.get("id"), task.parallel)):
        if not _is_set(row, column):
            raise RowFault(column, "missing")


def _check_quarantine(quarantined: Sequence[Quarantined], n_rows: int, *, strict: bool) -> None:
    if quarantined and (strict or len(quarantined) > MAX_QUARANTINED * n_rows):
        allowed = "none is allowed with --strict" if strict else f"at most {MAX_QUARANTINED:.0%} may be left out"
        raise DataFault(
            f"{len(quarantined)} of {n_rows} rows cannot be used, the first is {quarantined[0]}",
            hint=f"mend the file: {allowed}",
        )


def lowest(examples: Sequence[Example], limit: int | None) -> Sequence[Example]:
    """Return the ``limit`` examples of lowest sha256 of their parallel id, in their order; all for None."""
    if limit is None or limit >= len(examples):
        return examples
    ranked = sorted(range(len(examples)), key=lambda place: (_sha256(examples[place].parallel), place))
    return [examples[place] for place in sorted(ranked[:limit])]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
