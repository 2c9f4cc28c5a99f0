"""Queries, items and what belongs together, from the files that upstream has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adaptx.data.cell import Cell
from adaptx.data.reading import Read
from adaptx.data.retrieval_layouts import LAYOUTS, Item, distinct, pool_revision, tuning_split
from adaptx.data.rows import load, load_items
from adaptx.data.source import FolderSource, HubSource
from adaptx.errors import DataFault
from adaptx.store import Store
from adaptx.tasks.catalog import task_named


def lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def source(tmp_path: Path) -> FolderSource:
    return FolderSource(tmp_path / "rows", Store(tmp_path / "runs"))


def bitext(home: Path, split: str) -> None:
    lines(home / f"{split}_source.jsonl", [{"id": f"zh-{n}", "text": f"句子 {n}"} for n in range(3)])
    lines(home / f"{split}_target.jsonl", [{"id": f"en-{n}", "text": f"sentence {n}"} for n in range(4)])
    lines(home / f"{split}.jsonl", [{"source_id": "zh-1", "target_id": "en-3"}])


@pytest.fixture
def bucc(source: FolderSource) -> FolderSource:
    bitext(source.folder / "bucc2018" / "zh", "test")
    return source


def test_bitext_joins_the_pairs_to_the_source_sentences(bucc):
    task = task_named("bucc")
    examples = load(Cell(bucc, task, "zh", "test")).examples
    assert [(e.id, e.texts["query"], e.gold) for e in examples] == [
        ("zh-0", "句子 0", ()),
        ("zh-1", "句子 1", ("en-3",)),
        ("zh-2", "句子 2", ()),
    ]
    assert load_items(Cell(bucc, task, "zh", "test")) == [Item(f"en-{n}", f"sentence {n}", "en") for n in range(4)]


def test_another_list_of_items_is_another_revision(bucc):
    task = task_named("bucc")
    before = pool_revision(Cell(bucc, task, "zh", "test"))
    lines(bucc.folder / "bucc2018" / "zh" / "test_target.jsonl", [{"id": "en-0", "text": "other"}])
    assert pool_revision(Cell(bucc, task, "zh", "test")) != before
    assert pool_revision(Cell(bucc, task_named("tatoeba"), "de", "test")) == ""


@pytest.mark.parametrize("end", ["", "_source", "_target"])
def test_every_file_of_the_dev_split_that_tunes_is_part_of_the_revision(bucc, end):
    task, home = task_named("bucc"), bucc.folder / "bucc2018" / "zh"
    alone = pool_revision(Cell(bucc, task, "zh", "test"))
    bitext(home, "validation")
    before = pool_revision(Cell(bucc, task, "zh", "test"))
    path = home / f"validation{end}.jsonl"
    path.write_text(path.read_text("utf-8") + "\n", encoding="utf-8")
    assert len({alone, before, pool_revision(Cell(bucc, task, "zh", "test"))}) == 3


def test_the_threshold_is_tuned_on_dev_of_the_language_where_that_is_not_what_is_scored(bucc):
    task = task_named("bucc")
    assert tuning_split(Cell(bucc, task, "zh", "test")) is None
    bitext(bucc.folder / "bucc2018" / "zh", "validation")
    assert tuning_split(Cell(bucc, task, "zh", "test")) == "dev"
    assert tuning_split(Cell(bucc, task, "de", "test")) is None
    assert tuning_split(Cell(bucc, task, "zh", "dev")) is None
    assert tuning_split(Cell(HubSource(bucc.store), task, "zh", "test")) is None
    assert tuning_split(Cell(bucc, task_named("panx"), "zh", "test")) is None


def test_bitext_on_the_hub_is_one_row_of_lists_with_pairs_counted_from_one():
    whole = {"sentence1": ["a", "b"], "sentence2": ["x", "y", "z"], "gold": [[2, 3]]}
    read = Read(Cell(None, task_named("bucc"), "de", "test"), lambda _: iter([("file", whole)]))
    rows = [row for _, row in LAYOUTS["bitext"].rows(read)]
    assert rows == [{"id": "de-1", "text": "a", "gold": []}, {"id": "de-2", "text": "b", "gold": ["en-3"]}]
    assert [item.text for item in LAYOUTS["bitext"].items(read)] == ["x", "y", "z"]


def squad(language: str) -> dict[str, Any]:
    texts = {"en": ("A dog sleeps.", " A cat e.g. Tom does not."), "de": ("Ein Hund schläft.", " Eine Katze nicht.")}
    first, second = texts[language]
    context = first + second
    paragraph = {
        "context": context,
        "sentence_breaks": [[0, len(first)], [len(first), len(context)]],
        "qas": [
            {"id": "q1", "question": "Who sleeps?", "answers": [{"text": first[:5], "answer_start": 0}]},
            {"id": "q2", "question": "Who not?", "answers": [{"text": second[1:6], "answer_start": len(first) + 1}]},
        ],
    }
    return {"data": [{"title": "t", "paragraphs": [paragraph]}]}


def test_lareqa_searches_the_sentences_of_every_language_and_one_in_each_is_right(source):
    for language in ("en", "de"):
        path = source.folder / "xquad-r" / f"{language}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(squad(language)), encoding="utf-8")
    task = task_named("lareqa")
    examples = load(Cell(source, task, "de", "test")).examples
    assert [(e.id, e.parallel, set(e.gold)) for e in examples] == [
        ("q1", "q1", {"en:0:0", "de:0:0"}),
        ("q2", "q2", {"en:0:1", "de:0:1"}),
    ]
    items = {item.id: item.text for item in load_items(Cell(source, task, "de", "test"))}
    assert items["de:0:0"] == "Ein Hund schläft."
    assert len(items) == 4
    assert source.languages(task, "test") == ["en", "de"]
    before = pool_revision(Cell(source, task, "de", "test"))
    (source.folder / "xquad-r" / "en.json").write_text(json.dumps(squad("en") | {"version": 2}), encoding="utf-8")
    assert pool_revision(Cell(source, task, "de", "test")) != before


def test_a_json_that_is_not_squad_is_refused(source):
    path = source.folder / "xquad-r" / "de.json"
    path.parent.mkdir(parents=True)
    path.write_text("[1]", encoding="utf-8")
    with pytest.raises(DataFault, match="shape of SQuAD"):
        load(Cell(source, task_named("lareqa"), "de", "test"))


def test_squad_is_cut_at_full_stops_and_a_question_without_its_sentence_is_quarantined(source):
    context = "A dog sleeps. A cat, Mr. Tom, does not! 7 mice run."
    starts = [[2], [16], [40], *[[0]] * 100, []]
    rows = [
        {
            "id": f"q{n}",
            "question": "?",
            "context": context,
            "answers": {"text": [context[s] for s in at], "answer_start": at},
        }
        for n, at in enumerate(starts)
    ]
    lines(source.folder / "squad" / "en" / "validation.jsonl", rows)
    loaded = load(Cell(source, task_named("squad-retrieval"), "en", "test"))
    found = [example.texts["item"].strip() for example in loaded.examples[:3]]
    assert found == ["A dog sleeps.", "A cat, Mr.", "7 mice run."]
    assert [fault.row for fault in loaded.quarantined] == [103]
    assert {item.id for item in load_items(Cell(source, task_named("squad-retrieval"), "en", "test"))} == {
        example.gold[0] for example in loaded.examples
    }


CONTEXT = {"text": "Hi. Smith {x} left.", "sentence_spans": [{"start": 0, "end": 3}, {"start": 4, "end": 19}]}
MENTION = {"example_id": "m1", "entity_id": "Q1", "mention_span": {"start": 4, "end": 9, "text": "Smith"}}
ENTITY = {
    "entity_id": "Q1",
    "title": "Smith",
    "description": "A  name.\nMore.",
    "description_language": "en",
    "sentence_spans": [{"start": 0, "end": 8}],
}


def test_a_mention_stands_before_its_sentence_and_in_braces(source):
    lines(source.folder / "mewsli-x" / "de" / "test.jsonl", [{"context": CONTEXT, "mentions": [MENTION]}])
    lines(source.folder / "mewsli-x" / "candidate_entities.jsonl", [ENTITY, {**ENTITY, "entity_id": "Q2"}])
    task = task_named("mewslix")
    (example,) = load(Cell(source, task, "de", "test")).examples
    assert example.texts == {"query": "Smith: { Smith } (x) left."}
    assert (example.id, example.gold) == ("m1", ("Q1",))
    assert load_items(Cell(source, task, "de", "test")) == [Item("Q1", "A name.", "en"), Item("Q2", "A name.", "en")]


def test_training_pairs_bring_their_entity(source):
    pair = {"contextual_mention": {"context": CONTEXT, "mention": MENTION}, "entity": ENTITY}
    lines(source.folder / "mewsli-x" / "wikipedia_pairs" / "train.jsonl", [pair])
    (example,) = load(Cell(source, task_named("wikipedia-pairs"), "en", "train")).examples
    assert example.texts == {"query": "Smith: { Smith } (x) left.", "item": "A name."}
    assert example.gold == ("Q1",)


def test_an_item_has_one_text_and_there_are_some():
    with pytest.raises(DataFault, match="two texts"):
        distinct([Item("a", "x", "en"), Item("a", "y", "en")])
    with pytest.raises(DataFault, match="nothing to search"):
        distinct([])
    assert distinct([Item("a", "x", "en"), Item("a", "x", "en")]) == [Item("a", "x", "en")]


@pytest.mark.shared
def test_real_squad_contexts_are_cut_into_sentences_that_hold_their_answers(shared_data, tmp_path):
    source = FolderSource(shared_data, Store(tmp_path / "runs"))
    examples = load(Cell(source, task_named("squad-retrieval"), "en", "test"), limit=300).examples
    lengths = sorted(len(example.texts["item"]) for example in examples)
    assert 60 < lengths[len(lengths) // 2] < 250
