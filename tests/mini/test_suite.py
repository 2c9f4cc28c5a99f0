"""Every row of every task: read by its page, parallel over languages, in its split, the same in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from unicodedata import is_normalized

import pytest

from adaptx.errors import Missing, UnknownName, UsageError
from adaptx.mini import suite
from adaptx.mini.facts import split_of
from adaptx.mini.suite import TASKS, Suite, suite_of
from adaptx.tasks.catalog import task_named, task_names

SMALL = Suite(train=24, dev=24, test=24)
FEW = Suite(train=6, dev=6, test=6)


def cells(task):
    return [
        (tag, split) for tag in (*suite.languages(task), *suite.translations(task)) for split in suite.splits(task, tag)
    ]


def strings(value):
    if isinstance(value, dict):
        value = list(value.values())
    return [text for part in value for text in strings(part)] if isinstance(value, list) else [str(value)]


@pytest.mark.parametrize("task", TASKS)
def test_texts_are_normalised_and_splits_are_those_of_the_page(task):
    for tag, split in cells(task):
        assert split in task_named(task).splits
        assert all(is_normalized("NFC", text) for row in suite.rows(task, tag, split, FEW) for text in strings(row))


def test_what_rows_mean_is_the_same_on_every_machine_and_in_every_version(meanings):
    told = []
    for task, made in TASKS.items():
        meanings.clear()
        list(suite.rows(task, suite.languages(task)[0], made.splits[-1], FEW))
        told.append([task, [[fact.family, *fact.words.items()] for fact in meanings.values()]])
    digest = sha256(json.dumps(told).encode()).hexdigest()
    assert digest == "617709b93c97953e8bd05c81ed4d095d071b82f6ee9698e337a6df7c4c4f8435", (
        "rows changed: raise mini.facts.VERSION, then this hash"
    )


@pytest.mark.parametrize("task", TASKS)
def test_a_row_means_the_same_in_every_language(task):
    kept = ("id", "idx", "uid", "label", "answer", "answerKey", "question" if task == "xcopa" else "id", "gold")
    for split in TASKS[task].splits:
        found = [
            [{key: row.get(key) for key in kept} for row in suite.rows(task, tag, split, FEW)]
            for tag in suite.languages(task)
        ]
        assert all(rows == found[0] for rows in found)


@pytest.mark.parametrize("task", [task for task in TASKS if task != "commonsenseqa"])
def test_no_split_tells_a_fact_of_another(task, meanings):
    for tag, split in [cell for cell in cells(task) if cell[0] == suite.languages(task)[0]]:
        meanings.clear()
        list(suite.rows(task, tag, split, SMALL))
        assert {split_of(fact) for fact in meanings.values()} == {split}


def test_rows_are_the_same_whatever_the_process_and_its_hash_seed():
    code = (
        "import json, sys; from hashlib import sha256; from adaptx.mini import suite; "
        "small = suite.Suite(train=3, dev=3, test=3); "
        "rows = [list(suite.rows(t, l, s, small)) for t in suite.TASKS for l in suite.languages(t)[:2] "
        "for s in suite.splits(t, l)]; "
        "print(sha256(json.dumps(rows).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "4711")
    }
    assert len(digests) == 1


def test_another_seed_draws_other_rows_and_a_larger_split_begins_alike():
    few, more, other = (
        list(suite.rows("pawsx", "en", "test", asked))
        for asked in (Suite(test=20), Suite(test=40), Suite(test=20, seed=1))
    )
    assert more[:20] == few
    assert not {row["sentence1"] for row in few} & {row["sentence1"] for row in other}


def test_a_source_says_its_seed_and_sizes():
    assert suite_of("mini") == Suite()
    assert suite_of("mini:seed=3,train=10000,test=200") == Suite(seed=3, train=10000, test=200)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mini:sede=3", "unknown setting of the generated world 'sede'"),
        ("mini:seed", "'seed': seed is one whole number from 0 on"),
        ("mini:seed=-1", "'seed=-1': seed is one whole number"),
        ("mini:test=0", "'test=0': test is one whole number from 1 on"),
        ("mini:test=1,test=2", "'test=2': test is one whole number"),
        ("mini:", "unknown setting of the generated world ''"),
    ],
)
def test_a_source_that_means_nothing_is_refused_with_what_would_work(text, told):
    with pytest.raises(UsageError) as caught:
        suite_of(text)
    assert told in str(caught.value)
    assert "seed" in str(caught.value.hint)


def test_only_what_changes_the_rows_of_a_split_is_in_its_revision():
    asked = Suite(seed=3, train=10_000)
    assert Suite().revision("test") == str(suite.VERSION)
    assert asked.revision("test") == f"{suite.VERSION},seed=3"
    assert asked.revision("train") == f"{suite.VERSION},seed=3,train=10000"


def test_what_the_world_does_not_have_is_an_error_that_says_what_it_has():
    with pytest.raises(UnknownName, match="mewslix"):
        suite.languages("mewslix")
    with pytest.raises(Missing, match="mnli de dev") as caught:
        list(suite.rows("mnli", "de", "dev"))
    assert "en train/dev" in str(caught.value.hint)
    assert suite.splits("mnli", "de") == ("train",)


def test_every_task_is_of_the_catalog():
    assert set(TASKS) <= set(task_names())
