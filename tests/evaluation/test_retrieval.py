"""A pool is embedded once, its golden searches are the official ones, and mining answers the whole cell."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from adaptx.data.retrieval_layouts import Item
from adaptx.errors import DataFault
from adaptx.evaluation import retrieval
from adaptx.evaluation.retrieval import Miner, Searcher, Tuning, searcher
from adaptx.tasks.catalog import task_named
from adaptx.tasks.example import Example
from adaptx.tasks.forms import form_named
from adaptx.tasks.forms.retrieval import is_tuning, threshold_of

FORM = form_named("retrieval")
TATOEBA, BUCC, LAREQA = (task_named(name) for name in ("tatoeba", "bucc", "lareqa"))


class Table:
    """Embeds a text as the vector that a table has for it; counts what it is asked."""

    def __init__(self, vectors: dict[str, list[float]], *, unit: bool = True) -> None:
        self.vectors, self.unit, self.asked = vectors, unit, 0

    def outputs(self, examples):
        self.asked += len(examples)
        rows = [torch.tensor(self.vectors[next(iter(e.texts.values()))], dtype=torch.float32) for e in examples]
        return [], [row / row.norm() if self.unit else row for row in rows]

    def fingerprints(self, examples):
        return [next(iter(e.texts.values())).encode() for e in examples]


def query(id: str, text: str, gold: tuple[str, ...], **more: str) -> Example:
    return Example(id=id, parallel=id, group=id, language="de", texts={"query": text, **more}, languages={}, gold=gold)


def golden_of(folder, name: str) -> SimpleNamespace:
    return SimpleNamespace(**json.loads((folder / f"{name}.json").read_text("utf-8")))


@pytest.mark.shared
def test_tatoeba_through_the_form_is_the_official_accuracy(shared_golden):
    golden = golden_of(shared_golden, "tatoeba.de")
    english, other = golden.english_embeddings, golden.source_embeddings
    table = Table({**{f"en{n}": v for n, v in enumerate(english)}, **{f"xx{n}": v for n, v in enumerate(other)}})
    items = [Item(str(n), f"xx{n}", "de") for n in range(len(other))]
    queries = [query(f"q{n}", f"en{n}", (str(row),)) for n, row in enumerate(golden.references)]
    found = Searcher(table, items, ()).predict(queries)
    assert [int(answer.answer) for answer in found] == golden.expected_predictions
    records = [FORM.record(example, answer, TATOEBA) for example, answer in zip(queries, found, strict=True)]
    assert 100 * FORM.score(records, TATOEBA, "de")["accuracy"] == pytest.approx(golden.expected["accuracy"], abs=1e-6)


@pytest.mark.shared
def test_lareqa_through_the_form_is_the_official_map(shared_golden):
    golden = golden_of(shared_golden, "map20.lareqa")
    asked, there = golden.query_embeddings, golden.candidate_embeddings
    table = Table(
        {**{f"q{n}": v for n, v in enumerate(asked)}, **{f"c{n}": v for n, v in enumerate(there)}}, unit=False
    )
    items = [Item(str(n), f"c{n}", "de") for n in range(len(there))]
    queries = [query(f"q{n}", f"q{n}", tuple(map(str, rows))) for n, rows in enumerate(golden.references)]
    found = Searcher(table, items, ()).predict(queries)
    records = [FORM.record(example, answer, LAREQA) for example, answer in zip(queries, found, strict=True)]
    assert FORM.score(records, LAREQA, "de")["map@20"] == pytest.approx(golden.expected["map@20"], abs=1e-6)


def side_of(part: dict, side: str) -> dict[str, str]:
    return dict(zip(part[f"{side}_ids"], part[f"{side}_sentences"], strict=True))


def lists_of(part: dict) -> tuple[list[Example], list[Item]]:
    """Return both lists of a golden split, the queries with their gold."""
    gold: dict[str, tuple[str, ...]] = {}
    for source, target in part["gold"]:
        gold[source] = (*gold.get(source, ()), target)
    queries = [query(key, text, gold.get(key, ())) for key, text in side_of(part, "source").items()]
    return queries, [Item(key, text, "en") for key, text in side_of(part, "target").items()]


def in_turn(*parts: dict) -> SimpleNamespace:
    """Embed at each call the next list: of each part the source, then the target."""
    vectors = iter(part[f"{side}_embeddings"] for part in parts for side in ("source", "target"))
    return SimpleNamespace(outputs=lambda _: ([], [torch.tensor(row) for row in next(vectors)]))


@pytest.mark.shared
@pytest.mark.parametrize("name", ["bucc.zh", "bucc_repeats.zh"])
def test_bucc_tuned_on_dev_and_mined_in_test_is_the_official_f1(shared_golden, name):
    golden = golden_of(shared_golden, name)
    queries, items = lists_of(golden.test)
    search = searcher(in_turn(golden.dev, golden.test), BUCC, items, (), Tuning("dev", *lists_of(golden.dev)))
    found = search.predict(queries)
    pairs = {(e.id, n.found[0]): n.scores[0] for e, n in zip(queries, found, strict=True) if n.found}
    wanted = {(source, target): score for source, target, score in golden.expected_test_candidates}
    assert pairs == pytest.approx(wanted, abs=1e-4)
    records = [FORM.record(example, answer, BUCC) for example, answer in zip(queries, found, strict=True)]
    assert {record["tuned_on"] for record in records} == {"dev"}
    assert records[0]["threshold"] == pytest.approx(golden.expected["threshold"], abs=1e-4)
    scores = {key: 100 * value for key, value in FORM.score(records, BUCC, "zh").items()}
    assert scores == pytest.approx({key: golden.expected[key] for key in ("f1", "precision", "recall")}, abs=1e-6)


def small(rows: int = 30):
    random = np.random.default_rng(0)
    vectors = {f"{side}{n}": random.normal(size=6).tolist() for side in ("query ", "item ") for n in range(rows)}
    queries = [query(str(n), f"query {n}", (str(n),), item=f"item {n}") for n in range(rows)]
    return Table(vectors), queries, [Item(str(n), f"item {n}", "de") for n in range(rows)]


def test_an_answer_depends_on_its_query_alone_and_the_pool_is_embedded_once():
    table, queries, items = small()
    search = searcher(table, TATOEBA, items, queries)
    assert table.asked == 60
    together = search.predict(queries)
    assert [search.predict([one])[0] for one in queries] == together
    assert table.asked == 60 + 2 * 30
    for answer in together:
        assert list(answer.scores) == sorted(answer.scores, reverse=True)
        assert len(answer.found) == 20


def test_the_way_back_is_the_query_nearest_to_the_item():
    table, queries, items = small()
    found = searcher(table, TATOEBA, items, queries).predict(queries)
    for example, answer in zip(queries, found, strict=True):
        item = np.array(table.vectors[example.texts["item"]])
        cosines = [item @ np.array(v) / np.linalg.norm(v) for t, v in table.vectors.items() if t.startswith("query")]
        assert answer.back == str(int(np.argmax(cosines)))


def test_a_pool_larger_than_a_chunk_is_embedded_in_parts(monkeypatch):
    table, queries, items = small()
    whole = searcher(table, LAREQA, items).predict(queries)
    monkeypatch.setattr(retrieval, "CHUNK", 7)
    assert searcher(table, LAREQA, items).predict(queries) == whole


def test_csls_mines_other_margins_than_the_ratio():
    from dataclasses import replace

    table, queries, items = small()
    ratio, csls = (Miner(table, replace(BUCC, scorer=name), items).predict(queries) for name in ("ratio", "csls"))
    assert [answer.scores for answer in ratio] != [answer.scores for answer in csls]


def test_without_another_split_one_half_of_the_queries_tunes():
    table, queries, items = small()
    found = Miner(table, BUCC, items).predict(queries)
    half = [(e, n) for e, n in zip(queries, found, strict=True) if is_tuning(e.id)]
    rows = [{"id": e.id, "gold": e.gold, "found": n.found, "scores": n.scores} for e, n in half]
    assert {(answer.threshold, answer.tuned_on) for answer in found} == {(threshold_of(rows), "half")}


def test_a_dev_split_without_gold_pairs_tunes_nothing():
    table, _, items = small()
    with pytest.raises(DataFault, match="dev has no gold pair"):
        Miner(table, BUCC, items, Tuning("dev", [query("0", "query 0", ())], items))


def test_no_queries_are_no_answers():
    table, queries, items = small()
    assert searcher(table, TATOEBA, items, queries).predict([]) == []
