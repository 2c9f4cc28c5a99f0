"""XTREME's submission layout: one folder a task, one file a language, and what a prediction looks like in it.

Owns the text of those files, both ways, for every form; may not read rows nor score. ``test-<language>.tsv`` holds a
label a line, or a tag a line with a blank line between sentences, or Tatoeba's index, or BUCC's pair of ids; ``.json``
holds answers and rankings by id, ``.jsonl`` XCOPA's labels. Labels and tags stand by name. The lines of a file without
ids are the rows of the split, in order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from adaptx.errors import DataFault, Incompatible
from adaptx.metrics import xtreme
from adaptx.tasks.example import ClassPrediction, Prediction, RetrievalPrediction, SpanPrediction, TagPrediction
from adaptx.tasks.forms.retrieval import pairs_above_threshold

if TYPE_CHECKING:
    from adaptx.tasks.forms import PredictionRecord
    from adaptx.tasks.task import Task

__all__ = ["SPLIT", "file_name", "folder_of", "page_named", "read", "rewrite", "write"]

SPLIT = "test"
FOLDERS = {"bucc": "bucc2018"}  # page -> folder, where they differ
MEMBERS = frozenset().union(*xtreme.TASKS.values())

AGAIN = "one for each row, in order; --max-eval N takes the rows of an evaluation with it"

Answers = Sequence[Any] | Mapping[str, object]  # one a row in order, or by id


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of file: its suffix, records to text, text to answers, and an answer to a prediction of the form.

    ``predict`` gets the ids of all rows too: an index means one of them. ``absent`` is the answer to an id that is not
    in a file whose ``read`` gives a mapping. ``may_skip``: rows in order that mean nothing to each other, so that some
    can be left out.
    """

    suffix: str
    write: Callable[[Sequence[PredictionRecord], Task], str]
    read: Callable[[str], Answers]
    predict: Callable[[Any, Task, Sequence[str]], Prediction]
    absent: Any = None
    may_skip: bool = False


def folder_of(task: Task) -> str:
    """Return a task's folder; raise `Incompatible` for a task of neither XTREME nor XTREME-R."""
    folder = FOLDERS.get(task.name, task.name)
    if folder not in MEMBERS:
        raise Incompatible(f"{task.name} is a task of neither XTREME nor XTREME-R", hint=", ".join(sorted(MEMBERS)))
    return folder


def page_named(folder: str) -> str | None:
    """Return the name of the page whose predictions stand in ``folder``, None for a folder that is no task's."""
    pages = {folder_name: page for page, folder_name in FOLDERS.items()}
    return pages.get(folder, folder) if folder in MEMBERS else None


def file_name(task: Task, language: str) -> str:
    """Return ``test-<language>`` with the suffix of the task's files."""
    return f"{SPLIT}-{language}{_layout(task).suffix}"


def write(records: Sequence[PredictionRecord], task: Task) -> str:
    """Return the text of a file: the stored predictions of one language, in the order of the split."""
    return _layout(task).write(records, task)


def read(text: str, ids: Sequence[str], task: Task, skipped: Collection[int] = ()) -> list[Prediction]:
    """Return a prediction for each row of the split, given the rows' ids; what a file leaves out by id is empty.

    ``skipped`` are upstream row numbers that have no id here, because the rows cannot be used: a file may have lines
    for them or not. Raises `DataFault` for a file that is not in the layout, or that has another number of lines.
    """
    layout = _layout(task)
    answers = layout.read(text)
    if isinstance(answers, Mapping):
        answers = [answers.get(name, layout.absent) for name in ids]
    if layout.may_skip and len(answers) == len(ids) + len(skipped):
        answers = [answer for number, answer in enumerate(answers) if number not in skipped]
    if len(answers) != len(ids):
        raise DataFault(f"{len(answers)} predictions for {len(ids)} rows", hint=AGAIN)
    return [layout.predict(answer, task, ids) for answer in answers]


def rewrite(text: str, ids: Sequence[str], task: Task) -> str:
    """Return the text that the predictions of a file are written as: the same one, where nothing was lost."""
    predictions = read(text, ids, task)
    return write([_plain_record(*pair) for pair in zip(ids, predictions, strict=True)], task)


def _plain_record(name: str, prediction: Prediction) -> PredictionRecord:
    if isinstance(prediction, RetrievalPrediction):
        found, scores = list(prediction.found), list(prediction.scores)
        return {"id": name, "prediction": prediction.answer, "found": found, "scores": scores, "threshold": 0.0}
    return {"id": name, "prediction": prediction.answer}


def _layout(task: Task) -> Layout:
    kinds = {"choice": XCOPA, "span": ANSWERS, "tagging": TAGS, "classification": LABELS}
    if task.form in kinds:
        return kinds[task.form]
    return {"accuracy": INDICES, "f1": PAIRS}.get(task.metric, RANKINGS)


def _lines(text: str) -> list[str]:
    """Return the lines of a file without outer spaces; blank ones at its end are none."""
    return [line.strip() for line in text.rstrip().split("\n")] if text.strip() else []


