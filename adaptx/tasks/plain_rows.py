"""Rows and answers as plain values, for whoever asks a stored stack about texts of their own: no gold, no columns.

Owns both spellings: a row has a page's fields by their names (a tagging row a list of tokens, a choice ``options``),
and an answer names labels, not indices, with probabilities. May not know a form by name: a row says by its values what
it holds, a prediction by its type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp
from typing import TYPE_CHECKING, Any

from adaptx.errors import DataFault, RowFault
from adaptx.tasks.example import ClassPrediction, Example, SpanPrediction, TagPrediction, ValuePrediction
from adaptx.tasks.forms import check_text, form_named
from adaptx.tasks.forms.choice import option_name
from adaptx.tasks.forms.tagging import BREAK

if TYPE_CHECKING:
    from adaptx.tasks.example import Prediction
    from adaptx.tasks.task import Task

__all__ = ["Answer", "Row", "answer_of", "example_of", "fields_of"]

Row = Mapping[str, object]
Answer = dict[str, object]

OPTIONS = "options"
ANY = "und"  # BCP-47: in whatever language


def fields_of(task: Task) -> tuple[str, ...]:
    """Return the keys of a row: the page's fields, and ``options`` where a row has any number of them."""
    has_options = OPTIONS in form_named(task.form).columns
    return (*task.fields, OPTIONS) if has_options else tuple(task.fields)


def example_of(row: Row, task: Task, number: int, fields: Sequence[str]) -> Example:
    """Return the ``fields`` of a row as an example without gold; raise `DataFault` naming row (from 0) and field."""
    try:
        texts = {name: text for field in fields for name, text in _texts(row, field)}
    except RowFault as fault:
        raise DataFault(f"row {number}, {fault}", hint=f"a row of {task.name} has {', '.join(fields)}") from None
    name = str(number)
    return Example(id=name, parallel=name, group=name, language=ANY, texts=texts, languages=dict.fromkeys(texts, ANY))


def answer_of(prediction: Prediction, task: Task) -> Answer:
    """Return what was predicted: label, grade, answer or tags, by name, with probabilities."""
    return ANSWERS[type(prediction)](prediction, task)


def _texts(row: Row, field: str) -> list[tuple[str, str]]:
    value: Any = row.get(field)
    if field != OPTIONS:
        return [(field, check_text(value, field) if not _is_list(value) else _tokens(value, field))]
    if not _is_list(value) or len(value) < 2:  # noqa: PLR2004 - a choice is between two at least
        raise RowFault(field, f"{value!r} is not a list of two options or more")
    return [(option_name(place), check_text(option, field)) for place, option in enumerate(value)]


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _tokens(value: Sequence[object], field: str) -> str:
    tokens = [check_text(token, field) for token in value]
    if not tokens or any(BREAK in token for token in tokens):
        raise RowFault(field, "no tokens, or a token with a line break")
    return BREAK.join(tokens)


def _label(found: ClassPrediction, task: Task) -> Answer:
    names = task.labels[: len(found.log_probabilities)]  # a row of a choice may have fewer options
    odds = {name: exp(log) for name, log in zip(names, found.log_probabilities, strict=True)}
    return {"label": names[found.label], "probability": odds[names[found.label]], "probabilities": odds}


def _span(found: SpanPrediction, task: Task) -> Answer:  # noqa: ARG001 - as the others
    where = {"start": found.start, "end": found.start + len(found.text)} if found.answer else {"start": -1, "end": -1}
    beside = {} if found.no_answer is None else {"no_answer_probability": exp(found.no_answer)}
    return {"answer": found.answer, **where, "probability": exp(found.log_probability), **beside}


def _tags(found: TagPrediction, task: Task) -> Answer:
    names = [task.labels[tag] for tag in found.tags]
    return {"tags": names, "probabilities": [exp(log) for log in found.log_probabilities]}


def _grade(found: ValuePrediction, task: Task) -> Answer:  # noqa: ARG001 - as the others
    return {"grade": found.grade}


ANSWERS: Mapping[type, Callable[[Any, Task], Answer]] = {
    ClassPrediction: _label,
    SpanPrediction: _span,
    TagPrediction: _tags,
    ValuePrediction: _grade,
}
