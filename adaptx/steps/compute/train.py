"""Train one layer above committed ones, all ranks together, into a staged folder that the caller commits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from adaptx.data.rows import own_items
from adaptx.data.union import repairs_of
from adaptx.errors import UsageError
from adaptx.evaluation.evaluate import evaluate
from adaptx.evaluation.predictor import MICRO_TOKENS, Predictor
from adaptx.evaluation.retrieval import searcher
from adaptx.model import stack as stacks
from adaptx.model.forms import Limits, heavy_form
from adaptx.steps.compute.card import card
from adaptx.steps.compute.staging import empty_staged, write_lines, write_quarantined
from adaptx.steps.train import parts_of_spec, train_spec
from adaptx.tasks.forms import form_named
from adaptx.tasks.mlm import MLM
from adaptx.training.engine import PARTITIONED
from adaptx.training.train import Part, TrainJob, train

if TYPE_CHECKING:
    from adaptx.data.rows import Loaded
    from adaptx.spec import PartSpec, RowsSpec, TrainSpec
    from adaptx.steps.compute.stack_context import StackContext
    from adaptx.steps.step import Step
    from adaptx.tasks.task import Task
    from adaptx.training.train import TrainOutcome

__all__ = ["compute"]

Score = Callable[[], float]


def compute(step: Step, stack: StackContext, work: Path) -> Mapping[str, object]:
    """Train the top of a stack into ``work/staged``; resumes from what ``work`` holds."""
    spec = train_spec(step)
    model = _model(step, stack)
    parts = parts_of_spec(spec)
    rows = [stack.rows.read(task, part.rows) for task, part in zip(model.tasks, parts, strict=True)]
    job = TrainJob(
        model=model,
        parts=[_part(*read, model) for read in zip(model.tasks, parts, rows, strict=True)],
        sampling=spec.sampling,
        evaluate_dev=_dev_score(parts, spec, model, stack),
        optimisation=spec.optimisation,
        seed=spec.seed,
        precision=spec.precision,
        work=work,
        how=stack.settings,
    )
    outcome = train(
        job, lambda entry: stack.report({**entry, "step": step.name, "phase": "train", "at": entry["step"]})
    )
    if stack.leads:
        _write(step, stack, model, outcome, rows, empty_staged(work))
    return {
        "best": outcome.best,
        "rows": sum(len(read.examples) for read in rows),
        "quarantined": sum(len(read.quarantined) for read in rows),
        "dropped": sum(len(read.dropped) for read in rows),
        "repaired": repairs_of(rows),
        **outcome.facts,
    }


def _model(step: Step, stack: StackContext) -> stacks.StackModel:
    spec = train_spec(step)
    model = stacks.trainable(
        stack.backbone,
        stack.below(step),
        spec.method,
        step.task,
        precision=spec.precision,
        seed=spec.seed,
        device=stack.device,
        compute_dtype=stack.settings.compute_dtype,
        others=step.others,
    )
    if MLM in model.tasks and stack.settings.zero == PARTITIONED:
        raise UsageError("--mlm shares the word embeddings with its head, which ZeRO-3 cuts apart", hint="--zero 2")
    return model


def _write(
    step: Step,
    stack: StackContext,
    model: stacks.StackModel,
    outcome: TrainOutcome,
    rows: Sequence[Loaded],
    staged: Path,
) -> None:
    model.save(staged)
    (staged / "card.md").write_text(card(step, stack.backbone.name, outcome.best), encoding="utf-8")
    write_lines(staged / "log.jsonl", outcome.log)
    write_quarantined(staged, rows)


def _part(task: Task, part: PartSpec, rows: Loaded, model: stacks.StackModel) -> Part:
    form, limits = heavy_form(task.form), Limits(part.max_length, part.stride)
    features = form.encode(rows.examples, model.tokenizer, task, limits, targets=True)
    return Part(form=form, features=features, share=part.share)


def _dev_score(
    parts: Sequence[PartSpec], spec: TrainSpec, model: stacks.StackModel, stack: StackContext
) -> Score | None:
    """Return what scores the model on dev rows: the main metric, of a mixture the mean over its tasks that have any."""
    scores = [
        _part_score(number, part, part.dev, spec, model, stack)
        for number, part in enumerate(parts)
        if part.dev is not None
    ]
    return (lambda: mean(score() for score in scores)) if scores else None


def _part_score(
    number: int, part: PartSpec, rows: RowsSpec, spec: TrainSpec, model: stacks.StackModel, stack: StackContext
) -> Score:
    task = model.tasks[number]
    dev = stack.rows.read(task, rows, spec.optimisation.dev_limit)
    form = form_named(task.form)
    predictor = Predictor(
        model,
        task,
        max_length=part.max_length,
        stride=part.stride,
        device=stack.device,
        micro_tokens=stack.settings.micro_tokens or MICRO_TOKENS,
        part=number,
        name=f"training of {model.tasks[0].name}",
    )

    def score() -> float:
        answers = searcher(predictor, task, own_items(dev.examples)) if form.searches else predictor
        return evaluate(answers, form, task, dev.examples, rows.language).scores[task.metric]

    return score
