"""Evaluation steps: one stack on one cell (task, language, split). The light half; `compute.evaluate` asks the model.

Owns how a cell becomes a spec, and its scores as stored predictions give them. A task that needs no training is
evaluated on whatever stack is there, or on the bare backbone, which the spec then names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from adaptx.spec import EvalSpec
from adaptx.steps.step import Load, Step, step
from adaptx.steps.train import train_spec
from adaptx.tables import read_json, read_rows
from adaptx.tasks.forms import form_named
from adaptx.tasks.stored_page import task_of

if TYPE_CHECKING:
    from adaptx.steps.step import Planned, Pricing, ResolvedRequest
    from adaptx.store import StoredStep

__all__ = ["Evaluate", "eval_spec", "score_in_store"]

ROW_BYTES = 200  # of a stored prediction, compressed


class Evaluate:
    """Predict every row of a cell and score the predictions."""

    name = "eval"
    after: tuple[str, ...] = ("train",)
    makes_layers = False
    compute = "adaptx.steps.compute.evaluate:compute"

    def plan(self, asked: ResolvedRequest, planned: Planned) -> Iterator[Step]:
        """Yield one step a language."""
        layers = planned["train"]
        top = layers[-1] if layers else None
        for language in asked.languages:
            spec = _spec(asked, top, language)
            parents = {"stack": top.id} if top else {}
            yield step(spec, f"{asked.target.name} {language}", asked.target, parents, language)

    def price(self, step: Step, pricing: Pricing) -> Load:
        """Return one pass over the rows."""
        spec = eval_spec(step)
        rows, tokens = pricing.size(step.tasks, (spec.rows,), spec.max_length)
        return Load(rows=rows, tokens=tokens, passes=1.0, disk_bytes=rows * ROW_BYTES)

    def recompute(self, record: StoredStep) -> Mapping[str, float]:
        """Return the official scores of the stored predictions."""
        task = task_of(record)
        rows = read_rows(record.path / "predictions.parquet")
        scores: Mapping[str, float] = form_named(task.form).score(rows, task, record.spec["rows"]["language"])
        return scores

    def summary(self, record: StoredStep) -> Mapping[str, object]:
        """Return the task's main score."""
        return {"score": score_in_store(record, record.spec["metric"])}


def eval_spec(step: Step) -> EvalSpec:
    """Return the spec of an evaluation step."""
    assert isinstance(step.spec, EvalSpec), "cells are eval steps"
    return step.spec


def score_in_store(record: StoredStep, metric: str) -> float | None:
    """Return one stored score to four places, None where there is no such."""
    scores = read_json(record.path / "scores.json")["scores"]
    return round(scores[metric], 4) if metric in scores else None


def _spec(asked: ResolvedRequest, top: Step | None, language: str) -> EvalSpec:
    task = asked.target
    max_length, stride = _lengths(asked, top)
    return EvalSpec(
        stack=top.id if top else "",
        backbone="" if top else asked.backbone.revision,
        rows=asked.evaluation_rows(language),
        metric=task.metric,
        metric_version=form_named(task.form).metrics[task.metric],
        max_length=max_length,
        stride=stride,
        precision=asked.precision,
        layer=asked.layer,
        pool=asked.pool(language),
    )


def _lengths(asked: ResolvedRequest, top: Step | None) -> tuple[int, int]:
    """Return tokens per input and stride: those of the training, or the page's where the task needs none."""
    if not asked.target.trains_on:
        return asked.evaluation_lengths()
    assert top is not None, "a task that is trained for has a stack"
    how = train_spec(top).optimisation
    return how.max_length, how.stride
