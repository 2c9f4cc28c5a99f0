"""Evaluate one cell: predictions and scores of a committed stack, into a staged folder that the caller commits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.evaluation.evaluate import evaluate
from adaptx.steps.compute.staging import empty_staged, write_quarantined, write_scores
from adaptx.steps.evaluate import eval_spec
from adaptx.tables import write_rows
from adaptx.tasks.forms import form_named
from adaptx.tasks.stored_page import keep_page

if TYPE_CHECKING:
    from adaptx.steps.compute.stack_context import StackContext
    from adaptx.steps.step import Step

__all__ = ["compute"]


def compute(step: Step, stack: StackContext, work: Path) -> Mapping[str, object]:
    """Predict one cell into ``work/staged``: predictions.parquet, scores.json, a page not of the catalog."""
    rows = stack.rows.read(step.task, eval_spec(step).rows)
    stack.report({"step": step.name, "phase": "eval", "rows": len(rows.examples)})
    answers = stack.load(step).answers(step)
    result = evaluate(answers, form_named(step.task.form), step.task, rows.examples, step.language)
    staged = empty_staged(work)
    write_rows(staged / "predictions.parquet", result.records)
    write_scores(staged, step.name, len(result.records), result.scores)
    keep_page(step.task, staged)
    write_quarantined(staged, [rows])
    return {
        "rows": len(rows.examples),
        "quarantined": len(rows.quarantined),
        "dropped": len(rows.dropped),
        "repaired": dict(rows.repaired),
    }
