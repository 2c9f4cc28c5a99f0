"""Values that were once taken at their word: ids, numbers for sentences, gold from nowhere, raw values of layouts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adaptx.data.cell import Cell
from adaptx.data.retrieval_layouts import check_gold
from adaptx.data.rows import Loaded, load, load_items
from adaptx.errors import DataFault
from adaptx.tasks.catalog import task_named

COUNT = 120
PAIR = {"sentence1": "A mill stands here.", "sentence2": "Here stands a mill.", "label": 1}
COPA = {"premise": "It rained.", "question": "effect", "choice1": "Wet.", "choice2": "Dry.", "label": 0}


def paws(folder, **changes: Any) -> Loaded:
    """Load PAWS-X rows of which the sixth is changed."""
    rows = [{"id": n, **PAIR} for n in range(COUNT)]
    rows[5] |= changes
    folder.write_bytes("paws-x/en/test.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
    return load(Cell(folder.source, task_named("pawsx"), "en", "test"))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "missing"),
        ("", "missing"),
        ("  ", "blank"),
        (True, "bool instead of"),
        (1.0, "float instead of"),
        (float("nan"), "float instead of"),
        (["a"], "list instead of"),
        ({"a": 1}, "dict instead of"),
        ("a\ud800", "half of a surrogate pair"),
        ("x" * 200_000, "an id of 200,000 characters"),
        (10**400, "more than 100 digits"),
    ],
)
def test_an_id_is_a_text_or_a_whole_number_and_nothing_else(value, reason, folder) -> None:
    (bad,) = paws(folder, id=value).quarantined
    assert (bad.row, bad.field) == (5, "id")
    assert reason in bad.reason


@pytest.mark.parametrize("value", ["a-5", 10**30, "Zeile 5"])
def test_an_id_of_another_kind_is_kept_as_text(value, folder) -> None:
    assert paws(folder, id=value).examples[5].id == str(value)


@pytest.mark.parametrize("value", [5, 0, False, 1.5, [], ["x"], {}])
def test_a_number_in_the_place_of_a_sentence_is_a_bad_row_and_no_placeholder(value, folder) -> None:
    found = paws(folder, sentence1=value)
    assert [(bad.row, bad.field) for bad in found.quarantined] == [(5, "sentence1")]
    assert not found.dropped


@pytest.mark.parametrize("value", [None, "", " ", "NS"])
def test_a_sentence_that_was_never_filled_in_is_still_dropped(value, folder) -> None:
    found = paws(folder, sentence1=value)
    assert [bad.row for bad in found.dropped] == [5]
    assert not found.quarantined


def test_a_parallel_id_twice_is_fatal_since_either_row_would_stand_for_its_translation(folder) -> None:
    folder.write("copa/en/train.jsonl", [{"idx": min(n, 7), **COPA} for n in range(9)])
    with pytest.raises(DataFault, match="rows 7 and 8, field 'idx': both have id '7'"):
        load(Cell(folder.source, task_named("copa"), "en", "train"))


def test_what_is_wrong_with_a_row_can_be_written_to_any_file(folder) -> None:
    rows = [{"id": n, **PAIR} for n in range(COUNT)]
    folder.write("paws-x/en/test.jsonl", rows)
    path = folder.root / "paws-x" / "en" / "test.jsonl"
    path.write_bytes(path.read_bytes() + b'{"k\\ud800": 1, "k\\ud800": 2}\n')
    (bad,) = load(Cell(folder.source, task_named("pawsx"), "en", "test")).quarantined
    assert str(bad).encode("utf-8")
    assert len(paws(folder, label="x" * 100_000).quarantined[0].reason) <= 500


@pytest.mark.parametrize("gold", ["abc", None, 5, ["nope"], [1]])
def test_a_stray_column_never_replaces_the_gold(gold, folder) -> None:
    rows = [{"target_sentence": f"one {n}", "source_sentence": f"eins {n}"} for n in range(4)]
    folder.write("tatoeba/de/test.jsonl", rows)
    whole = load(Cell(folder.source, task_named("tatoeba"), "de", "test")).examples
    folder.write("tatoeba/de/test.jsonl", [{**row, "gold": gold} for row in rows])
    assert load(Cell(folder.source, task_named("tatoeba"), "de", "test")).examples == whole


class Bitext:
    """BUCC's three files, of which a test spoils rows."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.files = {
            "test": [{"source_id": f"zh-{n}", "target_id": f"en-{n}"} for n in range(2 * COUNT)],
            "test_source": [{"id": f"zh-{n}", "text": f"zh {n}"} for n in range(2 * COUNT)],
            "test_target": [{"id": f"en-{n}", "text": f"en {n}"} for n in range(2 * COUNT)],
        }

    def load(self) -> Loaded:
        """Load the cell, with what is searched."""
        for name, rows in self.files.items():
            self.folder.write(f"bucc2018/zh/{name}.jsonl", rows)
        cell = Cell(self.folder.source, task_named("bucc"), "zh", "test")
        found = load(cell)
        check_gold(found.examples, load_items(cell), "bucc zh")
        return found


