"""XTREME's layout: what is written is read back, whatever the form, and what is not in it is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.errors import DataFault, Incompatible
from adaptx.tasks import xtreme_files
from adaptx.tasks.catalog import task_named

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

PAWSX, XNLI, XQUAD = map(task_named, ("pawsx", "xnli", "xquad"))
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "X", "_")
PANX = replace(PAWSX, name="panx", form="tagging", metric="f1", labels=TAGS)
XCOPA = replace(PAWSX, name="xcopa", form="choice", labels=("0", "1"))
TATOEBA = replace(PAWSX, name="tatoeba", form="retrieval", metric="accuracy", labels=())
MEWSLIX = replace(TATOEBA, name="mewslix", metric="map@20")
BUCC = replace(TATOEBA, name="bucc", metric="f1")

IDS = st.lists(st.text("abc123-", min_size=1, max_size=5), min_size=1, max_size=8, unique=True)
FOUND = st.lists(st.text("xyz-", min_size=1, max_size=4), max_size=4, unique=True)


def rows(ids: list[str], predictions: list[Any]) -> list[dict[str, Any]]:
    return [{"id": name, "prediction": found} for name, found in zip(ids, predictions, strict=True)]


@st.composite
def written(draw: st.DrawFn) -> tuple[Task, list[dict[str, Any]]]:
    ids = draw(IDS)

    def each(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=len(ids), max_size=len(ids)))

    task = draw(st.sampled_from([PAWSX, XNLI, XCOPA, PANX, XQUAD, TATOEBA, MEWSLIX, BUCC]))
    if task in (MEWSLIX, BUCC):
        found = each(FOUND)
        made = rows(ids, [items[0] if items else "" for items in found])
        extra = [{"found": items, "scores": [2.0] * len(items), "threshold": 1.0} for items in found]
        return task, [row | more for row, more in zip(made, extra, strict=True)]
    answers = {
        "span": st.text(max_size=8),
        "tagging": st.lists(st.integers(0, len(TAGS) - 1), min_size=1, max_size=5),
        "retrieval": st.sampled_from(ids),
    }
    return task, rows(ids, each(answers.get(task.form, st.integers(0, max(0, len(task.labels) - 1)))))


@given(written())
def test_what_is_written_is_read_back(case: tuple[Task, list[dict[str, Any]]]) -> None:
    task, records = case
    ids = [record["id"] for record in records]
    text = xtreme_files.write(records, task)
    assert xtreme_files.rewrite(text, ids, task) == text
    found = [prediction.answer for prediction in xtreme_files.read(text, ids, task)]
    assert found == [tuple(r["prediction"]) if task is PANX else r["prediction"] for r in records]


def test_files_look_as_the_benchmark_shows_them() -> None:
    assert xtreme_files.write(rows(["a", "b"], [0, 2]), XNLI) == "entailment\ncontradiction\n"
    assert xtreme_files.write(rows(["a", "b"], [[0, 1], [2]]), PANX) == "O\nB-PER\n\nI-PER\n"
    assert xtreme_files.write(rows(["7"], ["Zürich"]), XQUAD) == '{\n"7": "Zürich"\n}\n'
    assert xtreme_files.write(rows(["7"], [1]), XCOPA) == '{"idx": "7", "label": 1}\n'
    assert xtreme_files.write(rows(["7", "8"], ["8", "8"]), TATOEBA) == "1\n1\n"
    mined = [{"id": "zh-1", "found": ["en-1", "en-2"], "scores": [1.2, 1.0], "threshold": 1.1}]
    assert xtreme_files.write(mined, BUCC) == "zh-1\ten-1\n"
    named = [(xtreme_files.folder_of(task), xtreme_files.file_name(task, "de")) for task in (XNLI, XQUAD, XCOPA, BUCC)]
    assert named == [
        ("xnli", "test-de.tsv"),
        ("xquad", "test-de.json"),
        ("xcopa", "test-de.jsonl"),
        ("bucc2018", "test-de.tsv"),
    ]


def test_an_index_of_a_row_that_was_not_evaluated_is_refused() -> None:
    with pytest.raises(Incompatible, match="row '9', which is none of the 2") as error:
        xtreme_files.write(rows(["7", "8"], ["8", "9"]), TATOEBA)
    assert "--max-eval" in str(error.value.hint)


def test_a_folder_names_its_page() -> None:
    assert [xtreme_files.page_named(folder) for folder in ("xnli", "bucc2018", "notes")] == ["xnli", "bucc", None]
    with pytest.raises(Incompatible, match="squad is a task of neither"):
        xtreme_files.folder_of(task_named("squad"))


def test_lines_of_rows_that_cannot_be_used_are_passed_over() -> None:
    labels = [found.answer for found in xtreme_files.read("0\n1\n1\n", ["a", "c"], PAWSX, skipped={1})]
    assert labels == [0, 1]
    assert [found.answer for found in xtreme_files.read("0\n1\n", ["a", "c"], PAWSX, skipped={1})] == [0, 1]
    with pytest.raises(DataFault, match="3 predictions for 2 rows"):
        xtreme_files.read("0\n1\n1\n", ["a", "b"], TATOEBA, skipped={1})


def test_an_answer_that_is_absent_by_id_is_empty() -> None:
    assert [found.answer for found in xtreme_files.read('{"b": "x", "z": "y"}', ["a", "b"], XQUAD)] == ["", "x"]
    assert [found.answer for found in xtreme_files.read("b\tx\nb\ty\n", ["a", "b"], BUCC)] == ["", "x"]


@pytest.mark.parametrize(
    ("task", "text", "told"),
    [
        (PAWSX, "0\n", "1 predictions for 2"),
        (PAWSX, "", "0 predictions for 2"),
        (PAWSX, "0\nyes\n", "'yes' is no label"),
        (PANX, "O\n\nPERSON\n", "'PERSON' is no label"),
        (PANX, "O\n\nO\n\nO\n", "3 predictions for 2"),
        (XCOPA, '{"label": 0}\n{"label": 7}\n', "label 7"),
        (XCOPA, '{"label": 0}\n{"answer": 1}\n', "label None"),
        (XCOPA, "0\n1\n", "a JSON int"),
        (TATOEBA, "0\n2\n", "'2' is no index"),
        (TATOEBA, "0\n[1]\n", "no index"),
        (BUCC, "a b\n", "no pair"),
        (XQUAD, "[]", "a JSON list"),
        (XQUAD, "{", "not JSON"),
        (XQUAD, '{"a": 1}', "answer 1 is not a text"),
        (MEWSLIX, '{"a": "Q1"}', "not a list"),
    ],
)
def test_what_is_not_in_the_layout_is_refused(task: Task, text: str, told: str) -> None:
    with pytest.raises(DataFault) as error:
        xtreme_files.read(text, ["a", "b"], task)
    assert told in str(error.value)
