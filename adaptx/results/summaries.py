"""From committed steps to what a command prints: plain JSON values, made from stored predictions alone.

Owns the shape of ``train --json``, ``stack --json``, ``compare --json`` and ``why --json``; statistics are in
`adaptx.analysis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from adaptx.analysis.compare import ArmRun, compare
from adaptx.analysis.scores import EvaluationCell, score_languages
from adaptx.errors import Missing
from adaptx.planning.arms import Arm, Comparison, arms_of
from adaptx.results.listing import readable
from adaptx.schema.sources import one_source
from adaptx.steps.attack import read_outcomes
from adaptx.steps.evaluate import eval_spec
from adaptx.steps.train import parts_of_spec, train_spec
from adaptx.store.difference import differences
from adaptx.tables import read_rows
from adaptx.tasks.forms import form_named
from adaptx.tasks.mlm import MLM

if TYPE_CHECKING:
    from adaptx.planning.recipe import Recipe
    from adaptx.planning.request import PlannedRequest, StackPlan
    from adaptx.schema.commands import (
        CompareResult,
        ComparisonResult,
        Heading,
        RunResult,
        StackResult,
        StepRow,
        TrainResult,
        WhyResult,
    )
    from adaptx.steps.step import Step
    from adaptx.store import Store, StoredStep, StoreView

__all__ = ["cells_of", "compare_result", "run_result", "stack_result", "train_result", "why_result"]


def train_result(planned: PlannedRequest, view: StoreView, steps: Sequence[StepRow]) -> TrainResult:
    """Return what was trained: the stack, its best dev score, its files, and the steps."""
    top = committed(view, planned.plan.layers[-1])
    facts = top.manifest["facts"]
    return {
        **_heading(planned),
        "id": top.id,
        "path": str(top.path),
        "trainable_parameters": facts["trained_parameters"],
        "best": facts["best"],
        "flags": no_dev([planned.plan]),
        "bytes": sum(file["bytes"] for file in top.manifest["files"].values()),
        "steps": list(steps),
    }


def stack_result(planned: PlannedRequest, view: StoreView, steps: Sequence[StepRow]) -> StackResult:
    """Return the per-language table of one stack, clean and under every attack."""
    plan = planned.plan
    scores = score_languages(
        cells_of(plan, view), chance=plan.target.chance, training_languages=training_languages(plan)
    )
    scores["flags"] = [*no_dev([plan]), *scores["flags"]]
    return {
        **_heading(planned),
        "split": _split(plan),
        "metric": plan.target.metric,
        **scores,
        "steps": list(steps),
    }


def compare_result(
    comparison: Comparison, planned: Sequence[PlannedRequest], view: StoreView, steps: Sequence[StepRow]
) -> CompareResult:
    """Return the comparison of every arm, paired on the same rows, with the heading of the command."""
    return {**_compared(comparison, planned, view), "steps": list(steps)}


def run_result(
    recipe: Recipe, planned: Sequence[PlannedRequest], view: StoreView, steps: Sequence[StepRow]
) -> RunResult:
    """Return every comparison of a recipe, with what a report tells beside them; ``planned`` in the recipe's order."""
    plans = iter(planned)
    arms = [(comparison, list(islice(plans, len(arms_of(comparison))))) for comparison in recipe.comparisons()]
    comparisons = [_compared(comparison, of_arms, view) for comparison, of_arms in arms]
    return {
        "recipe": recipe.name,
        "why": recipe.why,
        "text": recipe.text,
        "commands": [f"adaptx run {recipe.path}", "adaptx verify"],
        "source": one_source(comparison["source"] for comparison in comparisons),
        "versions": _versions(steps, view),
        "comparisons": comparisons,
        "steps": list(steps),
    }


def _versions(steps: Sequence[StepRow], view: StoreView) -> dict[str, list[str]]:
    """Return the distributions that made the steps, with every version that took part."""
    found: dict[str, set[str]] = {}
    for record in filter(None, (view.get(step["id"]) for step in steps)):
        for name, version in record.manifest["versions"].items():
            found.setdefault(name, set()).add(version)
    return {name: sorted(versions) for name, versions in sorted(found.items())}