def _join_lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _parse_object(text: str) -> dict[str, object]:
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise DataFault(f"not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise DataFault(f"a JSON {type(parsed).__name__}, not an object", hint='{"id": answer}')
    return parsed


def _dump_object(answers: Mapping[str, object]) -> str:
    return json.dumps(answers, ensure_ascii=False, indent=0) + "\n"


def _certain_prediction(label: int, task: Task) -> ClassPrediction:
    """Return a prediction without doubt: a submission says no more."""
    if not 0 <= label < len(task.labels):
        raise DataFault(f"label {label} of {task.name}, which has {len(task.labels)}")
    return ClassPrediction(label, tuple(0.0 if index == label else float("-inf") for index in range(len(task.labels))))


def _index(name: str, task: Task) -> int:
    if name not in task.labels:
        raise DataFault(f"{name!r} is no label of {task.name}", hint=f"one of {', '.join(task.labels)}")
    return task.labels.index(name)


def _write_labels(records: Sequence[PredictionRecord], task: Task) -> str:
    return _join_lines(task.labels[record["prediction"]] for record in records)


def _predict_label(name: str, task: Task, _ids: Sequence[str]) -> Prediction:
    return _certain_prediction(_index(name, task), task)


def _write_xcopa(records: Sequence[PredictionRecord], _task: Task) -> str:
    return _join_lines(json.dumps({"idx": record["id"], "label": record["prediction"]}) for record in records)


def _read_xcopa(text: str) -> Answers:
    return [_parse_object(line).get("label") for line in _lines(text)]


def _predict_option(label: Any, task: Task, _ids: Sequence[str]) -> Prediction:
    if type(label) is not int:
        raise DataFault(f"label {label!r} is not a whole number", hint='{"idx": ..., "label": 0}')
    return _certain_prediction(label, task)


def _write_tags(records: Sequence[PredictionRecord], task: Task) -> str:
    return "\n".join(_join_lines(task.labels[tag] for tag in record["prediction"]) for record in records)


def _read_tags(text: str) -> Answers:
    return [list(tags) for is_sentence, tags in groupby(_lines(text), key=bool) if is_sentence]


def _predict_tags(tags: Sequence[str], task: Task, _ids: Sequence[str]) -> Prediction:
    return TagPrediction(tuple(_index(tag, task) for tag in tags))


def _write_answers(records: Sequence[PredictionRecord], _task: Task) -> str:
    return _dump_object({record["id"]: record["prediction"] for record in records})


def _predict_answer(answer: Any, _task: Task, _ids: Sequence[str]) -> Prediction:
    if not isinstance(answer, str):
        raise DataFault(f"answer {answer!r} is not a text")
    return SpanPrediction(answer, -1, 0.0)


def _write_rankings(records: Sequence[PredictionRecord], _task: Task) -> str:
    return _dump_object({record["id"]: list(record["found"]) for record in records})


def _write_indices(records: Sequence[PredictionRecord], task: Task) -> str:
    indices = {record["id"]: index for index, record in enumerate(records)}
    absent = [record["prediction"] for record in records if record["prediction"] not in indices]
    if absent:
        raise Incompatible(
            f"{task.name} found row {absent[0]!r}, which is none of the {len(records)} that were evaluated",
            hint="an index counts the rows of the whole split: evaluate without --max-eval",
        )
    return _join_lines(str(indices[record["prediction"]]) for record in records)


def _predict_index(index: str, task: Task, ids: Sequence[str]) -> Prediction:
    if not index.isdecimal() or int(index) >= len(ids):
        raise DataFault(f"{index!r} is no index of {task.name}", hint=f"whole numbers from 0 to {len(ids) - 1}")
    return RetrievalPrediction((ids[int(index)],), (1.0,))


def _write_pairs(records: Sequence[PredictionRecord], _task: Task) -> str:
    return _join_lines(f"{record['id']}\t{item}" for record in records for item in pairs_above_threshold(record))


def _read_pairs(text: str) -> Answers:
    pairs: dict[str, list[str]] = {}
    for line in _lines(text):
        source, tab, target = line.partition("\t")
        if not tab:
            raise DataFault(f"{line!r} is no pair", hint="source id, tab, target id")
        pairs.setdefault(source, []).append(target)
    return pairs


def _predict_found(found: Any, _task: Task, _ids: Sequence[str]) -> Prediction:
    if not isinstance(found, (list, tuple)) or not all(isinstance(item, str) for item in found):
        raise DataFault(f"{found!r} is not a list of ids")
    return RetrievalPrediction(tuple(found), tuple(1.0 / rank for rank in range(1, len(found) + 1)))


LABELS = Layout(".tsv", _write_labels, _lines, _predict_label, may_skip=True)
XCOPA = Layout(".jsonl", _write_xcopa, _read_xcopa, _predict_option, may_skip=True)
TAGS = Layout(".tsv", _write_tags, _read_tags, _predict_tags, may_skip=True)
ANSWERS = Layout(".json", _write_answers, _parse_object, _predict_answer, absent="")
INDICES = Layout(".tsv", _write_indices, _lines, _predict_index)
PAIRS = Layout(".tsv", _write_pairs, _read_pairs, _predict_found, absent=())
RANKINGS = Layout(".json", _write_rankings, _parse_object, _predict_found, absent=())
