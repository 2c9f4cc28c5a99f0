from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.errors import DataFault, UnknownName
from adaptx.metrics.csls import csls, precision
from adaptx.metrics.nearest import nearest, unit
from adaptx.metrics.retrieval import average_precision, mean_average_precision, mewslix, one_nearest, rankings

GOLDS = st.sets(st.integers(0, 30), min_size=1, max_size=25)
RANKING = st.lists(st.integers(0, 30), max_size=40)
CUT = st.none() | st.integers(1, 25)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["tatoeba.de", "tatoeba.zh"])
def test_the_nearest_rows_are_the_official_ones(shared_golden: Path, name: str) -> None:
    golden = json.loads((shared_golden / f"{name}.json").read_text("utf-8"))
    found = one_nearest(golden["english_embeddings"], golden["source_embeddings"], golden["distance"])
    assert found == golden["expected_predictions"]


@pytest.mark.shared
def test_average_precision_equals_the_official_one_on_ranks(shared_golden: Path) -> None:
    golden = json.loads((shared_golden / "map20.lareqa.json").read_text("utf-8"))
    for case in golden["small_cases"]:
        assert average_precision(case["targets"], case["ranked"], case["k"]) == pytest.approx(case["expected"])


@pytest.mark.shared
def test_mewslix_equals_the_official_one_mention_by_mention(shared_golden: Path) -> None:
    golden = json.loads((shared_golden / "map20.mewslix.json").read_text("utf-8"))
    for mention, wanted in golden["per_item"].items():
        alone = {mention: golden["references"][mention]}
        assert mewslix(alone, golden["predictions"]) == pytest.approx(wanted)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["csls.word", "csls.sentence"])
def test_plain_neighbours_and_a_subset_of_queries_score_as_muse_scores_them(shared_golden: Path, name: str) -> None:
    golden = json.loads((shared_golden / f"{name}.json").read_text("utf-8"))
    pairs = golden["references"] if name == "csls.word" else list(enumerate(golden["references"]))
    golds: dict[int, set[int]] = {}
    for source, target in pairs:
        golds.setdefault(source, set()).add(target)
    source, target = golden["source_embeddings"], golden["target_embeddings"]
    plain = dict(enumerate(nearest(unit(source), unit(target), 10).rows.tolist()))
    for rank in (1, 5, 10):
        wanted = golden["expected_nearest_neighbour"][f"p@{rank}"]
        assert 100 * precision(golds, plain, rank) == pytest.approx(wanted)
    if "query_subset" in golden:
        rows = golden["query_subset"]
        found = dict(zip(rows, csls([source[row] for row in rows], target, 10, k=golden["k"]).tolist(), strict=True))
        asked = {row: golds[row] for row in rows}
        for rank in (1, 5, 10):
            wanted = golden["expected_query_subset"][f"p@{rank}"]
            assert 100 * precision(asked, found, rank) == pytest.approx(wanted)


@given(GOLDS, RANKING, CUT)
def test_average_precision_is_a_fraction(golds: set[int], ranking: list[int], k: int | None) -> None:
    assert 0.0 <= average_precision(golds, ranking, k) <= 1.0


@given(GOLDS, CUT)
def test_all_right_answers_first_are_perfect_in_any_order(golds: set[int], k: int | None) -> None:
    assert average_precision(golds, [*sorted(golds), -1], k) == pytest.approx(1.0)


@given(GOLDS, RANKING)
def test_wrong_candidates_before_never_help(golds: set[int], ranking: list[int]) -> None:
    assert average_precision(golds, [-1, *ranking]) <= average_precision(golds, ranking)


@given(st.dictionaries(st.text(max_size=2), st.tuples(GOLDS, RANKING), min_size=1), st.randoms())
def test_the_order_of_queries_does_not_move_the_mean(queries, random) -> None:
    shuffled = dict(random.sample(sorted(queries.items()), len(queries)))
    before, after = (
        mean_average_precision({q: gold for q, (gold, _) in some.items()}, {q: found for q, (_, found) in some.items()})
        for some in (queries, shuffled)
    )
    assert before == pytest.approx(after)


def test_an_unranked_query_counts_zero_and_an_unknown_one_nothing() -> None:
    assert mean_average_precision({"a": {1}, "b": {1}}, {"a": [1], "c": [1]}) == 0.5


def test_ranks_are_those_of_inner_products_without_normalisation() -> None:
    assert list(rankings([[1.0, 0.0]], [[1.0, 0.0], [5.0, 5.0], [2.0, 0.0]])) == [[1, 2, 0]]
    assert list(rankings([[1.0, 0.0]], [[1.0, 0.0], [5.0, 5.0], [2.0, 0.0]], 2)) == [[1, 2]]


