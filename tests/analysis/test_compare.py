from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptx.analysis.compare import ArmRun, compare
from adaptx.analysis.intervals import t_interval
from adaptx.analysis.scores import score_languages
from adaptx.errors import Incompatible, UsageError

Maker = Callable[..., Any]
N = 240
LANGUAGES = ("en", "de", "fr")
ARMS = {  # name -> (method, intermediate, control, accuracy)
    "full": ("full", None, False, 0.60),
    "squad → full": ("full", "squad", False, 0.75),
    "lora": ("lora", None, False, 0.60),
    "squad → lora": ("lora", "squad", False, 0.70),
    "bottleneck": ("bottleneck", None, False, 0.55),
    "squad → bottleneck": ("bottleneck", "squad", False, 0.60),
    "lora rank 16": ("lora", None, True, 0.65),
}
with_makers = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6, deadline=None)


def answers(accuracy: float, seed: int) -> list[float]:
    """Return N answers of exactly this accuracy."""
    right = np.arange(N) < round(accuracy * N)
    return list(np.random.default_rng(seed).permutation(right).astype(float))


def grid(
    cell: Maker, *, seeds: Sequence[int] = (0, 1), kept: Sequence[str] = tuple(ARMS), **fields: Any
) -> list[ArmRun]:
    """Return runs whose accuracy is the arm's, a point more per seed; an attack halves it by taking every other row."""
    runs = []
    for number, name in enumerate(kept):
        method, intermediate, control, accuracy = ARMS[name]
        for seed in seeds:
            values = {lang: answers(accuracy + seed / 60, 100 * number + seed) for lang in LANGUAGES}
            after = {lang: [value * (row % 2) for row, value in enumerate(found)] for lang, found in values.items()}
            cells = [cell(lang, values[lang], attacks={"swap": after[lang]}) for lang in LANGUAGES]
            run = ArmRun(name=name, method=method, intermediate=intermediate, seed=seed, cells=cells, control=control)
            runs.append(run)
    return runs


def compared(runs: Sequence[ArmRun]) -> dict[str, Any]:
    return compare(runs, chance=0.5, training_languages=("en",))