@pytest.fixture
def bitext(folder) -> Bitext:
    return Bitext(folder)


@pytest.mark.parametrize(("column", "value"), [("source_id", None), ("target_id", 1.5), ("source_id", "nobody")])
def test_a_pair_of_nothing_is_counted_with_its_file_and_row(column, value, bitext) -> None:
    bitext.files["test"][5][column] = value
    (bad,) = bitext.load().quarantined
    assert bad.file.endswith("zh/test.jsonl")
    assert (bad.row, bad.field) == (5, column)


def test_a_pair_whose_target_is_not_searched_is_fatal(bitext) -> None:
    bitext.files["test"][5]["target_id"] = "en-nowhere"
    with pytest.raises(DataFault, match=r"bucc zh: 1 gold items are not among the 240 .* 'en-nowhere' of query 'zh-5'"):
        bitext.load()


@pytest.mark.parametrize("text", [None, 5, ["x"], " "])
def test_a_bad_sentence_is_set_aside_where_it_asks_and_fatal_where_it_is_searched(text, bitext) -> None:
    bitext.files["test_source"][5]["text"] = text
    told = [(bad.file.rpartition("/")[2], bad.row, bad.field) for bad in bitext.load().quarantined]
    assert told[0] == ("test_source.jsonl", 5, "text")
    bitext.files["test_source"][5]["text"] = "zh 5"
    bitext.files["test_target"][5]["text"] = text
    with pytest.raises(DataFault, match=r"test_target\.jsonl row 5, field 'text'") as caught:
        bitext.load()
    assert "must be whole" in str(caught.value.hint)


def test_too_many_bad_pairs_are_fatal(bitext) -> None:
    for row in bitext.files["test"][:3]:
        row["target_id"] = None
    with pytest.raises(DataFault, match="3 of 240 rows cannot be used"):
        bitext.load()


@pytest.mark.parametrize(
    "row",
    [
        {"sentence1": ["a"], "sentence2": ["x", None], "gold": [[1, 1]]},
        {"sentence1": ["a", 5], "sentence2": ["x"], "gold": [[1, 1]]},
        {"sentence1": ["a"], "sentence2": ["x"], "gold": [[1, 2]]},
        {"sentence1": ["a"], "sentence2": ["x"], "gold": [[0, 1]]},
        {"sentence1": ["a"], "sentence2": ["x"], "gold": [["1", "1"]]},
        {"sentence1": ["a"], "sentence2": ["x"], "gold": None},
        {"sentence1": ["a"], "gold": [[1, 1]]},
    ],
)
def test_a_row_of_lists_is_checked_value_by_value(row, folder) -> None:
    folder.write("bucc2018/zh/test.jsonl", [row])
    with pytest.raises(DataFault, match=r"test\.jsonl row 0, field '(sentence1|sentence2|gold)'"):
        load(Cell(folder.source, task_named("bucc"), "zh", "test"))


def test_a_bad_row_of_another_language_is_told_in_every_cell_that_searches_it(folder) -> None:
    for language in ("en", "de"):
        rows = []
        for n in range(COUNT):
            context = f"{language} {n} sleeps. It does."
            answers = {"text": [language], "answer_start": [0]}
            rows.append({"id": f"q{n}", "question": "Who?", "context": context, "answers": answers})
            rows[n]["sentence_breaks"] = [[0, len(context)]]
        if language == "de":
            rows[5]["sentence_breaks"] = [[9, 2]]
        folder.write(f"xquad-r/{language}/test.jsonl", rows)
    cell = Cell(folder.source, task_named("lareqa"), "en", "test")
    found = load(cell)
    assert [(bad.file.split("/")[-2], bad.row, bad.field) for bad in found.quarantined] == [
        ("de", 5, "sentence_breaks")
    ]
    assert len(found.examples) == COUNT
    assert [len(example.gold) for example in found.examples[4:7]] == [2, 1, 2]
    check_gold(found.examples, load_items(cell), "lareqa en")
