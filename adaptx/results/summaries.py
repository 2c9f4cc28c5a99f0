"""From committed steps to what a command prints: plain JSON values, made from stored predictions alone.

Owns the shape of ``train --json``, ``stack --json``, ``compare --json`` and ``why --json``; statistics are in
`adaptx.analysis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adaptx.analysis.compare import ArmRun, compare
from adaptx.analysis.scores import EvaluationCell, score_languages
from adaptx.errors import Missing
from adaptx.execution.make import PlannedRequest, Request, planned
from adaptx.planning.arms import Arm, Comparison, arms_of
from adaptx.schema.sources import one_source
from adaptx.spec import TrainSpec
from adaptx.store.difference import differences
from adaptx.tables import read_rows
from adaptx.tasks.forms import form_named
from adaptx.tasks.mlm import MLM

if TYPE_CHECKING:
    from adaptx.planning.planner import StackPlan, Step
    from adaptx.planning.recipe import Recipe
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
    from adaptx.store import Store, StoredStep

__all__ = ["cells_of", "compare_result", "run_result", "stack_result", "train_result", "why_result"]


def train_result(request: Request, store: Store, steps: Sequence[StepRow]) -> TrainResult:
    """Return what was trained: the stack, its best dev score, its files, and the steps."""
    making = planned([request], store)[0]
    top = committed(store, making.plan.layers[-1])
    facts = top.manifest["facts"]
    return {
        **_heading(making),
        "id": top.id,
        "path": str(top.path),
        "trainable_parameters": facts["trained_parameters"],
        "best": facts["best"],
        "flags": no_dev([making.plan]),
        "bytes": sum(file["bytes"] for file in top.manifest["files"].values()),
        "steps": list(steps),
    }


def stack_result(request: Request, store: Store, steps: Sequence[StepRow]) -> StackResult:
    """Return the per-language table of one stack, clean and under every attack."""
    making = planned([request], store)[0]
    plan = making.plan
    scores = score_languages(
        cells_of(plan, store), chance=plan.target.chance, training_languages=training_languages(plan)
    )
    scores["flags"] = [*no_dev([plan]), *scores["flags"]]
    return {
        **_heading(making),
        "split": _split(plan),
        "metric": plan.target.metric,
        **scores,
        "steps": list(steps),
    }


def compare_result(comparison: Comparison, store: Store, steps: Sequence[StepRow]) -> CompareResult:
    """Return the comparison of every arm, paired on the same rows, with the heading of the command."""
    return {**_compared(comparison, store), "steps": list(steps)}


def run_result(recipe: Recipe, store: Store, steps: Sequence[StepRow]) -> RunResult:
    """Return every comparison of a recipe, with what a report tells beside them."""
    comparisons = [_compared(comparison, store) for comparison in recipe.comparisons()]
    return {
        "recipe": recipe.name,
        "why": recipe.why,
        "text": recipe.text,
        "commands": [f"adaptx run {recipe.path}", "adaptx verify"],
        "source": one_source(comparison["source"] for comparison in comparisons),
        "versions": _versions(steps, store),
        "comparisons": comparisons,
        "steps": list(steps),
    }


def _versions(steps: Sequence[StepRow], store: Store) -> dict[str, list[str]]:
    """Return the distributions that made the steps, with every version that took part."""
    found: dict[str, set[str]] = {}
    for record in filter(None, (store.get(step["id"]) for step in steps)):
        for name, version in record.manifest["versions"].items():
            found.setdefault(name, set()).add(version)
    return {name: sorted(versions) for name, versions in sorted(found.items())}


def _compared(comparison: Comparison, store: Store) -> ComparisonResult:
    arms = arms_of(comparison)
    makings = planned([arm.request for arm in arms], store)
    runs = [_run(arm, making.plan, store) for arm, making in zip(arms, makings, strict=True)]
    plan = makings[0].plan
    compared = compare(runs, chance=plan.target.chance, training_languages=training_languages(plan))
    compared["flags"] = [*no_dev([making.plan for making in makings]), *compared["flags"]]
    told = _heading(makings[0])
    return {
        "intermediate": comparison.intermediate,
        "target": plan.target.name,
        "metric": plan.target.metric,
        "chance": plan.target.chance,
        "split": _split(plan),
        "backbone": told["backbone"],
        "source": told["source"],
        "precision": told["precision"],
        "backbone_revision": makings[0].planner.backbone.revision,
        **compared,
    }


def _run(arm: Arm, plan: StackPlan, store: Store) -> ArmRun:
    how = {key: value for step in plan.layers for key, value in committed(store, step).manifest["how"].items()}
    return ArmRun(
        name=arm.name,
        method=arm.method,
        intermediate=arm.intermediate,
        seed=arm.seed,
        cells=cells_of(plan, store),
        control=arm.control,
        how=how,
    )


def _heading(making: PlannedRequest) -> Heading:
    choices = making.planner.choices
    return {
        "stack": list(making.plan.names),
        "task": making.plan.target.name,
        "backbone": choices.backbone,
        "method": choices.method if making.plan.layers else "none",
        "source": making.planner.source.name,
        "seed": choices.seed,
        "precision": making.planner.precision,
    }


def _split(plan: StackPlan) -> str:
    rows: str = plan.cells[0].spec.rows.split  # type: ignore[union-attr]
    return rows


def training_languages(plan: StackPlan) -> set[str]:
    """Return the languages that any layer of the stack was trained in."""
    specs = [step.spec for step in plan.layers if isinstance(step.spec, TrainSpec)]
    heard = [rows for spec in specs for rows in (spec.rows, *(other.rows for other in spec.others))]
    return {language for rows in heard if rows.form != MLM.form for language in rows.language.split(",")}


def no_dev(plans: Sequence[StackPlan]) -> list[str]:
    """Return a flag for each trained task that the source has no dev rows of.

    They have no say in which weights a layer keeps; where no task of it has any, those of the last step are kept.
    """
    layers = {step.id: step for plan in plans for step in plan.layers}
    names = (name for step in layers.values() for name in _without_dev(step))
    return [f"no-dev: {name}" for name in dict.fromkeys(names)]


def _without_dev(step: Step) -> list[str]:
    spec = step.spec
    assert isinstance(spec, TrainSpec), "layers are train steps"
    devs = zip((step.task, *step.others), (spec.dev, *(other.dev for other in spec.others)), strict=True)
    return [task.name for task, dev in devs if dev is None and task is not MLM]


def committed(store: Store, step: Step) -> StoredStep:
    """Return a step's record; raise `Missing` where it was not made."""
    record = store.get(step.id)
    if record is None:
        raise Missing(f"{step.name} is not in {store.root}", hint="run the same command without --dry-run")
    return record


def cells_of(plan: StackPlan, store: Store) -> list[EvaluationCell]:
    """Return the stored rows of every cell of a plan, with the outcomes of its attacks."""
    return [_cell(step, plan, store) for step in plan.cells]


def _cell(step: Step, plan: StackPlan, store: Store) -> EvaluationCell:
    record = store.intact(step.id)
    records = read_rows(record.path / "predictions.parquet")
    attacks = [attack for attack in plan.attacks if attack.parents["cell"] == step.id]
    return EvaluationCell(
        language=step.language,
        source=record.spec["rows"]["source"],
        records=records,
        outcomes={attack.label: read_rows(store.intact(attack.id).path / "outcomes.parquet") for attack in attacks},
        majority=form_named(step.task.form).majority(records),
        quarantined=record.manifest["facts"]["quarantined"],
    )


def why_result(store: Store, prefix: str) -> WhyResult:
    """Return how a stored step differs from the nearest other one of its kind, field by field."""
    record = store.get(store.find(prefix))
    assert record is not None, "find returns ids of committed steps"
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