def named(found: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    return next(contrast for contrast in found[kind] if contrast["name"] == name)


def test_a_comparison_is_json_and_names_every_contrast_of_the_design(cell: Maker) -> None:
    found = compared(grid(cell))
    assert json.loads(json.dumps(found)) == found
    assert [effect["name"] for effect in found["effects"]] == [
        "squad → full - full",
        "squad → lora - lora",
        "squad → bottleneck - bottleneck",
    ]
    assert [difference["name"] for difference in found["differences"]] == [
        "(squad → lora - lora) - (squad → full - full)",
        "(squad → bottleneck - bottleneck) - (squad → full - full)",
    ]
    assert [control["name"] for control in found["controls"]] == ["squad → lora - lora rank 16", "lora rank 16 - lora"]
    assert list(found["effects"][0]["scores"]) == ["clean", "swap"]
    assert list(found["effects"][0]["scores"]["clean"]["languages"]) == list(LANGUAGES)


def test_effects_and_their_differences_are_those_of_the_accuracies(cell: Maker) -> None:
    found = compared(grid(cell))
    effect = named(found, "effects", "squad → lora - lora")["scores"]["clean"]
    assert effect["mean"]["value"] == pytest.approx(0.10)
    assert effect["mean_zero_shot"]["value"] == pytest.approx(0.10)
    assert effect["languages"]["de"]["value"] == pytest.approx(0.10)
    difference = named(found, "differences", "(squad → lora - lora) - (squad → full - full)")
    assert difference["weights"] == {"squad → lora": 1, "lora": -1, "squad → full": -1, "full": 1}
    assert difference["scores"]["clean"]["mean"]["value"] == pytest.approx(0.10 - 0.15)
    assert named(found, "controls", "lora rank 16 - lora")["scores"]["clean"]["mean"]["value"] == pytest.approx(0.05)


def test_an_arm_scores_as_its_own_table_does(cell: Maker) -> None:
    runs = grid(cell, seeds=(0,))
    found = compared(runs)["arms"]["squad → lora"]["scores"]
    table = score_languages(runs[3].cells, chance=0.5, training_languages=("en",))
    assert runs[3].name == "squad → lora"
    assert found["clean"]["mean"]["value"] == pytest.approx(table["mean"]["clean"])
    assert found["clean"]["mean_zero_shot"]["value"] == pytest.approx(table["mean_zero_shot"]["clean"])
    assert found["clean"]["mean"]["these_models"] == pytest.approx(table["mean"]["interval"], abs=0.01)
    assert found["swap"]["languages"]["fr"]["value"] == pytest.approx(
        table["languages"]["fr"]["attacks"]["swap"]["accuracy"]
    )


def test_a_new_seed_is_students_interval_of_the_paired_differences(cell: Maker, record: Maker) -> None:
    runs = grid(cell, seeds=(0, 1, 2), kept=("lora", "squad → lora"))
    gains = [
        np.mean(stacked.cells[1].terms("clean"), axis=0)[0] - np.mean(direct.cells[1].terms("clean"), axis=0)[0]
        for direct, stacked in zip(runs[:3], runs[3:], strict=True)
    ]
    found = compared(runs)["effects"][0]["scores"]["clean"]["languages"]["de"]
    assert found["a_new_seed"] == pytest.approx(t_interval(gains))
    assert found["value"] == pytest.approx(np.mean(gains))


@pytest.mark.parametrize(
    ("seeds", "flagged", "noted", "known"), [(1, True, True, False), (2, True, False, True), (5, False, False, True)]
)
def test_few_seeds_are_flagged_and_one_says_nothing_of_a_new_one(
    cell: Maker, seeds: int, flagged: bool, noted: bool, known: bool
) -> None:
    found = compared(grid(cell, seeds=range(seeds), kept=("lora", "squad → lora")))
    assert ("few-seeds" in found["flags"]) is flagged
    assert bool(found["notes"]) is noted
    interval = found["effects"][0]["scores"]["clean"]["mean"]["a_new_seed"]
    assert (interval is not None) is known


def test_models_that_answer_alike_differ_by_nothing_with_certainty(cell: Maker) -> None:
    lora, stacked = (
        ArmRun(name=name, method="lora", intermediate=below, seed=0, cells=[cell("de", answers(0.7, 5))])
        for name, below in (("lora", None), ("squad → lora", "squad"))
    )
    found = compared([lora, stacked])["effects"][0]["scores"]["clean"]["mean"]
    assert (found["value"], found["these_models"]) == (0.0, [0.0, 0.0])


def test_pairing_narrows_the_interval_of_an_effect(cell: Maker) -> None:
    base = answers(0.5, 1)
    better = [1.0 if row < 24 else value for row, value in enumerate(base)]
    unrelated = answers(float(np.mean(better)), 9)

    def width(values: list[float]) -> float:
        runs = [
            ArmRun(name="lora", method="lora", intermediate=None, seed=0, cells=[cell("de", base)]),
            ArmRun(name="squad → lora", method="lora", intermediate="squad", seed=0, cells=[cell("de", values)]),
        ]
        low, high = compared(runs)["effects"][0]["scores"]["clean"]["mean"]["these_models"]
        return high - low

    assert width(better) < width(unrelated) / 2


@with_makers
@given(st.integers(0, 2**32))
def test_the_order_of_runs_languages_and_rows_changes_nothing(cell: Maker, seed: int) -> None:
    random = Random(seed)
    runs = grid(cell, kept=("lora", "squad → lora", "full", "squad → full"))
    shuffled = [
        ArmRun(
            name=run.name,
            method=run.method,
            intermediate=run.intermediate,
            seed=run.seed,
            cells=[
                replace(
                    one,
                    records=random.sample(one.records, len(one.records)),
                    outcomes={"swap": random.sample(one.outcomes["swap"], len(one.records))},
                )
                for one in random.sample(run.cells, len(run.cells))
            ],
        )
        for run in random.sample(runs, len(runs))
    ]
    one, other = compared(runs), compared(shuffled)
    for kind in ("effects", "differences"):
        for contrast in one[kind]:
            twin = next(found for found in other[kind] if found["weights"] == contrast["weights"])
            for measure in ("clean", "swap"):
                ours, theirs = contrast["scores"][measure]["mean"], twin["scores"][measure]["mean"]
                assert ours["value"] == pytest.approx(theirs["value"])
                assert ours["these_models"] == pytest.approx(theirs["these_models"])
                assert ours["a_new_seed"] == pytest.approx(theirs["a_new_seed"])
    assert one["success_rates"]["swap"]["mean"] == pytest.approx(other["success_rates"]["swap"]["mean"])


def test_success_rates_are_on_the_rows_that_every_run_answers_correctly(cell: Maker) -> None:
    runs = [
        ArmRun(
            name=name,
            method=name,
            intermediate=None,
            seed=0,
            cells=[cell("de", clean, attacks={"swap": after}), cell("fr", [0.0] * 4, attacks={"swap": [0.0] * 4})],
        )
        for name, clean, after in (("lora", [1, 1, 1, 0], [0, 0, 1, 0]), ("full", [1, 1, 0, 1], [0, 1, 0, 0]))
    ]
    found = compared(runs)["success_rates"]["swap"]
    assert found["languages"]["de"] == {"n": 2, "arms": {"lora": 1.0, "full": 0.5}}
    assert found["languages"]["fr"] == {"n": 0, "arms": {"lora": None, "full": None}}
    assert found["mean"] == {"lora": 1.0, "full": 0.5}


def test_an_attack_that_some_runs_lack_is_left_out_and_said(cell: Maker) -> None:
    lora, stacked = grid(cell, seeds=(0,), kept=("lora", "squad → lora"))
    bare = [replace(one, outcomes={}) for one in stacked.cells]
    runs = [lora, ArmRun(name="squad → lora", method="lora", intermediate="squad", seed=0, cells=bare)]
    found = compared(runs)
    assert list(found["effects"][0]["scores"]) == ["clean"]
    assert "swap: not run on every arm and language, left out" in found["notes"]


def test_flags_of_an_arms_languages_reach_the_comparison(cell: Maker) -> None:
    runs = grid(cell, seeds=(0,), kept=("lora", "bottleneck"))
    found = compared(runs)
    assert found["arms"]["bottleneck"]["flags"] == ["en: chance", "de: chance", "fr: chance"]
    assert "bottleneck: de: chance" in found["flags"]
    assert found["arms"]["lora"]["flags"] == []


def test_unequal_search_and_mixed_machines_are_told(cell: Maker) -> None:
    lora, full = grid(cell, seeds=(0,), kept=("lora", "full"))
    told = {"learning_rates_tried": 3, "how": {"device": "cpu", "processes": 1}}
    other = {"learning_rates_tried": 1, "how": {"device": "cuda", "processes": 1}}
    runs = [
        ArmRun(name=run.name, method=run.method, intermediate=None, seed=0, cells=run.cells, **fields)
        for run, fields in ((lora, told), (full, other))
    ]
    found = compared(runs)
    assert {"unequal-learning-rates", "mixed-how"} <= set(found["flags"])
    assert found["mixed_how"] == {"device": {'"cpu"': ["lora seed 0"], '"cuda"': ["full seed 0"]}}
    assert found["arms"]["lora"]["learning_rates_tried"] == 3
    assert not {"unequal-learning-rates", "mixed-how"} & set(compared([lora, full])["flags"])


def test_only_training_languages_leave_no_zero_shot_mean(cell: Maker) -> None:
    run = ArmRun(name="lora", method="lora", intermediate=None, seed=0, cells=[cell("en", answers(0.7, 0))])
    assert compared([run])["arms"]["lora"]["scores"]["clean"]["mean_zero_shot"] is None


def test_arms_without_a_partner_have_no_effect_and_no_difference(cell: Maker) -> None:
    found = compared(grid(cell, seeds=(0,), kept=("full", "lora", "squad → lora")))
    assert [effect["name"] for effect in found["effects"]] == ["squad → lora - lora"]
    assert found["differences"] == found["controls"] == []


def test_what_is_not_the_same_rows_languages_and_seeds_is_refused(cell: Maker) -> None:
    lora, full = grid(cell, seeds=(0,), kept=("lora", "full"))
    changed = {
        "differ in rows of 'fr': 0 and 240": {"cells": lora.cells[:2]},
        "differ in rows of 'de': 10 and 240": {"cells": [lora.cells[0], cell("de", [1.0] * 10), lora.cells[2]]},
        r"seeds \[0\], the comparison \[0, 3\]": {"seed": 3},
    }
    for told, fields in changed.items():
        made = {"name": "full", "method": "full", "intermediate": None, "seed": 0, "cells": full.cells} | fields
        with pytest.raises(Incompatible, match=told):
            compared([lora, ArmRun(**made)])
    with pytest.raises(Incompatible, match="seeds"):
        compared([lora, lora])
    with pytest.raises(UsageError, match="nothing to compare"):
        compared([])


def test_runs_of_two_sources_are_never_compared(cell) -> None:
    runs = [
        ArmRun(name=name, method=name, intermediate=None, seed=0, cells=[cell("de", answers(0.7, 0), source=source)])
        for name, source in (("lora", "mini"), ("full", "hub"))
    ]
    with pytest.raises(Incompatible, match="hub and mini cannot be in one table"):
        compared(runs)
