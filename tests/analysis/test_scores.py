from __future__ import annotations

import json
from collections.abc import Callable
from math import nextafter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptx.analysis.scores import EvaluationCell, estimate, flags_of, score_languages
from adaptx.errors import DataFault, Incompatible

Maker = Callable[..., Any]
RIGHT = [1.0, 1.0, 1.0, 0.0]
BINARY = st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=30)
with_makers = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)


def scored(cells: list[EvaluationCell], chance: float = 0.5) -> dict[str, Any]:
    return score_languages(cells, chance=chance, training_languages=("en",))


def test_a_table_has_the_fields_of_the_command_and_is_json(cell: Maker) -> None:
    cells = [cell(language, RIGHT * 80, attacks={"charswap": RIGHT * 80}) for language in ("en", "de")]
    found = scored(cells)
    assert set(found) == {"flags", "languages", "mean", "mean_zero_shot"}
    assert set(found["languages"]["de"]) == {"n", "n_clusters", "clean", "interval", "flags", "attacks"}
    fields = {"accuracy", "interval", "lost", "success_rate", "queries", "edit_rate", "no_op_rate", "random_baseline"}
    assert set(found["languages"]["de"]["attacks"]["charswap"]) == fields
    assert set(found["mean"]["attacks"]["charswap"]) == fields
    assert json.loads(json.dumps(found)) == found


def test_the_numbers_of_an_attack_are_over_all_rows_and_over_the_rows_tried(cell: Maker) -> None:
    clean, after = [1.0] * 6 + [0.0] * 4, [0.0] * 3 + [1.0] * 3 + [0.0] * 4
    found = scored([cell("de", clean, attacks={"charswap": after})])["languages"]["de"]
    attack = found["attacks"]["charswap"]
    assert (found["clean"], attack["accuracy"]) == pytest.approx((0.6, 0.3))
    assert attack["lost"] == pytest.approx(0.3)
    assert attack["success_rate"] == pytest.approx(0.5)
    assert attack["queries"] == pytest.approx(8)
    assert attack["edit_rate"] == pytest.approx(2 / 40)
    assert attack["no_op_rate"] == pytest.approx(2 / 8)
    assert attack["random_baseline"] == pytest.approx(0.6)


def test_a_row_without_a_proposal_survives_and_counts_and_an_error_row_is_flagged(
    record: Maker, outcome: Maker
) -> None:
    rows = [
        outcome(0, 1.0, 0.0),
        outcome(1, 1.0, 1.0, status="no-proposal", queries=0, candidates=0, no_op_candidates=0, edited_clusters=0),
        outcome(2, 1.0, 1.0, status="error", attacked=False, queries=99),
    ]
    tested = EvaluationCell(
        source="folder", language="de", records=[record(row, 1.0) for row in range(3)], outcomes={"charswap": rows}
    )
    found = scored([tested])["languages"]["de"]
    assert found["attacks"]["charswap"]["accuracy"] == pytest.approx(2 / 3)
    assert found["attacks"]["charswap"]["success_rate"] == pytest.approx(1 / 2)
    assert found["attacks"]["charswap"]["queries"] == pytest.approx(4)
    assert "attack-errors" in found["flags"]


def test_what_no_row_was_tried_for_is_null_rather_than_zero(cell: Maker) -> None:
    found = scored([cell("de", [0.0] * 4, attacks={"swap": [0.0] * 4})])
    for attack in (found["languages"]["de"]["attacks"]["swap"], found["mean"]["attacks"]["swap"]):
        assert [attack[key] for key in ("success_rate", "queries", "edit_rate", "no_op_rate")] == [None] * 4
        assert (attack["accuracy"], attack["random_baseline"]) == (0.0, 0.0)


def test_a_language_without_attacked_rows_does_not_pull_the_mean_success_rate_to_zero(cell: Maker) -> None:
    cells = [cell("de", [1.0] * 4, attacks={"swap": [0.0] * 4}), cell("fr", [0.0] * 4, attacks={"swap": [0.0] * 4})]
    assert scored(cells)["mean"]["attacks"]["swap"]["success_rate"] == 1.0


def test_the_order_of_outcomes_does_not_matter(cell: Maker) -> None:
    tested = cell("de", RIGHT * 5, attacks={"charswap": [0.0, 1.0, 1.0, 0.0] * 5})
    turned = EvaluationCell(
        source="folder",
        language="de",
        records=tested.records,
        outcomes={"charswap": list(reversed(tested.outcomes["charswap"]))},
    )
    assert scored([tested]) == scored([turned])


