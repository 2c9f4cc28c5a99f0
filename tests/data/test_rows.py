"""Rows of one cell: numbers, quarantine, caps, groups, and every bad file a person may bring."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptx.data.cell import Cell
from adaptx.data.rows import Loaded, load, load_items
from adaptx.data.source import fitted, open_source
from adaptx.errors import DataFault, Exit, Missing, UnknownName
from adaptx.mini.suite import TASKS
from adaptx.tasks.catalog import task_named
from adaptx.tasks.task import HubOverride

XNLI, PAWSX, SQUAD, XQUAD = (task_named(name) for name in ("xnli", "pawsx", "squad", "xquad"))
REUSED = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Row = dict[str, Any]


def nli(n: int, *, premises: int = 1, mark: str = "") -> list[Row]:
    return [{"premise": f"{mark}p{i // premises}", "hypothesis": f"{mark}h{i}", "label": i % 3} for i in range(n)]


def pairs(ids: list[int]) -> list[Row]:
    return [{"id": i, "sentence1": f"a{i}", "sentence2": f"b{i}", "label": i % 2} for i in ids]


def questions(n: int) -> list[Row]:
    answers = {"text": ["mill"], "answer_start": [4]}
    return [
        {"id": f"q{i}", "question": f"What {i}?", "context": f"The mill {i // 2}", "answers": answers} for i in range(n)
    ]


def ids(loaded: Loaded) -> list[str]:
    return [example.id for example in loaded.examples]


def fault(folder, task=XNLI, language: str = "de", split: str = "test", **options: Any) -> str:
    with pytest.raises(DataFault) as caught:
        load(Cell(folder.source, task, language, split), **options)
    assert caught.value.exit_code == Exit.FAILED
    return f"{caught.value} | {caught.value.hint}"


def test_rows_are_numbered_before_anything_is_left_out(folder) -> None:
    rows = nli(300)
    rows[1]["label"] = 9
    folder.write("xnli/de/test.jsonl.gz", rows)
    loaded = load(Cell(folder.source, XNLI, "de", "test"))
    assert ids(loaded) == [str(n) for n in range(300) if n != 1]
    assert [example.parallel for example in loaded.examples] == ids(loaded)
    assert (loaded.n_rows, len(loaded.quarantined), len(loaded.dropped)) == (300, 1, 0)


def test_quarantine_names_file_row_field_and_reason(folder) -> None:
    rows = nli(300)
    rows[7]["label"] = 9
    path = folder.write("xnli/de/test.jsonl", rows)
    (listed,) = load(Cell(folder.source, XNLI, "de", "test")).quarantined
    assert (listed.file, listed.row, listed.field) == (str(path), 7, "label")
    assert str(listed).endswith(
        "test.jsonl row 7, field 'label': label 9 is out of range (known: 0 entailment, 1 neutral, 2 contradiction)"
    )


def test_strict_makes_a_single_bad_row_fatal(folder) -> None:
    rows = nli(300)
    rows[7]["hypothesis"] = None
    folder.write("xnli/de/test.jsonl", rows)
    told = fault(folder, strict=True)
    assert "1 of 300 rows cannot be used" in told
    assert "test.jsonl row 7, field 'hypothesis': missing" in told
    assert "none is allowed with --strict" in told


@pytest.mark.parametrize(("bad", "fatal"), [(2, False), (3, True)])
def test_more_than_one_percent_of_bad_rows_is_fatal(folder, bad: int, fatal: bool) -> None:
    rows = nli(200)
    for row in rows[:bad]:
        row["premise"] = ""
    folder.write("xnli/de/test.jsonl", rows)
    if fatal:
        assert f"{bad} of 200 rows cannot be used" in fault(folder)
    else:
        assert len(load(Cell(folder.source, XNLI, "de", "test")).quarantined) == bad


def test_untranslated_rows_are_dropped_and_counted_apart_even_when_many_and_strict(folder) -> None:
    rows = pairs(list(range(10)))
    for row in rows[:6]:
        row["sentence2"] = "NS"
    folder.write("paws-x/de/test.jsonl", rows)
    loaded = load(Cell(folder.source, PAWSX, "de", "test"), strict=True)
    assert ids(loaded) == ["6", "7", "8", "9"]
    assert (len(loaded.dropped), len(loaded.quarantined)) == (6, 0)
    assert loaded.dropped[0].reason == "placeholder 'NS'"


def test_a_one_megabyte_row_is_quarantined(folder) -> None:
    rows = nli(200)
    rows[3]["premise"] = "x" * 2**20
    folder.write("xnli/de/test.jsonl", rows)
    (listed,) = load(Cell(folder.source, XNLI, "de", "test")).quarantined
    assert listed.reason == "1,048,576 characters, more than 200,000"


def test_an_answer_that_is_not_in_its_context_is_quarantined(folder) -> None:
    rows = questions(200)
    rows[5]["answers"] = {"text": ["mill"], "answer_start": [5]}
    folder.write("xquad/de/validation.jsonl", rows)
    (listed,) = load(Cell(folder.source, XQUAD, "de", "test")).quarantined
    assert (listed.row, listed.field) == (5, "answers")
    assert "is not in its context at 5" in listed.reason


def test_a_missing_column_is_fatal_and_names_the_nearest(folder) -> None:
    rows = [{"premise": "a", "hypotesis": "b", "label": 0}] * 3
    folder.write("xnli/de/test.jsonl", rows)
    told = fault(folder)
    assert "test.jsonl has no column 'hypothesis', which xnli reads" in told
    assert "did you mean 'hypotesis'?" in told


def test_a_missing_column_with_nothing_near_lists_the_columns(folder) -> None:
    folder.write("xnli/de/test.jsonl", [{"premise": "a", "hypothesis": "b", "gold": 0}])
    assert "columns: gold, hypothesis, premise" in fault(folder)


@pytest.mark.parametrize("name", ["xnli/de/test.jsonl", "xnli/de/test.jsonl.gz"])
def test_an_empty_file_is_fatal(folder, name: str) -> None:
    folder.write(name, [])
    assert "xnli in de, split test, has no rows" in fault(folder)


def test_an_empty_parquet_file_is_fatal(folder) -> None:
    path = folder.write_bytes("xnli/de/test.parquet", b"")
    pq.write_table(pa.table({"premise": [], "hypothesis": [], "label": []}), path)
    assert "has no rows" in fault(folder)


def test_a_split_of_placeholders_only_is_fatal(folder) -> None:
    rows = pairs([1, 2])
    for row in rows:
        row["sentence1"] = "NS"
    folder.write("paws-x/de/test.jsonl", rows)
    assert "none of 2 rows can be used" in fault(folder, PAWSX)


def test_a_truncated_gzip_is_fatal(folder) -> None:
    whole = gzip.compress("".join(json.dumps(row) + "\n" for row in nli(500)).encode())
    folder.write_bytes("xnli/de/test.jsonl.gz", whole[:-20])
    assert "truncated" in fault(folder)


def test_a_line_that_is_not_utf8_is_fatal_and_named(folder) -> None:
    folder.write_bytes("xnli/de/test.jsonl", json.dumps(nli(1)[0]).encode() + b'\n{"premise": "\xe9"}\n')
    assert "line 2 is not UTF-8" in fault(folder)


def test_a_duplicated_id_is_fatal_and_names_both_rows(folder) -> None:
    folder.write("paws-x/de/test.jsonl", pairs([4, 5, 4]))
    assert "test.jsonl rows 0 and 2, field 'id': both have id '4'" in fault(folder, PAWSX)


def test_a_row_without_its_id_is_quarantined(folder) -> None:
    rows = pairs(list(range(1, 201)))
    rows[3]["id"] = None
    folder.write("paws-x/de/test.jsonl", rows)
    (listed,) = load(Cell(folder.source, PAWSX, "de", "test")).quarantined
    assert (listed.row, listed.field, listed.reason) == (3, "id", "missing")


def test_hidden_test_labels_are_fatal_not_scored(folder) -> None:
    folder.write("xnli/de/test.jsonl", [{**row, "label": -1} for row in nli(5)])
    assert "5 of 5 rows cannot be used" in fault(folder)
    assert "placeholder label -1" in fault(folder)


def test_an_undeclared_language_is_refused_though_its_file_is_there(folder) -> None:
    folder.write("xnli/ko/test.jsonl", nli(3))
    with pytest.raises(UnknownName, match="unknown language of xnli 'ko'"):
        load(Cell(folder.source, XNLI, "ko", "test"))


def test_parquet_shards_are_one_split_with_running_numbers(folder) -> None:
    for shard in range(2):
        path = folder.write_bytes(f"xnli/de/test-0000{shard}-of-00002.parquet", b"")
        pq.write_table(pa.Table.from_pylist(nli(3, mark=str(shard))), path)
    loaded = load(Cell(folder.source, XNLI, "de", "test"))
    assert ids(loaded) == ["0", "1", "2", "3", "4", "5"]
    assert loaded.examples[3].texts["premise"] == "1p0"


def test_groups_are_named_alike_in_every_language(folder) -> None:
    for language in ("en", "de"):
        folder.write(f"xnli/{language}/test.jsonl", nli(9, premises=3, mark=language))
    groups = {
        language: [example.group for example in load(Cell(folder.source, XNLI, language, "test")).examples]
        for language in ("en", "de")
    }
    assert groups["en"] == groups["de"] == ["0"] * 3 + ["3"] * 3 + ["6"] * 3


def test_a_group_keeps_its_name_though_its_first_row_is_bad(folder) -> None:
    rows = nli(300, premises=3)
    rows[0]["label"] = 9
    folder.write("xnli/de/test.jsonl", rows)
    assert load(Cell(folder.source, XNLI, "de", "test")).examples[0].group == "0"


def test_dev_is_cut_from_train_by_paragraph_without_overlap(folder) -> None:
    folder.write("squad/en/train.jsonl", questions(400))
    train, dev = (load(Cell(folder.source, SQUAD, "en", split)) for split in ("train", "dev"))
    assert sorted(ids(train) + ids(dev)) == sorted(f"q{n}" for n in range(400))
    assert 0 < len(dev.examples) < 60
    assert not {e.texts["context"] for e in train.examples} & {e.texts["context"] for e in dev.examples}
    assert train.n_rows == len(train.examples)


def test_held_out_rows_do_not_depend_on_the_order_of_the_file(folder) -> None:
    folder.write("squad/en/train.jsonl", questions(400))
    before = set(ids(load(Cell(folder.source, SQUAD, "en", "dev"))))
    folder.write("squad/en/train.jsonl", list(reversed(questions(400))))
    assert set(ids(load(Cell(folder.source, SQUAD, "en", "dev")))) == before


@given(small=st.integers(1, 60), large=st.integers(1, 60))
@REUSED
def test_caps_are_nested_and_keep_upstream_order(folder, small: int, large: int) -> None:
    folder.write("xnli/de/test.jsonl", nli(50))
    few, many = (ids(load(Cell(folder.source, XNLI, "de", "test"), limit=n)) for n in sorted((small, large)))
    assert set(few) <= set(many)
    assert len(few) == min(small, large, 50)
    assert few == sorted(few, key=int)


@given(order=st.permutations(range(20)), limit=st.integers(1, 19))
@REUSED
def test_a_cap_takes_the_same_rows_in_every_language_and_order(folder, order: list[int], limit: int) -> None:
    folder.write("paws-x/en/test.jsonl", pairs(list(range(20))))
    folder.write("paws-x/de/test.jsonl", pairs(order))
    taken = [
        {e.parallel for e in load(Cell(folder.source, PAWSX, lang, "test"), limit=limit).examples}
        for lang in ("en", "de")
    ]
    assert taken[0] == taken[1]


def test_a_cap_goes_by_the_parallel_id_and_by_neither_the_rows_id_nor_its_number(folder) -> None:
    # One set of translations; in every language the rows have ids of their own and another order.
    tied = replace(PAWSX, columns={**PAWSX.columns, "id": "key"}, parallel="source")
    names = [f"t{n}" for n in range(40)]
    for language, order in (("en", names), ("de", names[::-1]), ("fr", names[7:] + names[:7])):
        rows = [{**pairs([n])[0], "key": f"{language}-{n}", "source": name} for n, name in enumerate(order)]
        folder.write(f"paws-x/{language}/test.jsonl", rows)
    lowest = set(sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:9])
    for language in ("en", "de", "fr"):
        taken = load(Cell(folder.source, tied, language, "test"), limit=9).examples
        assert {example.parallel for example in taken} == lowest, language
        assert {example.id for example in taken}.isdisjoint(lowest)
        assert [int(example.id[3:]) for example in taken] == sorted(int(example.id[3:]) for example in taken)


@given(bad=st.sets(st.integers(0, 399), max_size=4))
@REUSED
def test_every_row_is_either_used_or_listed(folder, bad: set[int]) -> None:
    rows = nli(400)
    for number in bad:
        rows[number]["label"] = "?"
    folder.write("xnli/de/test.jsonl", rows)
    loaded = load(Cell(folder.source, XNLI, "de", "test"))
    assert {row.row for row in loaded.quarantined} == bad
    assert set(map(int, ids(loaded))) | bad == set(range(400))
    assert loaded.n_rows == 400


@pytest.mark.parametrize("name", TASKS)
def test_the_embedded_world_gives_rows_that_pass_their_pages_checks(name, store) -> None:
    source = open_source("mini:train=12,dev=12,test=12", store)
    task = fitted(task_named(name), source)
    for split in task.splits:
        for language in source.languages(task, split, translated=True):
            loaded = load(Cell(source, task, language, split), strict=True)
            assert len(loaded.examples) == loaded.n_rows == 12
            if task.form == "retrieval":
                items = {item.id for item in load_items(Cell(source, task, language, split))}
                assert items.issuperset(name for example in loaded.examples for name in example.gold)


def test_the_embedded_world_is_parallel_over_its_languages(store) -> None:
    source = open_source("mini", store)
    cells = [load(Cell(source, XNLI, language, "test")) for language in source.languages(XNLI, "test")]
    assert len(cells) > 1
    assert len({tuple((e.parallel, e.label) for e in cell.examples) for cell in cells}) == 1


@pytest.mark.shared
@pytest.mark.parametrize("name", ["squad", "xquad", "pawsx", "mnli", "xnli"])
def test_real_rows_are_read_without_a_bad_one(name: str, shared_data, store) -> None:
    task = task_named(name)
    source = open_source(str(shared_data), store)
    for split in task.splits:
        for language in source.languages(task, split):
            loaded = load(Cell(source, task, language, split), strict=True)
            assert len(loaded.examples) + len(loaded.dropped) == loaded.n_rows


def test_a_page_without_parallel_ids_uses_row_numbers(folder) -> None:
    folder.write("paws-x/de/test.jsonl", pairs([10, 12]))
    loaded = load(Cell(folder.source, replace(PAWSX, parallel=None), "de", "test"))
    assert [(e.id, e.parallel) for e in loaded.examples] == [("10", "0"), ("12", "1")]


UNSURE = replace(XNLI, repairs=("drop-unlabelled",))


def test_rows_on_which_annotators_did_not_agree_are_dropped_not_quarantined(folder) -> None:
    rows = nli(9)
    for number in (1, 4, 5):
        rows[number]["label"] = -1
    folder.write("xnli/de/test.jsonl", rows)
    loaded = load(Cell(folder.source, UNSURE, "de", "test"), strict=True)
    assert [row.row for row in loaded.dropped] == [1, 4, 5]
    assert ids(loaded) == ["0", "2", "3", "6", "7", "8"]


def test_row_numbers_run_on_over_the_upstream_splits_of_a_split(folder) -> None:
    rounds = replace(XNLI, splits={"test": ("round1", "round2")})
    folder.write("xnli/de/round2.jsonl", nli(2, mark="b"))
    with pytest.raises(Missing, match=r"round1, .*round2"):
        load(Cell(folder.source, rounds, "de", "test"))
    folder.write("xnli/de/round1.jsonl", nli(3, mark="a"))
    loaded = load(Cell(folder.source, rounds, "de", "test"))
    assert ids(loaded) == ["0", "1", "2", "3", "4"]
    assert [e.texts["premise"][0] for e in loaded.examples] == ["a", "a", "a", "b", "b"]


def test_a_folder_that_numbers_labels_otherwise_is_read_by_name(folder) -> None:
    turned = replace(XNLI, folder_labels=("contradiction", "entailment", "neutral"))
    folder.write("xnli/de/test.jsonl", [{**row, "label": n} for n, row in enumerate(nli(3))])
    assert [e.label for e in load(Cell(folder.source, turned, "de", "test")).examples] == [2, 0, 1]


def test_a_label_outside_the_folders_order_is_quarantined_not_guessed(folder) -> None:
    turned = replace(XNLI, folder_labels=("contradiction", "entailment", "neutral"))
    folder.write("xnli/de/test.jsonl", [{**row, "label": 1} for row in nli(200)] + [{**nli(1)[0], "label": 7}])
    (listed,) = load(Cell(folder.source, turned, "de", "test")).quarantined
    assert "label 7 is out of range" in listed.reason


def test_translated_training_rows_are_read_when_asked_for_by_language(folder) -> None:
    folder.write("paws-x/en/train.jsonl", pairs([1, 2]))
    folder.write("paws-x/de/train.jsonl", pairs([1, 2, 3]))
    german = replace(PAWSX, translations=HubOverride(languages={"de": "de", "fr": "fr"}))
    assert len(load(Cell(folder.source, german, "de", "train")).examples) == 3
    assert folder.source.languages(german, "train") == ["en"]
    assert folder.source.languages(german, "train", translated=True) == ["en", "de"]
    with pytest.raises(UnknownName):
        load(Cell(folder.source, replace(PAWSX, translations=HubOverride()), "xx", "train"))