def test_cosine_and_l2_differ_where_lengths_do() -> None:
    items = [[10.0, 0.0], [0.5, 0.4]]
    assert one_nearest([[1.0, 0.0]], items, "cosine") == [0]
    assert one_nearest([[1.0, 0.0]], items, "l2") == [1]


def test_csls_takes_from_a_hub_what_it_has_too_much_of() -> None:
    items = [[0.8, 0.6, 0.0], [0.5, -0.5, 0.7]]  # the first is near all queries
    queries = [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.6, 0.7, 0.1]]
    assert one_nearest(queries[:1], items) == [0]
    assert csls(queries[:1], items, 1, crowd=queries, k=3).tolist() == [[1]]


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(UnknownName, match="'manhattan'"):
        one_nearest([[1.0]], [[1.0]], "manhattan")
    with pytest.raises(DataFault, match="without right"):
        average_precision([], [1])
    with pytest.raises(DataFault, match="without right"):
        mewslix({"a": []}, {"a": ["Q1"]})
    with pytest.raises(DataFault, match="no queries"):
        mean_average_precision({}, {})
    with pytest.raises(DataFault, match="no queries"):
        precision({}, {}, 1)


def cloud(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)


@pytest.mark.parametrize("distance", ["cosine", "l2"])
@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_is_the_one_of_least_distance(distance: str, seed: int) -> None:
    queries, items = cloud(20, seed) * 3, cloud(15, seed + 99) + 1
    far = {
        "l2": ((queries[:, None] - items[None]) ** 2).sum(axis=-1),
        "cosine": -(unit(queries) @ unit(items).T),
    }
    assert one_nearest(queries, items, distance) == far[distance].argmin(axis=1).tolist()


def test_cosine_is_the_distance_unless_another_is_asked_for() -> None:
    queries, items = [[1.0, 0.0]], [[9.0, 1.0], [0.9, 0.5]]
    assert one_nearest(queries, items) == one_nearest(queries, items, "cosine") == [0]
    assert one_nearest(queries, items, "l2") == [1]


def test_a_query_is_ranked_once_whatever_the_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, items = cloud(7, 0), cloud(5, 1)
    wanted = np.argsort(-(queries @ items.T), axis=1, kind="stable").tolist()
    assert list(rankings(queries, items)) == wanted
    monkeypatch.setattr("adaptx.metrics.retrieval.TILE", 3)
    assert list(rankings(queries, items)) == wanted
    assert list(rankings(queries, items, 2)) == [row[:2] for row in wanted]


def test_only_the_first_gold_entity_of_a_mention_is_read() -> None:
    golds = {"m": [" Q1 ", "Q2"]}
    assert mewslix(golds, {"m": ["Q2", "Q1"]}) == 0.5
    assert mewslix(golds, {"m": ["Q2", " Q1 "]}) == 0.0


def test_precision_counts_a_query_once_when_any_right_item_is_among_the_first() -> None:
    golds, found = {0: [1, 2], 1: [5], 2: [7]}, {0: [2, 1, 9], 1: [4, 5, 6], 2: [1, 2, 3], 3: [0]}
    assert [precision(golds, found, k) for k in (1, 2, 3)] == pytest.approx([1 / 3, 2 / 3, 2 / 3])


def test_hubs_lose_what_their_crowd_gives_them() -> None:
    """The first item is near to every query; by CSLS only the query that is nearest to it keeps it."""
    queries = np.array([[1.0, 0.1, 0.0], [1.0, 0.0, 0.4], [1.0, -0.4, 0.0]])
    items = np.array([[1.0, 0.0, 0.0], [0.6, 0.0, 0.8], [0.6, -0.8, 0.0]])
    assert nearest(unit(queries), unit(items), 1).rows[:, 0].tolist() == [0, 0, 0]
    asked, found = unit(queries).astype(float), unit(items).astype(float)
    products = asked @ found.T
    crowd = np.sort(products, axis=0)[-2:].mean(axis=0)
    wanted = np.argsort(-(2 * products - crowd), axis=1)
    assert csls(queries, items, 3, k=2).tolist() == wanted.tolist()
    other = np.sort(unit([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]]) @ found.T, axis=0).mean(axis=0)
    by_others = np.argsort(-(2 * products - other), axis=1)
    assert csls(queries, items, 3, k=2, crowd=[[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]]).tolist() == by_others.tolist()
    assert by_others.tolist() != wanted.tolist()
