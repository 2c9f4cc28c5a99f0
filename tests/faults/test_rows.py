"""One bad value in one column of one of 120 rows, over tasks of every form and layout.

A value that means nothing where it stands is refused, quarantined or dropped; where it is taken, it is what the column
may hold, the example holds it, and no other row has changed. ``ADAPTX_FAULTS=long`` tries all, else a sample of `SEED`.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from adaptx.data.cell import Cell
from adaptx.data.retrieval_layouts import check_gold
from adaptx.data.rows import Loaded, load, load_items
from adaptx.data.source import FolderSource
from adaptx.mini import NANO_FOLDER, suite
from adaptx.model.forms import Limits, heavy_form
from adaptx.store import Store
from adaptx.tables import write_rows
from adaptx.tasks.catalog import task_named

if TYPE_CHECKING:
    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

_spec = importlib.util.spec_from_file_location("row_values", Path(__file__).with_name("row_values.py"))
assert _spec is not None
assert _spec.loader is not None
values = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(values)

SEED = int(os.environ.get("ADAPTX_FAULTS_SEED", "0"))
SAMPLE = 14  # cases a task, without long mode
COUNT = 120
WORLD = suite.Suite(train=COUNT, dev=COUNT, test=COUNT)
Rows = list[dict[str, Any]]
# (task, language, split, the split's file, other files with their rows)
TASKS = {
    "pawsx": ("en", "test", "paws-x/en/test"),
    "mnli": ("en", "train", "mnli/en/train"),
    "stsb": ("en", "train", "stsb/en/train"),
    "copa": ("en", "train", "copa/en/train"),
    "hellaswag": ("en", "train", "hellaswag/en/train"),
    "commonsenseqa": ("en", "train", "commonsense_qa/en/train"),
    "xwinograd": ("en", "test", "xwinograd/en/test"),
    "squad": ("en", "train", "squad/en/train"),
    "squad2": ("en", "train", "squad2/en/train"),
    "tydiqa": ("sw", "test", "tydiqa/sw/validation"),
    "panx": ("en", "train", "wikiann/en/train"),
    "udpos": ("en", "train", "udpos/en/train"),
    "masakhaner": ("sw", "test", "masakhaner/sw/test"),
    "tatoeba": ("de", "test", "tatoeba/de/test"),
    "squad-retrieval": ("en", "train", "squad/en/train"),
    "lareqa": ("en", "test", "xquad-r/en/test"),
    "bucc": ("zh", "test", "bucc2018/zh/test"),
    "mewslix": ("de", "test", "mewsli-x/de/test"),
}


def files_of(name: str) -> dict[str, Rows]:
    """Return the rows of every file that a task's cell reads, the cell's own file first."""
    language, split, own = TASKS[name]
    if name == "bucc":
        ends = {"_source": "zh", "_target": "en"}
        pairs = {own: [{"source_id": f"zh-{n}", "target_id": f"en-{n}"} for n in range(COUNT)]}
        return pairs | {
            own + e: [{"id": f"{t}-{n}", "text": f"{t} {n}"} for n in range(COUNT)] for e, t in ends.items()
        }
    if name == "mewslix":
        return {
            own: [mention(n) for n in range(COUNT)],
            "mewsli-x/candidate_entities": [entity(n) for n in range(COUNT)],
        }
    rows = {own: made(name, language, split)}
    return rows | {"xquad-r/de/test": made(name, "de", split)} if name == "lareqa" else rows


def made(name: str, language: str, split: str) -> Rows:
    return [json.loads(json.dumps(row)) for row in suite.rows(name, language, split, WORLD)]


def mention(number: int) -> dict[str, Any]:
    text = f"The verdict came for Smith{number} today."
    start = text.index("Smith")
    span = {"start": start, "end": start + len(f"Smith{number}")}
    context = {"text": text, "sentence_spans": [{"start": 0, "end": len(text)}]}
    told = {"example_id": f"m{number}", "mention_span": span, "entity_id": f"Q{number}"}
    return {"contextual_mention": {"context": context, "mention": told}}


def entity(number: int) -> dict[str, Any]:
    text = f"Entity {number} is a thing. More."
    end = {"start": 0, "end": text.index(" More")}
    return {"entity_id": f"Q{number}", "description": text, "description_language": "en", "sentence_spans": [end]}


@dataclass(frozen=True)
class Fault:
    """A value for a column of the fifth row of a file."""

    file: str
    column: str
    name: str
    value: Any
    is_allowed: bool  # whether the column may hold it

    def __str__(self) -> str:
        return f"{self.file} {self.column}: {self.name}"


def faults(task: Task, files: Mapping[str, Rows], place: int) -> Iterator[Fault]:
    """Yield every fault of a task in the row at ``place``."""
    for file, rows in files.items():
        row = rows[place]
        stray = {"gold"} - row.keys() if task.form == "retrieval" else set()
        for column in (*row, *sorted(stray)):
            role = role_of(task, file, column)
            for name, value in values.VALUES.items():
                yield Fault(file, column, name, value, values.may_hold(role, value, task, row))
            for name, value in values.special(role, row).items():
                yield Fault(file, column, name, value, name.startswith("good"))


BESIDE = {
    "id": "id",
    "entity_id": "id",
    "sentence_spans": "sentence_spans",
    **dict.fromkeys(("text", "description", "description_language"), "text"),
}


INSIDE = ("label", "options", "answers", "tokens", "tags")  # roles whose values have a shape of their own


def role_of(task: Task, file: str, column: str) -> str:
    """Return what a column is to a task: its own name for it, or ``unused``."""
    beside = file.endswith(("_source", "_target", "candidate_entities"))
    if beside or (task.layout == "sentences" and column == "question" and file != TASKS[task.name][2]):
        return BESIDE.get(column, "unused")
    if column in (task.columns.get("id"), task.parallel) or column in ("source_id", "target_id"):
        return "id"
    if task.layout and column in ("context", "answers", "sentence_breaks", "contextual_mention"):
        return column
    for key, named in task.columns.items():
        if column == named:
            return key if key in INSIDE or (key == "context" and task.form == "span") else "text"
        if column in named and not isinstance(named, str):
            return "text"
    return "group" if column == task.group else "unused"


class SpoiledCell:
    """A task's cell in a folder, one of whose rows a fault spoils."""

    def __init__(self, name: str, root: Path, tokenizer: Any) -> None:
        self.task, self.files, self.root, self.tokenizer = task_named(name), files_of(name), root / name, tokenizer
        language, split, self.own = TASKS[name]
        for file, rows in self.files.items():
            self.write(file, rows)
        self.cell = Cell(FolderSource(self.root, Store(root / "runs")), self.task, language, split)
        self.whole = self.read()
        # the fifth that is in the split: some pages cut their dev rows from the training rows
        self.old = self.whole.examples[5]
        names = [str(row.get(self.task.columns.get("id"), n)) for n, row in enumerate(self.files[self.own])]
        self.row = names.index(self.old.id) if self.old.id in names else 5

    def write(self, file: str, rows: Rows) -> None:
        path = self.root / f"{file}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def read(self) -> Loaded:
        """Load the cell as a step would, with what is searched."""
        loaded = load(self.cell)
        if self.task.form == "retrieval":
            check_gold(loaded.examples, load_items(self.cell), self.task.name)
        return loaded

    def outcome(self, fault: Fault, silent: type[Exception]) -> str:
        """Say what becomes of a fault; raise ``silent`` where it changes what it may not."""
        rows = copy.deepcopy(self.files[fault.file])
        rows[self.row][fault.column] = fault.value
        if fault.value is values.ABSENT:
            del rows[self.row][fault.column]
        self.write(fault.file, rows)
        try:
            loaded = self.read()
        finally:
            self.write(fault.file, self.files[fault.file])
        before = {example.id: content(example) for example in self.whole.examples if example.id != self.old.id}
        after = {example.id: content(example) for example in loaded.examples}
        if {name: after.get(name) for name in before} != before or len(after) > len(self.whole.examples):
            raise silent("another row changed")
        if len(loaded.quarantined) > len(self.whole.quarantined):
            return "quarantined"
        if len(loaded.dropped) > len(self.whole.dropped):
            return "dropped"
        taken = [example for example in loaded.examples if example.id not in before]
        if self.task.holdout and fault.column == self.task.group and not taken:
            return "in the other split"
        self._check_taken(fault, taken, silent)
        return "accepted"

    def _check_taken(self, fault: Fault, taken: Sequence[Example], silent: type[Exception]) -> None:
        if len(taken) != 1:
            raise silent(f"{len(taken)} rows in the place of one")
        if not fault.is_allowed and not (taken[0].repaired and "start" in fault.name):
            raise silent(f"taken: {str(taken[0])[:150]}")
        role = role_of(self.task, fault.file, fault.column)
        if role == "unused" and taken[0] != self.old:
            raise silent("a column that nothing reads changed the row")
        held = [text.strip() for text in taken[0].texts.values()]
        is_own_text = role == "text" and fault.file == self.own and not self.task.repairs
        if is_own_text and fault.name in values.VALUES and str(fault.value).strip() not in held:
            raise silent("the text of another row")
        targets = self.task.form != "retrieval" or "item" in self.task.fields
        heavy_form(self.task.form).encode(taken, self.tokenizer, self.task, Limits(64, 16), targets=targets)
        stored = {"id": taken[0].id, "parallel": taken[0].parallel, "group": taken[0].group, "gold": [*taken[0].gold]}
        write_rows(self.root / "rows.parquet", [stored])


def content(example: Example) -> tuple[object, ...]:
    return dict(example.texts), example.label, example.grade, example.answers, example.tags


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(NANO_FOLDER, use_fast=True)


@pytest.mark.parametrize("name", TASKS)
def test_a_bad_value_is_refused_or_set_aside_and_never_believed(name, tokenizer, tally, silent, is_long, tmp_path):
    cell = SpoiledCell(name, tmp_path, tokenizer)
    found = list(faults(cell.task, cell.files, cell.row))
    counts = tally(f"rows, {cell.task.layout or cell.task.form}")
    for fault in found if is_long else Random(f"{SEED} {name}").sample(found, SAMPLE):
        counts.case(f"{name} {fault}", lambda fault=fault: cell.outcome(fault, silent))
    assert counts.wrong == []
