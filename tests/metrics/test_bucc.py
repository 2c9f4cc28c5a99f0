from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.errors import DataFault, UnknownName
from adaptx.metrics.bucc import MARGINS, RETRIEVALS, Side, extract, f1, mine, tune

FILES = ["bucc.zh", "bucc_repeats.zh", "bucc_shift.zh"]
PAIR = st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"))
GOLD = st.sets(PAIR, min_size=1)
RANKED = st.lists(PAIR, unique=True, max_size=20)


def sides(split: dict[str, Any]) -> tuple[Side, Side]:
    source, target = (
        Side(ids=split[f"{name}_ids"], sentences=split[f"{name}_sentences"], embeddings=split[f"{name}_embeddings"])
        for name in ("source", "target")
    )
    return source, target


def side(prefix: str, sentences: list[str], embeddings: Any) -> Side:
    return Side(ids=[f"{prefix}{row}" for row in range(len(sentences))], sentences=sentences, embeddings=embeddings)


@pytest.mark.shared
@pytest.mark.parametrize("name", FILES)
def test_candidates_threshold_and_pairs_are_the_official_ones(shared_golden: Path, name: str) -> None:
    golden = json.loads((shared_golden / f"{name}.json").read_text("utf-8"))
    mined = {part: mine(*sides(golden[part]), shift=golden["shift_embeddings"]) for part in ("dev", "test")}
    threshold = tune(mined["dev"], {tuple(pair) for pair in golden["dev"]["gold"]})
    for part, candidates in mined.items():
        wanted = {(source, target): score for source, target, score in golden[f"expected_{part}_candidates"]}
        assert candidates == pytest.approx(wanted, abs=1e-4)
        assert set(extract(candidates, threshold)) == set(map(tuple, golden[f"expected_{part}_pairs"]))


@pytest.mark.shared
def test_the_order_of_the_lists_moves_no_pair(shared_golden: Path) -> None:
    split = json.loads((shared_golden / "bucc.zh.json").read_text("utf-8"))["dev"]
    order = np.random.default_rng(0).permutation(len(split["source_ids"]))
    moved = split | {key: [split[key][row] for row in order] for key in split if key.startswith("source")}
    assert mine(*sides(moved)) == pytest.approx(mine(*sides(split)))


@given(RANKED, GOLD)
def test_no_other_threshold_is_better_on_the_rows_it_was_tuned_on(pairs, gold) -> None:
    candidates = {pair: 100.0 - rank for rank, pair in enumerate(pairs)}
    best = f1(extract(candidates, tune(candidates, gold)), gold)["f1"]
    assert 0.0 <= best <= 1.0
    assert all(f1(extract(candidates, cut), gold)["f1"] <= best + 1e-12 for cut in candidates.values())


@given(st.sets(PAIR), GOLD)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(found, gold) -> None:
    scores = f1(found, gold)
    total = scores["precision"] + scores["recall"]
    assert scores["f1"] == pytest.approx(2 * scores["precision"] * scores["recall"] / total if total else 0.0)
    assert f1(gold, gold)["f1"] == 1.0


def test_the_threshold_after_the_last_candidate_is_that_candidate() -> None:
    candidates = {("a", "x"): 3.0, ("b", "y"): 2.0}
    assert tune(candidates, [("a", "x"), ("b", "y")]) == 2.0
    assert extract(candidates, 2.0) == list(candidates)
    assert tune(candidates, [("a", "x")]) == 2.5
    assert tune({}, [("a", "x")]) == 0.0