@with_makers
@given(BINARY, st.integers(0, 99))
def test_intervals_hold_their_means_and_stay_in_the_unit_range(cell: Maker, values: list[float], cut: int) -> None:
    after = [value if row % 3 else 0.0 for row, value in enumerate(values)]
    found = scored([cell("en", values, attacks={"swap": after}), cell("de", values[: 1 + cut % len(values)])])
    for part in (*found["languages"].values(), found["mean"], found["mean_zero_shot"]):
        low, high = part["interval"]
        assert 0.0 <= low <= part["clean"] + 1e-9
        assert part["clean"] - 1e-9 <= high <= 1.0
    assert found["languages"]["en"]["attacks"]["swap"]["accuracy"] <= found["languages"]["en"]["clean"]


def test_means_are_unweighted_and_zero_shot_leaves_out_the_training_language(cell: Maker) -> None:
    found = scored([cell("en", [1.0] * 30), cell("de", [1.0, 0.0] * 10), cell("fr", [0.0, 0.0, 0.0, 1.0] * 10)])
    assert found["mean"]["clean"] == pytest.approx((1 + 0.5 + 0.25) / 3)
    assert found["mean_zero_shot"]["clean"] == pytest.approx((0.5 + 0.25) / 2)
    assert (found["mean"]["n_languages"], found["mean_zero_shot"]["n_languages"]) == (3, 2)


def test_no_language_beyond_the_training_one_means_no_zero_shot_mean(cell: Maker) -> None:
    assert scored([cell("en", RIGHT)])["mean_zero_shot"] is None


def test_translations_of_a_row_are_one_cluster_of_a_mean(cell: Maker) -> None:
    values = list(np.random.default_rng(0).integers(0, 2, 300).astype(float))
    one = estimate([cell("de", values)], "clean")
    copies = estimate([cell(language, values) for language in ("de", "fr", "es", "zh")], "clean")
    assert copies.n_clusters == one.n_clusters == 300
    assert np.subtract(*copies.interval) == pytest.approx(np.subtract(*one.interval), rel=0.1)


