"""Forms, light half: how a row becomes an example, what is stored, how it is scored, what an attack aims at.

Owns `Form` and the table of forms; may not import torch (the heavy half is `adaptx.model.forms`, under the same names).
Everything a score needs is in the record, so that a table can be recomputed without a GPU.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from adaptx.errors import RowFault, UnknownName

if TYPE_CHECKING:
    from adaptx.tasks.example import Example, Prediction
    from adaptx.tasks.task import Task

__all__ = [
    "MAX_CHARACTERS",
    "Form",
    "Goal",
    "Placeholder",
    "PredictionRecord",
    "check_id",
    "check_text",
    "form_named",
    "one_input",
    "read_text",
    "same_head",
]

SURROGATE = re.compile("[\ud800-\udfff]")  # JSON may escape one alone; UTF-8 cannot write it
MAX_CHARACTERS = 200_000  # of one text; the longest of the tasks here has 4,000, and XLM-R reads about 2,000
MAX_DIGITS = 100  # of an id that is a number
MAX_ID = 1000  # characters of an id; UUIDs have 36, the longest of the tasks here 60

PredictionRecord = dict[str, Any]
"""One stored prediction: JSON-able, flat, same keys for every row of a form; ``id`` and ``group`` first.

``value`` is the main metric of the row alone. Where the metric of a cell is not the mean of its rows' values, ``sums``
holds what it is made of: see `adaptx.metrics.sums`.
"""

Goal = tuple[bool, float]
"""(reached, score): did the attack succeed, and how near is it; higher is nearer."""


class Placeholder(RowFault):
    """A row that the upstream left empty and whose page says so: dropped and counted apart, never too many."""


class Form(Protocol):
    """The light half of a form. Scores and values are fractions in [0, 1]."""

    name: str
    version: int
    metrics: Mapping[str, int]  # what a page's metric may be -> version, raised when the same rows score otherwise
    columns: tuple[str, ...]  # keys that a page's columns must have, beside its fields
    labelled: bool  # whether a page lists labels
    by_label: bool  # whether a head has an output per label, so that it answers pages with the same labels only
    scorers: tuple[str, ...]  # what a page's scorer may be
    repairs: tuple[str, ...]  # what a page may ask for by name
    searches: bool  # whether an answer is looked for in a pool of items, so that it depends on what is searched
    reads_layer: bool  # whether it can read a hidden layer that is asked for (`--layer`)

    def read(self, row: Mapping[str, object], task: Task, *, id: str, language: str) -> Example:
        """Turn an upstream row into an example whose ``parallel`` and ``group`` are ``id``: the file decides those.

        Raises `RowFault` naming the field if the row cannot be used, `Placeholder` if the page declares such rows.
        """
        ...

    def inputs_of(self, example: Example, task: Task) -> list[list[str]]:
        """Return the texts of each input that the model reads of an example: one input, or several."""
        ...

    def record(self, example: Example, prediction: Prediction, task: Task) -> PredictionRecord:
        """Return what is stored per example: enough to score, to bootstrap and to attack again."""
        ...

    def score(self, records: Sequence[PredictionRecord], task: Task, language: str) -> dict[str, float]:
        """Return the official scores of one cell, the task's main metric among the keys."""
        ...

    def value(self, record: PredictionRecord, task: Task, language: str) -> float:
        """Return the main metric of one record alone, higher is better."""
        ...

    def correct(self, example: Example, prediction: Prediction, task: Task) -> bool:
        """Return whether the row counts as answered correctly; only such rows are attacked."""
        ...

    def goal(self, example: Example, prediction: Prediction, clean: Prediction, task: Task) -> Goal:
        """Return whether an attack succeeded: ``prediction`` on the edited text, ``clean`` on ``example`` itself."""
        ...

    def protected_spans(self, example: Example) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """Return per field the half-open spans that no attack may touch (the answer and its copies)."""
        ...

    def majority(self, records: Sequence[PredictionRecord]) -> float | None:
        """Return the share of the most frequent gold label, or None where the form has no labels."""
        ...


FORMS: Mapping[str, tuple[str, str]] = {
    "classification": ("adaptx.tasks.forms.classification", "Classification"),
    "choice": ("adaptx.tasks.forms.choice", "Choice"),
    "span": ("adaptx.tasks.forms.span", "Span"),
    "tagging": ("adaptx.tasks.forms.tagging", "Tagging"),
    "retrieval": ("adaptx.tasks.forms.retrieval", "Retrieval"),
}


def form_named(name: str) -> Form:
    """Return the form called ``name``; raise `UnknownName`."""
    if name not in FORMS:
        raise UnknownName("form", name, FORMS)
    module, kind = FORMS[name]
    form: Form = getattr(import_module(module), kind)()
    return form


def one_input(example: Example) -> list[list[str]]:
    """Return all texts of an example as the one input that a model reads."""
    return [list(example.texts.values())]


def same_head(form: str, labels: Collection[str], task: Task) -> bool:
    """Return whether a head of ``form`` and ``labels`` answers ``task``; their order does not matter."""
    return form == task.form and (set(labels) == set(task.labels) or not form_named(form).by_label)


def read_text(row: Mapping[str, object], column: str) -> str:
    """Return a row's text as the upstream wrote it, byte for byte; raises `RowFault` as `check_text`."""
    return check_text(row.get(column), column)


def check_text(text: Any, column: str) -> str:
    """Return a text of ``column`` as it is: offsets count its code points.

    Raises `RowFault` for a value that is absent, not a text, blank, longer than `MAX_CHARACTERS`, or not Unicode.
    """
    if not isinstance(text, str):
        raise RowFault(column, "missing" if text is None else f"{type(text).__name__} instead of a text")
    if not text.strip():
        raise RowFault(column, "blank")
    if len(text) > MAX_CHARACTERS:
        raise RowFault(column, f"{len(text):,} characters, more than {MAX_CHARACTERS:,}")
    if not text.isascii() and SURROGATE.search(text):
        raise RowFault(column, "half of a surrogate pair, which no file could hold")
    return text


def check_id(found: Any, column: str) -> str:
    """Return an id of ``column`` as text: a text that is not blank, or a whole number.

    Raises `RowFault` for anything else, for more than `MAX_ID` characters, and for what UTF-8 cannot write.
    """
    if found is None or found == "":
        raise RowFault(column, "missing")
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise RowFault(column, f"{type(found).__name__} instead of a text or whole number")
    if isinstance(found, int) and abs(found) >= 10**MAX_DIGITS:
        raise RowFault(column, f"a number of more than {MAX_DIGITS} digits")
    name = str(found)
    if not name.strip():
        raise RowFault(column, "blank")
    if len(name) > MAX_ID:
        raise RowFault(column, f"an id of {len(name):,} characters, more than {MAX_ID:,}")
    if SURROGATE.search(name):
        raise RowFault(column, "half of a surrogate pair, which no file could hold")
    return name
