"""Frames: a row an estimate, with all that it is of in columns of its own."""

from __future__ import annotations

from typing import Any

import pytest

from adaptx.reporting import frames

ATTACKED = {
    "accuracy": 0.4,
    "interval": [0.3, 0.5],
    "lost": 0.2,
    "success_rate": None,
    "queries": 3.5,
    "edit_rate": 0.1,
    "no_op_rate": 0.0,
    "random_baseline": 0.55,
}


def scores(clean: float, **counts: int) -> dict[str, Any]:
    interval = [clean - 0.1, clean + 0.1]
    return {**counts, "n_clusters": 9, "clean": clean, "interval": interval, "flags": ["tiny", "void"], "attacks": {}}


@pytest.fixture
def stack() -> dict[str, Any]:
    heading = {"task": "pawsx", "backbone": "nano", "method": "lora", "source": "mini", "seed": 1, "precision": "fp32"}
    return {
        "stack": ["squad", "pawsx"],
        **heading,
        "split": "test",
        "metric": "accuracy",
        "flags": [],
        "languages": {"de": scores(0.6, n=10) | {"attacks": {"charswap": ATTACKED}}, "zh": scores(0.7, n=11)},
        "mean": scores(0.65, n_languages=2),
        "mean_zero_shot": None,
        "steps": [],
    }


def test_a_stack_has_a_row_for_each_language_and_measure_and_for_its_means(stack: dict[str, Any]) -> None:
    rows = frames.rows_of_stack(stack)
    told = [(row["language"], row["measure"], row["score"], row["n"]) for row in rows]
    assert told == [
        ("de", "clean", 0.6, 10),
        ("de", "charswap", 0.4, 10),
        ("zh", "clean", 0.7, 11),
        ("mean", "clean", 0.65, None),
    ]
    assert all((row["stack"], row["source"], row["flags"]) == ("squad → pawsx", "mini", "tiny, void") for row in rows)
    assert (rows[1]["low"], rows[1]["high"], rows[1]["lost"], rows[1]["random_baseline"]) == (0.3, 0.5, 0.2, 0.55)


def test_a_mean_over_languages_that_nobody_was_trained_in_has_a_row_where_there_is_one(stack: dict[str, Any]) -> None:
    stack["mean_zero_shot"] = scores(0.7, n_languages=1)
    assert frames.rows_of_stack(stack)[-1]["language"] == "mean_zero_shot"


def test_a_training_is_one_row_with_its_best_dev_score(stack: dict[str, Any]) -> None:
    value = stack | {
        "id": "a" * 64,
        "path": "runs/a",
        "trainable_parameters": 7,
        "bytes": 9,
        "best": {"score": 0.8, "step": 4},
        "flags": ["no-dev: squad"],
    }
    (row,) = frames.rows_of_training(value)
    assert (row["best_dev"], row["best_step"], row["id"], row["bytes"]) == (0.8, 4, "a" * 64, 9)
    assert (row["stack"], row["flags"]) == ("squad → pawsx", "no-dev: squad")


def test_a_run_has_the_estimates_of_all_its_comparisons(result, comparison) -> None:
    result["comparisons"] = [comparison(), comparison(target="xnli")]
    rows = frames.rows_of_run(result)
    assert {row["target"] for row in rows} == {"pawsx", "xnli"}
    assert {row["kind"] for row in rows} == {"arm", "effect"}


def test_a_submission_has_a_row_for_each_task_and_language() -> None:
    task = {"metric": "accuracy", "languages": {"de": {"n": 5, "accuracy": 0.2}}, "averages": {}}
    value = {"folder": "f", "source": "hub", "tasks": {"pawsx": task}, "overall": {}, "missing": {}}
    expected = {"source": "hub", "task": "pawsx", "metric": "accuracy", "language": "de", "n": 5, "accuracy": 0.2}
    assert frames.rows_of_submission(value) == [expected]
