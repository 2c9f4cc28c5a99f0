"""What a search stores is enough to score it, by the official numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.errors import DataFault
from adaptx.metrics.sums import scores_of
from adaptx.tasks.catalog import task_named
from adaptx.tasks.example import Example, RetrievalPrediction
from adaptx.tasks.forms.retrieval import HALF_SPLIT, Retrieval, is_tuning, threshold_of

FORM = Retrieval()
TATOEBA, BUCC, LAREQA = (task_named(name) for name in ("tatoeba", "bucc", "lareqa"))
IDS = st.sampled_from([f"s{n}" for n in range(12)])
TARGETS = st.sampled_from([f"t{n}" for n in range(8)])


def query(id: str, gold: tuple[str, ...], *, item: bool = False) -> Example:
    texts = {"query": "what", **({"item": "that"} if item else {})}
    return Example(id=id, parallel=id, group=id, language="de", texts=texts, languages={}, gold=gold)


def mined(id: str, gold, found, score: float, threshold: float, tuned_on: str) -> dict:
    pairs = ((found,), (score,)) if found else ((), ())
    return FORM.record(
        query(id, tuple(gold)), RetrievalPrediction(*pairs, threshold=threshold, tuned_on=tuned_on), BUCC
    )


def test_an_item_of_the_rows_own_is_what_its_query_is_to_find():
    row = {"source_sentence": "Wie spät ist es?\n", "target_sentence": "What time is it?"}
    example = FORM.read(row, TATOEBA, id="7", language="de")
    assert example.gold == ("7",)
    assert example.texts == {"query": "What time is it?", "item": "Wie spät ist es?"}
    assert example.languages == {"query": "en", "item": "de"}


def test_accuracy_is_of_the_nearest_and_the_way_back_stands_beside_it():
    records = [
        FORM.record(query("a", ("a",), item=True), RetrievalPrediction(("a", "b"), (0.9, 0.1), 0.9, back="b"), TATOEBA),
        FORM.record(query("b", ("b",), item=True), RetrievalPrediction(("a", "b"), (0.5, 0.4), 0.4, back="b"), TATOEBA),
    ]
    assert FORM.score(records, TATOEBA, "de") == {"accuracy": 0.5, "accuracy_back": 0.5}
    assert [record["value"] for record in records] == [1.0, 0.0]


def test_average_precision_at_20_divides_by_the_right_ones():
    found = ("x", "g1", "y", "g2")
    record = FORM.record(query("q", ("g1", "g2")), RetrievalPrediction(found, (0.9, 0.8, 0.7, 0.6), 0.8), LAREQA)
    assert FORM.score([record], LAREQA, "de") == {"map@20": pytest.approx((1 / 2 + 2 / 4) / 2)}


def test_an_attack_aims_at_another_item_being_nearest():
    example = query("q", ("g",))
    clean = RetrievalPrediction(("g", "x"), (0.9, 0.6), 0.9)
    near, lost = RetrievalPrediction(("g", "x"), (0.7, 0.65), 0.7), RetrievalPrediction(("x", "y"), (0.8, 0.7), 0.5)
    assert FORM.goal(example, clean, clean, TATOEBA) == (False, pytest.approx(-0.3))
    assert FORM.goal(example, near, clean, TATOEBA) == (False, pytest.approx(-0.05))
    assert FORM.goal(example, lost, clean, TATOEBA) == (True, pytest.approx(0.3))


@given(
    st.dictionaries(IDS, st.tuples(st.sets(TARGETS, max_size=2), st.none() | TARGETS, st.floats(0.1, 2)), min_size=1),
    st.floats(0, 2),
    st.sampled_from(["dev", HALF_SPLIT, ""]),
)
def test_the_sums_of_mined_rows_are_the_f1_of_those_scored(drawn, threshold, tuned_on):
    records = [mined(key, *values, threshold, tuned_on) for key, values in drawn.items()]
    assert all(record["sums"] == [0, 0] for record in records if tuned_on == HALF_SPLIT and is_tuning(record["id"]))
    if not any(record["gold"] for record in records if tuned_on != HALF_SPLIT or not is_tuning(record["id"])):
        with pytest.raises(DataFault, match="no gold pair"):
            FORM.score(records, BUCC, "zh")
        return
    scores = FORM.score(records, BUCC, "zh")
    assert scores["f1"] == pytest.approx(float(scores_of(np.array([r["sums"] for r in records]).sum(axis=0))))
    assert all(0 <= score <= 1 for score in scores.values())
    assert FORM.score(records[::-1], BUCC, "zh") == pytest.approx(scores)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["bucc.zh", "bucc_repeats.zh", "bucc_shift.zh"])
def test_stored_rows_of_test_give_the_official_f1_at_the_threshold_of_dev(shared_golden, name):
    golden = json.loads((shared_golden / f"{name}.json").read_text("utf-8"))
    threshold = threshold_of(rows_of(golden, "dev"))
    assert threshold == pytest.approx(golden["expected"]["threshold"], abs=1e-4)
    found = FORM.score(rows_of(golden, "test", threshold), BUCC, "zh")
    assert {key: 100 * value for key, value in found.items()} == pytest.approx(
        {key: golden["expected"][key] for key in ("f1", "precision", "recall")}, abs=1e-6
    )


def rows_of(golden: dict, part: str, threshold: float = 0.0) -> list[dict]:
    """Return a record per source sentence."""
    candidates = {source: (target, score) for source, target, score in golden[f"expected_{part}_candidates"]}
    gold: dict[str, list[str]] = {}
    for source, target in golden[part]["gold"]:
        gold.setdefault(source, []).append(target)
    records = []
    for source in golden[part]["source_ids"]:
        target, score = candidates.get(source, (None, 0.0))
        records.append(mined(source, gold.get(source, ()), target, score, threshold, "dev"))
    return records


def test_a_row_of_the_tuning_half_counts_only_where_the_half_tuned():
    tuning = next(key for n in range(99) if is_tuning(key := f"s{n}"))
    other = next(key for n in range(99) if not is_tuning(key := f"s{n}"))
    for tuned_on, expected in ((HALF_SPLIT, 1.0), ("dev", 0.5), ("", 0.5)):
        records = [mined(key, ("t1",), found, 1.0, 0.5, tuned_on) for key, found in ((other, "t1"), (tuning, "t2"))]
        assert FORM.score(records, BUCC, "zh")["f1"] == expected


def test_about_half_of_the_queries_tune():
    assert 400 < sum(is_tuning(f"zh-{n:09d}") for n in range(1000)) < 600


def test_nothing_to_score_is_an_error():
    for task in (TATOEBA, BUCC, LAREQA):
        with pytest.raises(DataFault):
            FORM.score([], task, "de")


def test_csls_is_another_scorer_of_a_page_of_ones_own():
    assert "csls" in FORM.scorers
    assert replace(BUCC, scorer="csls").scorer == "csls"