def _compared(comparison: Comparison, planned: Sequence[PlannedRequest], view: StoreView) -> ComparisonResult:
    runs = [_run(arm, one.plan, view) for arm, one in zip(arms_of(comparison), planned, strict=True)]
    first, plan = planned[0], planned[0].plan
    result = compare(runs, chance=plan.target.chance, training_languages=training_languages(plan))
    result["flags"] = [*no_dev([one.plan for one in planned]), *result["flags"]]
    heading = _heading(first)
    return {
        "intermediate": comparison.intermediate,
        "target": plan.target.name,
        "metric": plan.target.metric,
        "chance": plan.target.chance,
        "split": _split(plan),
        "backbone": heading["backbone"],
        "source": heading["source"],
        "precision": heading["precision"],
        "backbone_revision": first.backbone.revision,
        **result,
    }


def _run(arm: Arm, plan: StackPlan, view: StoreView) -> ArmRun:
    how = {key: value for step in plan.layers for key, value in committed(view, step).manifest["how"].items()}
    return ArmRun(
        name=arm.name,
        method=arm.method,
        intermediate=arm.intermediate,
        seed=arm.seed,
        cells=cells_of(plan, view),
        control=arm.control,
        how=how,
    )


def _heading(planned: PlannedRequest) -> Heading:
    choices, plan = planned.choices, planned.plan
    return {
        "stack": list(plan.names),
        "task": plan.target.name,
        "backbone": choices.backbone,
        "method": choices.method if plan.layers else "none",
        "source": planned.source.name,
        "seed": choices.seed,
        "precision": planned.precision,
    }


def _split(plan: StackPlan) -> str:
    return eval_spec(plan.cells[0]).rows.split


def training_languages(plan: StackPlan) -> set[str]:
    """Return the languages that any layer of the stack was trained in."""
    read = [part.rows for step in plan.layers for part in parts_of_spec(train_spec(step))]
    return {language for rows in read if rows.form != MLM.form for language in rows.language.split(",")}


def no_dev(plans: Sequence[StackPlan]) -> list[str]:
    """Return a flag for each trained task that the source has no dev rows of.

    They have no say in which weights a layer keeps; where no task of it has any, those of the last step are kept.
    """
    layers = {step.id: step for plan in plans for step in plan.layers}
    names = (name for step in layers.values() for name in _without_dev(step))
    return [f"no-dev: {name}" for name in dict.fromkeys(names)]


def _without_dev(step: Step) -> list[str]:
    parts = zip(step.tasks, parts_of_spec(train_spec(step)), strict=True)
    return [task.name for task, part in parts if part.dev is None and task is not MLM]


def committed(view: StoreView, step: Step) -> StoredStep:
    """Return a step's record; raise `Missing` where it was not made."""
    record = view.get(step.id)
    if record is None:
        raise Missing(f"{step.name} is not in {view.store.root}", hint="run the same command without --dry-run")
    return record


def cells_of(plan: StackPlan, view: StoreView) -> list[EvaluationCell]:
    """Return the stored rows of every cell of a plan, with the outcomes of its attacks."""
    return [_cell(step, plan, view) for step in plan.cells]


def _cell(step: Step, plan: StackPlan, view: StoreView) -> EvaluationCell:
    record = view.intact(step.id)
    records = read_rows(record.path / "predictions.parquet")
    attacks = [attack for attack in plan.attacks if attack.parents["cell"] == step.id]
    return EvaluationCell(
        language=step.language,
        source=record.spec["rows"]["source"],
        records=records,
        outcomes={attack.label: read_outcomes(view.intact(attack.id)) for attack in attacks},
        majority=form_named(step.task.form).majority(records),
        quarantined=record.manifest["facts"]["quarantined"],
    )


def why_result(store: Store, prefix: str) -> WhyResult:
    """Return how a stored step differs from the nearest other one of its kind, field by field."""
    record = readable(store, store.find(prefix))
    others = [other for other in store.all(record.kind) if other.id != record.id]
    nearest = min(others, key=lambda other: len(differences(record.spec, other.spec)), default=None)
    told = differences(record.spec, nearest.spec) if nearest else []
    return {
        "id": record.id,
        "name": record.manifest["facts"]["name"],
        "nearest": nearest.id if nearest else None,
        "nearest_name": nearest.manifest["facts"]["name"] if nearest else None,
        "differences": [{"path": one.path, "here": one.here, "there": one.there} for one in told],
    }
