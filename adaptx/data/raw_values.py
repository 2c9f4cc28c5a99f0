"""Raw values of rows, checked before anything is made of them: ids, lists, tables, spans.

Owns what every layout asks of a value; each raises `RowFault` naming the column and what was found in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from adaptx.errors import RowFault
from adaptx.tasks.forms import check_id

__all__ = ["Row", "Span", "id_of", "limits_of", "list_of", "result_of", "spans_in", "table_of", "whole_numbers"]

Row = Mapping[str, object]
Span = tuple[int, int]
T = TypeVar("T")


def result_of(use: Callable[[Row], T], row: Row | RowFault) -> T | RowFault:
    """Return what ``use`` makes of a row, or why it cannot be used."""
    if isinstance(row, RowFault):
        return row
    try:
        return use(row)
    except RowFault as fault:
        return fault


def id_of(row: Row, column: str) -> str:
    """Return the id in ``column`` as text; raises as `check_id`."""
    return check_id(row.get(column), column)


def list_of(row: Row, column: str) -> list[Any]:
    """Return the list in ``column``."""
    found = row.get(column)
    if not isinstance(found, list):
        raise RowFault(column, "missing" if found is None else f"{type(found).__name__} instead of a list")
    return found


def table_of(row: Row, column: str) -> Row:
    """Return the table in ``column``."""
    found = row.get(column)
    if not isinstance(found, Mapping):
        raise RowFault(column, "missing" if found is None else f"{type(found).__name__} instead of a table")
    return found


def whole_numbers(found: Any, count: int, column: str) -> tuple[int, ...]:
    """Return a list of exactly ``count`` whole numbers."""
    if not isinstance(found, list | tuple) or len(found) != count or any(type(number) is not int for number in found):
        raise RowFault(column, f"{str(found)[:100]!r} is not {count} whole numbers")
    return tuple(found)


def limits_of(span: Any, column: str, text: str) -> Span:
    """Return where a table with start and end lies in ``text``; raise `RowFault` where that is nowhere."""
    found = [span.get("start"), span.get("end")] if isinstance(span, Mapping) else span
    start, end = whole_numbers(found, 2, column)
    return spans_in([(start, end)], text, column)[0]


def spans_in(found: Sequence[tuple[int, ...]], text: str, column: str = "sentence_breaks") -> list[Span]:
    """Return spans that lie in ``text`` in order and hold something; raise `RowFault` for others."""
    edge = 0
    for start, end in found:
        if not edge <= start < end <= len(text):
            raise RowFault(column, f"{start} to {end} is not after {edge} in a text of {len(text)} characters")
        edge = end
    return [(start, end) for start, end in found]