def test_a_repeated_sentence_uses_its_last_vector_and_is_never_a_pair() -> None:
    vectors = np.eye(3)
    source = side("s", ["eins", "zwei", "zwei "], vectors)
    target = side("t", ["one", "two", "three"], vectors)
    assert set(mine(source, target, k=2)) == {("s0", "t0")}
    again = side("s", ["eins", "drei", "eins"], [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert set(mine(again, target, k=2)) == {("s1", "t2")}


@pytest.mark.parametrize("margin", ["ratio", "distance", "absolute"])
@pytest.mark.parametrize("retrieval", RETRIEVALS)
def test_every_margin_and_retrieval_finds_plain_translations(margin: str, retrieval: str) -> None:
    vectors = np.eye(5) + 0.1
    names = ["a", "b", "c", "d", "e"]
    found = mine(side("s", names, vectors), side("t", names, vectors), margin=margin, retrieval=retrieval)
    assert set(found) == {(f"s{row}", f"t{row}") for row in range(5)}


def test_what_cannot_be_mined_is_refused() -> None:
    one = side("s", ["a"], [[1.0]])
    with pytest.raises(UnknownName, match="'ration'"):
        mine(one, one, margin="ration")
    with pytest.raises(UnknownName, match="'forth'"):
        mine(one, one, retrieval="forth")
    with pytest.raises(DataFault, match="2 sentences"):
        Side(ids=["a"], sentences=["a", "b"], embeddings=[[1.0]])
    with pytest.raises(DataFault, match="no gold"):
        f1([("a", "b")], [])


def neighbours(products: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.argsort(-products, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(products, rows, axis=1), rows


def best_margins(side: tuple[Any, Any], other: tuple[Any, Any], margin: str) -> list[tuple[float, int]]:
    """Return each row's best margin and the row that has it, one pair at a time."""
    found = []
    for row, (scores, rows) in enumerate(zip(*side, strict=True)):
        means = [(side[0][row].mean() + other[0][column].mean()) / 2 for column in rows]
        margins = [MARGINS[margin](score, mean) for score, mean in zip(scores, means, strict=True)]
        best = int(np.argmax(margins))
        found.append((float(margins[best]), int(rows[best])))
    return found


def mined_by_hand(x: np.ndarray, y: np.ndarray, k: int, margin: str, retrieval: str, *, shift: bool) -> dict:
    """Return what `mine` should find among different sentences, in double precision and without tiles."""
    x, y = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (x, y))
    delta = (x.mean(axis=0) - y.mean(axis=0)) * shift
    there, back = neighbours((x - delta) @ y.T, k), neighbours((y + delta) @ x.T, k)
    forward, backward = best_margins(there, back, margin), best_margins(back, there, margin)
    ahead = [(score, row, column) for row, (score, column) in enumerate(forward)]
    behind = [(score, row, column) for column, (score, row) in enumerate(backward)]
    if retrieval == "intersect":
        kept = [pair for pair in ahead if pair in [(pair[0], row, column) for _, row, column in behind]]
    elif retrieval == "max":
        kept, sources, targets = [], set(), set()
        for score, row, column in sorted([*ahead, *behind], reverse=True):
            if row not in sources and column not in targets:
                sources.add(row)
                targets.add(column)
                kept += [(score, row, column)] if score > 0 else []
    else:
        kept = ahead if retrieval == "fwd" else behind
    return {(f"s{row}", f"t{column}"): score for score, row, column in kept}


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("retrieval", RETRIEVALS)
@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("seed", range(4))
def test_what_is_mined_is_what_the_definition_gives(margin: str, retrieval: str, seed: int, shift: bool) -> None:
    random = np.random.default_rng(seed)
    x = random.normal([1.0, 0.5, 0, 0], size=(9, 4))
    y = np.concatenate([x[:5] + random.normal([0, 1.0, 0.3, 0], 0.25, size=(5, 4)), random.normal(size=(3, 4))])
    x, y = x.astype(np.float32).astype(float), y.astype(np.float32).astype(float)
    source, target = side("s", list("abcdefghi"), x), side("t", list("ABCDEFGH"), y)
    found = mine(source, target, k=3, margin=margin, retrieval=retrieval, shift=shift)
    assert found == pytest.approx(mined_by_hand(x, y, 3, margin, retrieval, shift=shift), rel=1e-4, abs=1e-5)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_vectors_are_moved_only_where_that_is_asked_for() -> None:
    random = np.random.default_rng(7)
    x, y = random.normal(size=(6, 3)), random.normal(size=(6, 3)) + 2
    source, target = side("s", list("abcdef"), x), side("t", list("ABCDEF"), y)
    assert mine(source, target) == mine(source, target, shift=False) != mine(source, target, shift=True)


def test_a_pair_found_from_both_sides_has_the_better_of_its_margins() -> None:
    source, target = side("s", ["a "], [[1.0, 0.0]]), side("t", ["b", "c"], [[0.9, 0.1], [0.0, 1.0]])
    both = mine(source, target, retrieval="bwd", margin="absolute")
    assert both == {("s0", "t0"): pytest.approx(0.9939, abs=1e-4), ("s0", "t1"): pytest.approx(0.0, abs=1e-6)}
    assert list(both) == [("s0", "t0"), ("s0", "t1")]


def test_no_pair_of_a_margin_of_nothing_is_kept_by_the_best_of_both_sides() -> None:
    source, target = side("s", ["a"], [[1.0, 0.0]]), side("t", ["b"], [[0.0, 1.0]])
    assert mine(source, target, retrieval="max", margin="absolute") == {}
    assert mine(source, target, retrieval="fwd", margin="absolute") == {("s0", "t0"): 0.0}


def test_of_thresholds_that_are_equally_good_the_highest_is_taken() -> None:
    candidates = {("a", "x"): 4.0, ("b", "z"): 3.0, ("c", "z"): 2.0, ("b", "y"): 1.0}
    assert tune(candidates, [("a", "x"), ("b", "y")]) == 3.5  # 2/3 after the first and after the fourth


def test_nothing_right_scores_nothing_on_every_side() -> None:
    assert f1([("a", "y")], [("a", "x")]) == {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    assert f1([], [("a", "x")]) == {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    assert f1([("a", "x"), ("a", "x"), ("b", "y")], [("a", "x")]) == pytest.approx(
        {"f1": 2 / 3, "precision": 0.5, "recall": 1.0}
    )