def test_rows_of_a_group_are_one_cluster_in_one_language_and_not_across(record: Maker) -> None:
    grouped = [record(row, float(row % 2), group=str(row // 4)) for row in range(40)]
    others = [row | {"id": f"x{row['id']}", "parallel": f"x{row['parallel']}"} for row in grouped]
    assert estimate([EvaluationCell(source="folder", language="de", records=grouped)], "clean").n_clusters == 10
    both = [
        EvaluationCell(source="folder", language="de", records=grouped),
        EvaluationCell(source="folder", language="sw", records=others),
    ]
    assert estimate(both, "clean").n_clusters == 20


@pytest.mark.parametrize(("value", "low", "high"), [(0.0, 0.0, 0.0370), (1.0, 0.9630, 1.0)])
def test_a_score_without_any_disagreement_still_has_a_width(cell: Maker, value: float, low: float, high: float) -> None:
    # Wilson, 0 of 100 clusters: z^2 / (100 + z^2) = 0.0370
    for cells in ([cell("de", [value] * 100)], [cell("de", [value] * 100), cell("fr", [value] * 100)]):
        assert estimate(cells, "clean").interval == pytest.approx((low, high), abs=1e-4)


def test_a_language_that_does_not_disagree_does_not_narrow_the_others(cell: Maker) -> None:
    values = [1.0, 0.0] * 100
    alone = np.subtract(*estimate([cell("de", values)], "clean").interval)
    beside = np.subtract(*estimate([cell("de", values), cell("fr", [1.0] * 200)], "clean").interval)
    assert beside == pytest.approx(alone / 2, rel=0.1)


GOOD = [1.0, 1.0, 1.0, 1.0, 0.0] * 60


@pytest.mark.parametrize(
    ("values", "fields", "flags"),
    [
        (GOOD, {"majority": 0.5}, []),
        (GOOD, {"majority": None}, []),
        ([1.0, 0.0] * 150, {}, ["chance"]),
        (GOOD, {"majority": 0.8}, ["majority"]),
        (GOOD[:190], {}, ["tiny"]),
        (GOOD[:25], {}, ["tiny", "few-clusters"]),
        (GOOD, {"quarantined": 3}, ["quarantined"]),
        (GOOD, {"majority": 1.0}, ["placeholder-labels"]),
        (GOOD, {"majority": 0.8, "attacks": {"swap": [0.0] * 300}}, ["majority", "void"]),
    ],
)
def test_flags(cell: Maker, values: list[float], fields: dict[str, Any], flags: list[str]) -> None:
    assert flags_of(cell("de", values, **fields), 0.5) == flags


def test_chance_that_is_the_lower_bound_itself_is_flagged_and_just_below_it_is_not(cell: Maker) -> None:
    tested = cell("de", GOOD, majority=0.5)
    low = estimate([tested], "clean").interval[0]
    assert flags_of(tested, low) == ["chance"]
    assert flags_of(tested, nextafter(low, 0)) == []


def test_nothing_right_where_chance_is_nothing_is_at_chance(cell: Maker) -> None:
    assert flags_of(cell("de", [0.0] * 300), 0.0) == ["chance"]


@pytest.mark.parametrize(
    ("rows", "flags"),
    [(200, []), (199, ["tiny"]), (30, ["tiny"]), (29, ["tiny", "few-clusters"])],
)
def test_the_borders_of_few_rows_and_few_clusters(cell: Maker, rows: int, flags: list[str]) -> None:
    assert flags_of(cell("de", GOOD[:rows]), 0.1) == flags


def test_one_quarantined_row_is_flagged(cell: Maker) -> None:
    assert flags_of(cell("de", GOOD, quarantined=1), 0.5) == ["quarantined"]


@pytest.mark.parametrize(("share", "raised"), [(0.98, True), (0.97, False)])
def test_predictions_on_one_label_are_the_majority_class(record: Maker, share: float, raised: bool) -> None:
    rows = [record(row, value, prediction=int(row < 300 * share)) for row, value in enumerate(GOOD)]
    assert (
        "majority" in flags_of(EvaluationCell(source="folder", language="de", records=rows, majority=0.55), 0.5)
    ) is raised


@pytest.mark.parametrize(("others", "raised"), [(1, True), (4, False)])
def test_tags_on_one_label_are_the_majority_class_counted_over_tokens(record: Maker, others: int, raised: bool) -> None:
    rows = [record(row, value, prediction=[0] * (98 - others) + [1] * others) for row, value in enumerate(GOOD)]
    assert (
        "majority" in flags_of(EvaluationCell(source="folder", language="de", records=rows, majority=0.55), 0.0)
    ) is raised


def test_a_form_without_labels_has_no_majority(record: Maker) -> None:
    rows = [record(row, value, prediction="same answer") for row, value in enumerate(GOOD)]
    assert flags_of(EvaluationCell(source="folder", language="de", records=rows), 0.0) == []


def test_a_mean_carries_the_flags_of_its_languages_only(cell: Maker) -> None:
    found = scored([cell("en", GOOD, majority=0.8), cell("de", GOOD, quarantined=1), cell("fr", GOOD)])
    assert found["flags"] == found["mean"]["flags"] == ["en: majority", "de: quarantined"]
    assert found["mean_zero_shot"]["flags"] == ["de: quarantined"]


def test_an_attack_that_misses_a_language_says_so_in_the_mean(cell: Maker) -> None:
    found = scored([cell("de", GOOD, attacks={"swap": [0.0] * 300}), cell("fr", GOOD)])
    assert found["mean"]["flags"] == ["swap: 1 of 2 languages"]
    assert found["mean"]["attacks"]["swap"]["accuracy"] == 0.0


def test_the_order_of_languages_moves_no_mean(cell: Maker) -> None:
    cells = [cell("de", GOOD), cell("fr", GOOD[:200]), cell("en", RIGHT)]
    one, other = scored(cells), scored(cells[::-1])
    assert one["mean"]["interval"] == other["mean"]["interval"]
    assert one["mean_zero_shot"]["clean"] == pytest.approx(other["mean_zero_shot"]["clean"])


def test_a_language_scores_the_same_alone_and_in_company(cell: Maker) -> None:
    cells = [cell("de", GOOD, attacks={"swap": [0.0, 1.0, 1.0, 1.0, 0.0] * 60}), cell("fr", GOOD)]
    assert scored(cells)["languages"]["de"] == scored(cells[:1])["languages"]["de"]


def test_a_cell_without_rows_or_with_outcomes_of_other_rows_is_refused(cell: Maker, outcome: Maker) -> None:
    with pytest.raises(DataFault, match="no stored rows"):
        cell("de", [])
    records = cell("de", [1.0, 1.0]).records
    for rows in ([outcome(0, 1.0, 1.0)], [outcome(0, 1.0, 1.0), outcome(7, 1.0, 1.0)]):
        with pytest.raises(DataFault, match="outcomes for 2 predictions"):
            EvaluationCell(source="folder", language="de", records=records, outcomes={"swap": rows})


def test_values_of_two_sources_are_never_in_one_table(cell) -> None:
    made, real = cell("de", [1.0, 0.0], source="mini"), cell("en", [1.0, 0.0], source="hub")
    with pytest.raises(Incompatible, match="hub and mini cannot be in one table"):
        score_languages([made, real], chance=0.5, training_languages=())
