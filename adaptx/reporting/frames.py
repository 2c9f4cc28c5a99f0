"""Results as rows of a frame: one row an estimate, with all that it is of in columns of its own.

Owns the columns; may not compute. Scores are fractions, as in JSON. `adaptx.reporting.csv` has those of comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from adaptx.reporting import csv

if TYPE_CHECKING:
    from adaptx.schema.commands import EstimateRow, RunResult, StackResult, SubmissionScores, TrainResult
    from adaptx.schema.scores import AttackScores, LanguageScores, MeanScores

    Row = Mapping[str, object]

__all__ = [
    "rows_of_run",
    "rows_of_stack",
    "rows_of_submission",
    "rows_of_training",
]

HEADING = ("task", "backbone", "method", "source", "seed", "precision")


def rows_of_training(value: TrainResult) -> list[Row]:
    """Return one row: the stack, its best dev score, its size and where it is."""
    beside = {name: value[name] for name in ("id", "path", "trainable_parameters", "bytes")}
    best = {"best_dev": value["best"]["score"], "best_step": value["best"]["step"]}
    return [{**_heading(value), **best, **beside, "flags": ", ".join(value["flags"])}]


def rows_of_stack(value: StackResult) -> list[Row]:
    """Return a row for each language and mean (``mean``, ``mean_zero_shot``), clean and under each attack."""
    heading = {**_heading(value), "split": value["split"], "metric": value["metric"]}
    cells = {**value["languages"], "mean": value["mean"], "mean_zero_shot": value["mean_zero_shot"]}
    return [
        {**heading, "language": name, **row} for name, scores in cells.items() if scores for row in _measures(scores)
    ]


def rows_of_run(value: RunResult) -> list[EstimateRow]:
    """Return every estimate of every comparison."""
    return [row for compared in value["comparisons"] for row in csv.rows_of(compared)]


def rows_of_submission(value: SubmissionScores) -> list[Row]:
    """Return a row for each task and language."""
    return [
        {"source": value["source"], "task": name, "metric": task["metric"], "language": language, **scores}
        for name, task in value["tasks"].items()
        for language, scores in task["languages"].items()
    ]


def _heading(value: TrainResult | StackResult) -> dict[str, object]:
    return {"stack": " → ".join(value["stack"]), **{name: value[name] for name in HEADING}}  # type: ignore[literal-required]


def _measures(scores: LanguageScores | MeanScores) -> Iterator[dict[str, object]]:
    counts = {"n": scores.get("n"), "n_clusters": scores["n_clusters"]}
    flags = {"flags": ", ".join(scores["flags"])}
    low, high = scores["interval"]
    yield {"measure": "clean", **counts, "score": scores["clean"], "low": low, "high": high, **flags}
    for attack, attacked in scores["attacks"].items():
        yield {"measure": attack, **counts, **_attack_row(attacked), **flags}


def _attack_row(scores: AttackScores) -> dict[str, object]:
    low, high = scores["interval"]
    beside = {name: scores[name] for name in scores if name not in ("accuracy", "interval")}  # type: ignore[literal-required]
    return {"score": scores["accuracy"], "low": low, "high": high, **beside}
