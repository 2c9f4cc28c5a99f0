"""One bad row among good ones, for every form: set aside with file and row, counted, and nothing else moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adaptx.data.cell import Cell
from adaptx.data.rows import MAX_QUARANTINED, load
from adaptx.tasks.catalog import task_named
from adaptx.tasks.forms import MAX_CHARACTERS

Row = dict[str, Any]

SPOILT = 57  # of N rows, so that one is within what may be left out
N = 120

NLI, GRADES = task_named("mnli"), replace(task_named("stsb"), parallel=None, group=None)
SQUAD, CHOICE, TAGS = task_named("squad"), task_named("commonsenseqa"), task_named("panx")
LONG = "word " * 20_000  # 100,000 characters


def good(task: Any, n: int) -> Row:
    rows: dict[str, Row] = {
        "mnli": {"premise": f"p{n}", "hypothesis": f"h{n}", "label": n % 3},
        "stsb": {"idx": n, "sentence1": f"a{n}", "sentence2": f"b{n}", "label": n % 6},
        "squad": {
            "id": f"q{n}",
            "question": f"What {n}?",
            "context": f"The mill {n}",
            "answers": {"text": ["mill"], "answer_start": [4]},
        },
        "commonsenseqa": {
            "id": f"q{n}",
            "question": f"Where {n}?",
            "choices": {"label": ["A", "B"], "text": ["here", "there"]},
            "answerKey": "AB"[n % 2],
        },
        "panx": {"tokens": ["Ann", "left"], "ner_tags": [1, 0]},
    }
    return rows[task.name]


@pytest.mark.parametrize(
    ("task", "spoilt", "field", "reason"),
    [
        (SQUAD, {"answers": {"text": ["mill"], "answer_start": [5]}}, "answers", "'mill' is not in its context at 5"),
        (SQUAD, {"answers": {"text": [], "answer_start": []}}, "answers", "no gold answer"),
        (SQUAD, {"context": "a" * (MAX_CHARACTERS + 1)}, "context", "200,001 characters, more than 200,000"),
        (NLI, {"premise": " "}, "premise", "blank"),
        (NLI, {"premise": None}, "premise", "missing"),
        (NLI, {"label": 7}, "label", "label 7 is out of range"),
        (GRADES, {"label": 5.5}, "label", "grade 5.5 is outside 0.0 to 5.0"),
        (CHOICE, {"choices": {"label": ["A"], "text": ["here"]}}, "choices", "1 options"),
        (CHOICE, {"question": ""}, "question", "blank"),
        (CHOICE, {"answerKey": "E"}, "answerKey", "out of range"),
        (TAGS, {"ner_tags": [1]}, "ner_tags", "1 tags for 2 tokens"),
        (TAGS, {"ner_tags": [1, 99]}, "ner_tags", "tag 99 of token 1 is unknown"),
        (TAGS, {"tokens": ["Ann", " "]}, "tokens", "token 1 is ' '"),
        (TAGS, {"tokens": [], "ner_tags": []}, "tokens", "a sentence without tokens"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_file_and_row_and_moves_no_other(
    folder, task: Any, spoilt: Row, field: str, reason: str
) -> None:
    rows = [good(task, n) for n in range(N)]
    whole = _loaded(folder, task, rows)
    part = _loaded(folder, task, [*rows[:SPOILT], rows[SPOILT] | spoilt, *rows[SPOILT + 1 :]])
    (fault,) = part.quarantined
    assert (fault.row, fault.field) == (SPOILT, field)
    assert fault.file.endswith(".jsonl")
    assert reason in fault.reason
    assert f"row {SPOILT}, field {field!r}: " in str(fault)
    assert part.n_rows == whole.n_rows == N
    assert part.examples == (*whole.examples[:SPOILT], *whole.examples[SPOILT + 1 :])
    assert 1 / N <= MAX_QUARANTINED


@pytest.mark.parametrize(
    ("task", "field"), [(SQUAD, "context"), (NLI, "premise"), (GRADES, "sentence1"), (CHOICE, "question")]
)
def test_a_text_of_a_hundred_thousand_characters_is_a_row_like_any_other(folder, task: Any, field: str) -> None:
    answer = {"answers": {"text": ["word"], "answer_start": [99_995]}} if task is SQUAD else {}
    rows = [good(task, n) for n in range(N)]
    loaded = _loaded(folder, task, [rows[0] | {field: LONG} | answer, *rows[1:]])
    assert loaded.quarantined == ()
    assert loaded.examples[0].texts[field] == LONG


def test_a_mended_row_is_counted_under_its_repair_and_no_other_row_is(folder) -> None:
    shifted = replace(SQUAD, repairs=("shifted-offsets",))
    rows = [good(SQUAD, n) for n in range(N)]
    loaded = _loaded(folder, shifted, [rows[0] | {"answers": {"text": ["mill"], "answer_start": [6]}}, *rows[1:]])
    assert loaded.repaired == {"shifted-offsets": 1}
    assert loaded.examples[0].answers == loaded.examples[1].answers
    assert loaded.quarantined == ()


def _loaded(folder, task: Any, rows: list[Row]) -> Any:
    split = "test" if "test" in task.splits else "dev"
    (upstream,) = task.splits[split]
    folder.write(f"{task.folder}/en/{upstream}.jsonl", rows)
    return load(Cell(folder.source, task, "en", split))
