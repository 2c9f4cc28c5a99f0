"""Values that a column of a row may hold by mistake, and what each column may hold rightly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

ABSENT = object()

# name -> value; what a file of JSON lines can hold in any column
VALUES: dict[str, Any] = {
    "null": None,
    "absent": ABSENT,
    "empty": "",
    "blank": "   ",
    "int": 5,
    "zero": 0,
    "minus": -1,
    "huge int": 10**30,
    "int without end": 10**400,
    "fraction": 1.5,
    "whole fraction": 1.0,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "true": True,
    "false": False,
    "empty list": [],
    "list": ["x"],
    "nested list": [["x"]],
    "empty table": {},
    "table": {"a": 1},
    "surrogate": "ab\ud800c",
    "NUL": "a\x00b",
    "escape": "\x1b[31mred\x1b[0m",
    "line break": "a\r\nb",
    "line separator": "a\u2028b",
    "long": "x " * 100_001,
    "number as text": "-1",
    "999": "999",
    "fraction as text": "1.0",
    "spaces around": " 1 ",
    "byte order mark": "\ufeffabc",
    "joiner": "\u200d",
    "right to left": "\u202eabc",
    "Arabic digit": "\u0661",
    "placeholder": "NS",
}


def may_hold(role: str, value: Any, task: Task, row: Mapping[str, Any]) -> bool:
    """Say whether a column may hold a value; for a role with an inside of its own, none of `VALUES`."""
    if role == "unused":
        return True
    if role == "group":
        return value is ABSENT or value is None or type(value) in (str, int)
    if role == "id":
        whole = type(value) is int and abs(value) < 10**100
        return whole or (is_text(value) and len(value) <= 1000)
    if role == "label":
        return is_grade(value, task.range) if task.range else is_label(value, labels_of(task, row))
    if role == "answers":
        return task.name == "squad2" and value == []
    return role == "text" and is_text(value)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= 200_000 and "\ud800" not in value


def labels_of(task: Task, row: Mapping[str, Any]) -> Sequence[str]:
    options = row.get(str(task.columns.get("options")))
    return options["label"] if isinstance(options, dict) else task.labels


def is_label(value: Any, labels: Sequence[str]) -> bool:
    spelled = {name.casefold() for name in labels}
    places = set() if all(name.isdecimal() for name in labels) else set(map(str, range(len(labels))))
    if type(value) is int:
        return str(value) in places | spelled
    return isinstance(value, str) and value.strip().casefold() in places | spelled


def is_grade(value: Any, limits: tuple[float, float]) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        return limits[0] <= float(value) <= limits[1]
    except (ValueError, OverflowError):
        return False


def special(role: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that only a column of this role could mean; those whose name begins with "good" are right."""
    maker = SPECIAL.get(role)
    return maker(row) if maker else {}


def _answers(row: Mapping[str, Any]) -> dict[str, Any]:
    context = row["context"]
    begin, first = context[:4], {"text": context[:4], "answer_start": 0}
    return {
        "good list of tables": [first],
        "good whole context": {"text": [context], "answer_start": [0]},
        "negative start": {"text": [begin], "answer_start": [-1]},
        "start beyond": {"text": [begin], "answer_start": [10**9]},
        "start without end": {"text": [begin], "answer_start": [10**30]},
        "fractional start": {"text": [begin], "answer_start": [0.0]},
        "start as text": {"text": [begin], "answer_start": ["0"]},
        "start is false": {"text": [begin], "answer_start": [False]},
        "unequal lists": {"text": [begin], "answer_start": [0, 1]},
        "empty text": {"text": [""], "answer_start": [0]},
        "no text": {"text": [None], "answer_start": [0]},
        "not in the context": {"text": ["zzzqq"], "answer_start": [0]},
        "a table without a start": [{"text": begin}],
        "a table and a number": [first, 5],
        "text is no list": first,
        "no starts": {"text": [begin]},
        "surrogate": {"text": ["\ud800"], "answer_start": [0]},
    }


def _tokens(row: Mapping[str, Any]) -> dict[str, Any]:
    found = row["tokens"]
    ends = {"line feed": "a\nb", "surrogate": "\ud800", "carriage return": "a\rb"}
    return {
        "short": found[:-1],
        "long": [*found, "x"],
        "null": [None] * len(found),
        "numbers": [1] * len(found),
        "empty": [""] * len(found),
        "good joiner": ["\u200b"] * len(found),
        **{name: [text] * len(found) for name, text in ends.items()},
    }


def _tags(row: Mapping[str, Any]) -> dict[str, Any]:
    count = len(row["tokens"])
    bad = {"negative": -1, "beyond": 99, "unknown": "B-FOO", "fraction": 0.0, "false": False, "null": None, "list": [0]}
    return {"short": [0] * (count - 1), "good numbers": [0] * count, **{n: [tag] * count for n, tag in bad.items()}}


def _options(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "one": ["a"],
        "too many": ["a"] * 9,
        "a null among them": ["a", None, "b", "c"],
        "numbers": [1, 2, 3, 4],
        "no labels": {"text": ["a", "b"]},
        "fewer labels": {"text": ["a", "b", "c"], "label": ["A", "B"]},
        "labels that are numbers": {"text": ["a", "b"], "label": [0, 1]},
        "text is no list": {"text": "ab", "label": ["A", "B"]},
    }


def _breaks(row: Mapping[str, Any]) -> dict[str, Any]:
    size = len(row["context"])
    return {
        "good one sentence": [[0, size]],
        "negative": [[-5, 3]],
        "beyond": [[0, 10**9]],
        "reversed": [[9, 2]],
        "flat": [0, 5],
        "texts": [["a", "b"]],
        "fractions": [[0.5, 3.2]],
        "triples": [[0, 1, 2]],
        "overlapping": [[0, size], [0, size]],
        "without the answer": [[size - 1, size]],
    }


def _mention(row: Mapping[str, Any]) -> dict[str, Any]:
    whole = row["contextual_mention"]
    told = whole["mention"]
    spans = {"reversed": (9, 2), "beyond": (0, 10**9), "texts": ("0", "1"), "fractions": (0.0, 1.0), "null": (None, 1)}
    bad = {f"span {name}": told | {"mention_span": {"start": a, "end": b}} for name, (a, b) in spans.items()}
    bad |= {f"id {name}": told | {"example_id": VALUES[name]} for name in ("null", "true", "list", "surrogate", "NaN")}
    bad |= {f"entity {name}": told | {"entity_id": VALUES[name]} for name in ("null", "true", "list", "999")}
    contexts = {"text": 5, "sentence_spans": None}
    return {
        **{name: whole | {"mention": mention} for name, mention in bad.items()},
        **{f"context {key}": whole | {"context": whole["context"] | {key: value}} for key, value in contexts.items()},
        "no context": whole | {"context": None},
        "no mention": {"context": whole["context"]},
        "mentions that are none": {"context": whole["context"], "mentions": [5]},
        "mentions that are a table": {"context": whole["context"], "mentions": told},
    }


def _spans(_: Mapping[str, Any]) -> dict[str, Any]:
    table = {"start": 0, "end": 10**9}
    return {"good one": [{"start": 0, "end": 4}], "beyond": [table], "no end": [{"start": 0}], "numbers": [1]}


SPECIAL: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "answers": _answers,
    "tokens": _tokens,
    "tags": _tags,
    "options": _options,
    "sentence_breaks": _breaks,
    "contextual_mention": _mention,
    "sentence_spans": _spans,
}
