from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.errors import DataFault
from adaptx.metrics.no_answer import best_threshold, scores
from adaptx.metrics.squad import exact_match_v2, f1_v2, squad_v2

TEXT = st.sampled_from(["", "a cat", "cat", "two cats"])
ITEMS = st.lists(st.tuples(TEXT, st.lists(TEXT.filter(bool), max_size=2), st.floats(0, 1)), min_size=1, max_size=12)


@pytest.mark.shared
def test_the_best_thresholds_are_the_official_ones(shared_golden: Path) -> None:
    golden = json.loads((shared_golden / "squad_v2.en.json").read_text("utf-8"))
    wanted = golden["expected_with_no_answer_probability_above_0.5"]
    questions = golden["predictions"], golden["references"]
    for name, metric in (("exact", exact_match_v2), ("f1", f1_v2)):
        values = [metric(*question) for question in zip(*questions, strict=True)]
        best, threshold = best_threshold(values, *questions, golden["no_answer_probability"])
        assert 100 * best == pytest.approx(wanted[f"best_{name}"])
        assert threshold == wanted[f"best_{name}_thresh"]


@given(ITEMS, st.randoms())
def test_scores_are_fractions_that_no_order_moves_and_groups_add_up(items, random) -> None:
    found = scores(*list(zip(*items, strict=True))[:2])
    answers, golds, _ = zip(*items, strict=True)
    assert {key: found[key] for key in ("f1", "em")} == pytest.approx(squad_v2(answers, golds))
    assert all(0.0 <= value <= 1.0 for name, value in found.items() if not name.endswith("total"))
    assert found.get("HasAns_total", 0) + found.get("NoAns_total", 0) == found["total"] == len(items)
    shuffled = random.sample(items, len(items))
    assert scores(*list(zip(*shuffled, strict=True))[:2]) == pytest.approx(found)


@given(ITEMS)
def test_the_best_threshold_is_the_score_that_it_promises(items) -> None:
    answers, golds, unsure = zip(*items, strict=True)
    values = [f1_v2(answer, gold) for answer, gold in zip(answers, golds, strict=True)]
    best, threshold = best_threshold(values, answers, golds, unsure)
    assert 0.0 <= best <= 1.0
    assert best >= sum(not gold for gold in golds) / len(golds)
    if len(set(unsure)) == len(unsure) and threshold > 0:
        assert scores(answers, golds, unsure, threshold)["f1"] == pytest.approx(best)


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(DataFault, match="no rows"):
        scores([], [])


@given(ITEMS)
def test_the_best_threshold_is_the_first_of_the_best_cuts(items) -> None:
    answers, golds, unsure = zip(*items, strict=True)
    values = [f1_v2(answer, gold) for answer, gold in zip(answers, golds, strict=True)]
    order = sorted(range(len(items)), key=lambda row: unsure[row])
    taken = [sum(not gold for gold in golds)]  # all are left unanswered
    for row in order:
        taken.append(taken[-1] + (values[row] if golds[row] else -bool(answers[row])))
    best = max(taken)
    cut = taken.index(best)
    wanted = best / len(items), unsure[order[cut - 1]] if cut else 0.0
    assert best_threshold(values, answers, golds, unsure) == (pytest.approx(wanted[0]), wanted[1])


def test_no_cut_is_better_than_answering_nothing_where_nothing_has_an_answer() -> None:
    assert best_threshold([1.0, 1.0], ["", ""], [[], []], [0.3, 0.6]) == (1.0, 0.0)
    assert best_threshold([0.0, 1.0], ["a cat", ""], [[], []], [0.3, 0.6]) == (1.0, 0.0)


def test_an_answer_is_given_up_to_the_threshold_itself() -> None:
    rows = ["cat", "cat"], [["cat"], ["cat"]], [0.5, 0.50001]
    assert scores(*rows, 0.5) == {
        "f1": 0.5,
        "em": 0.5,
        "total": 2,
        "HasAns_exact": 0.5,
        "HasAns_f1": 0.5,
        "HasAns_total": 2,
    }
    assert scores(*rows)["f1"] == 1.0  # a probability is never above 1
    assert scores(rows[0], rows[1])["f1"] == 1.0
