"""What each kind of step computes, into a staged folder that the caller commits.

Owns `train_step`, `eval_step` and `attack_step`; may not look at the store beyond the records it is handed, take
leases or commit (that is `execution.local`). Cells and attacks run on the *committed files* of a stack, loaded once
in a `LoadedStack`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from adaptx.data.plain_text import load_text
from adaptx.data.retrieval_layouts import check_gold, pool_revision, tuning_split
from adaptx.data.revision import require_revision
from adaptx.data.rows import Loaded, load_items, own_items
from adaptx.data.source import reader_of
from adaptx.data.union import load_all, repairs_of
from adaptx.errors import AdaptxError, UsageError
from adaptx.evaluation.evaluate import evaluate
from adaptx.evaluation.predictor import MICRO_TOKENS, Predictor
from adaptx.evaluation.retrieval import Tuning, searcher
from adaptx.model import stack
from adaptx.model.forms import Limits, heavy_form
from adaptx.planning.planner import Step, asked_attack
from adaptx.robustness.engine import Answers, alphabets, attack_cell
from adaptx.spec import EvalSpec, PartSpec, RowsSpec, TrainSpec
from adaptx.steps.compute.card import card
from adaptx.tables import write_json, write_rows
from adaptx.tasks.forms import form_named
from adaptx.tasks.mlm import MLM
from adaptx.tasks.stored_page import keep_page
from adaptx.training.engine import PARTITIONED
from adaptx.training.train import Part, TrainJob, train

if TYPE_CHECKING:
    from adaptx.backbone import BackboneRef
    from adaptx.data.rows import Loaded
    from adaptx.data.source import Source
    from adaptx.execution.progress import Tell
    from adaptx.planning.choices import Choices
    from adaptx.robustness.outcomes import Outcome
    from adaptx.tasks.task import Task
    from adaptx.training.settings import ComputeSettings

__all__ = ["ComputeContext", "LoadedStack", "attack_step", "eval_step", "train_step"]


RETRIEVAL = "retrieval"  # the form whose answers lie in what is searched


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeContext:
    """Where steps are computed and where their rows come from."""

    backbone: BackboneRef
    source: Source
    how: ComputeSettings
    device: str
    leads: bool  # of the processes that train together, one writes
    strict: bool
    tell: Tell
    text: Path | None = None  # of masked language modelling


def train_step(step: Step, below: Sequence[stack.TrainedLayer], place: ComputeContext, work: Path) -> Mapping[str, Any]:
    """Train the top of a stack, all ranks together, into ``work/staged``; resumes from what ``work`` holds."""
    spec = step.spec
    assert isinstance(spec, TrainSpec)
    model = stack.trainable(
        place.backbone,
        below,
        spec.method,
        step.task,
        precision=spec.precision,
        seed=spec.seed,
        device=place.device,
        others=step.others,
    )
    if MLM in model.tasks and place.how.zero == PARTITIONED:
        raise UsageError("--mlm shares the word embeddings with its head, which ZeRO-3 cuts apart", hint="--zero 2")
    parts = parts_of_spec(spec)
    rows = [_load(place, task, part.rows) for task, part in zip(model.tasks, parts, strict=True)]
    job = TrainJob(
        model=model,
        parts=[_part(*read, model) for read in zip(model.tasks, parts, rows, strict=True)],
        sampling=spec.sampling,
        evaluate_dev=_dev_score(parts, spec, model, place),
        optimisation=spec.optimisation,
        seed=spec.seed,
        precision=spec.precision,
        work=work,
        how=place.how,
    )
    outcome = train(job, lambda entry: place.tell({**entry, "step": step.name, "phase": "train", "at": entry["step"]}))
    if place.leads:
        staged = _fresh(work)
        model.save(staged)
        (staged / "card.md").write_text(card(step, place.backbone.name, outcome.best), encoding="utf-8")
        _write_lines(staged / "log.jsonl", outcome.log)
        _write_quarantined(staged, rows)
    return {
        "best": outcome.best,
        "rows": sum(len(read.examples) for read in rows),
        "quarantined": sum(len(read.quarantined) for read in rows),
        "dropped": sum(len(read.dropped) for read in rows),
        "repaired": repairs_of(rows),
        **outcome.facts,
    }


def parts_of_spec(spec: TrainSpec) -> tuple[PartSpec, ...]:
    """Return every task that a step trains, the first as the others are written."""
    how = spec.optimisation
    return (PartSpec(rows=spec.rows, dev=spec.dev, max_length=how.max_length, stride=how.stride), *spec.others)


def _part(task: Task, part: PartSpec, rows: Loaded, model: stack.StackModel) -> Part:
    form, limits = heavy_form(task.form), Limits(part.max_length, part.stride)
    features = form.encode(rows.examples, model.tokenizer, task, limits, targets=True)
    return Part(form=form, features=features, share=part.share)


def _dev_score(
    parts: Sequence[PartSpec], spec: TrainSpec, model: stack.StackModel, place: ComputeContext
) -> Callable[[], float] | None:
    """Return what scores the model on dev rows: the main metric, of a mixture the mean over its tasks that have any."""
    scores = [
        _part_score(number, model.tasks[number], part, part.dev, spec, model, place)
        for number, part in enumerate(parts)
        if part.dev is not None
    ]
    return (lambda: mean(score() for score in scores)) if scores else None


def _part_score(
    number: int,
    task: Task,
    part: PartSpec,
    rows: RowsSpec,
    spec: TrainSpec,
    model: stack.StackModel,
    place: ComputeContext,
) -> Callable[[], float]:
    dev = _load(place, task, rows, spec.optimisation.dev_limit)
    form = form_named(task.form)
    predictor = Predictor(
        model,
        task,
        max_length=part.max_length,
        stride=part.stride,
        device=place.device,
        micro_tokens=place.how.micro_tokens or MICRO_TOKENS,
        part=number,
        name=f"training of {model.tasks[0].name}",
    )

    def score() -> float:
        answers = predictor if task.form != RETRIEVAL else searcher(predictor, task, own_items(dev.examples))
        return evaluate(answers, form, task, dev.examples, rows.language).scores[task.metric]

    return score


def _load(place: ComputeContext, task: Task, rows: RowsSpec, limit: int | None = None) -> Loaded:
    """Return the rows that a spec asks for; raise `DataFault` where they are no longer those of its revision."""
    if task is MLM and place.text is not None:
        found = load_text(place.text, rows.language, rows.limit)
    else:
        found = load_all(place.source, task, rows.language, rows.split, limit=rows.limit or limit, strict=place.strict)
    what = f"{task.name} in {rows.language}, split {rows.split}"
    require_revision(rows.revision, found.revision, what, found.files)
    return found


@dataclass(slots=True)
class LoadedStack:
    """One committed stack, loaded for evaluation when the first cell needs it."""

    layers: Sequence[stack.TrainedLayer]
    step: Step  # any cell of the stack: task, lengths and precision are the same for all
    place: ComputeContext
    _predictor: list[Predictor] = field(default_factory=list)
    _searched: dict[str, Answers] = field(default_factory=dict)

    @property
    def predictor(self) -> Predictor:
        """The stack's predictor; loads the model once."""
        if not self._predictor:
            self._predictor.append(self._open())
        return self._predictor[0]

    def answers(self, cell: Step) -> Answers:
        """Return what answers a cell: the predictor, or a search among the cell's items, which are embedded once."""
        if cell.task.form != RETRIEVAL:
            return self.predictor
        if cell.id not in self._searched:
            self._searched = {cell.id: self._search(cell)}  # one pool at a time is held
        return self._searched[cell.id]

    def _search(self, cell: Step) -> Answers:
        spec, source = cell.spec, reader_of(self.place.source)
        assert isinstance(spec, EvalSpec)
        where = (source, cell.task, cell.language, spec.rows.split)
        items, queries = load_items(*where), load_all(*where)
        check_gold(queries.examples, items, cell.name)
        tuning = self._tuning(source, cell, spec.rows.split)
        require_revision(spec.rows.revision, queries.revision, cell.name, queries.files)
        require_revision(spec.pool, pool_revision(*where), f"a file that {cell.name} is searched or tuned on")
        return searcher(self.predictor, cell.task, items, queries.examples, tuning)

    def _tuning(self, source: Source, cell: Step, split: str) -> Tuning | None:
        """Return all rows of the split on which a cell's threshold is tuned, however few rows are scored."""
        where = (source, cell.task, cell.language)
        other = tuning_split(*where, split)
        return None if other is None else Tuning(other, load_all(*where, other).examples, load_items(*where, other))

    def _open(self) -> Predictor:
        spec = self.step.spec
        assert isinstance(spec, EvalSpec)
        model = stack.frozen(
            self.place.backbone,
            self.layers,
            self.step.task,
            precision=spec.precision,
            device=self.place.device,
            layer=spec.layer,
        )
        return Predictor(
            model,
            self.step.task,
            max_length=spec.max_length,
            stride=spec.stride,
            device=self.place.device,
            micro_tokens=self.place.how.micro_tokens or MICRO_TOKENS,
            name=" → ".join(layer.task for layer in self.layers) or "backbone",
        )


def eval_step(step: Step, bench: LoadedStack, work: Path) -> Mapping[str, Any]:
    """Predict one cell into ``work/staged``: predictions.parquet, scores.json, a page not of the catalog."""
    spec = step.spec
    assert isinstance(spec, EvalSpec)
    rows = _load(bench.place, step.task, spec.rows)
    bench.place.tell({"step": step.name, "phase": "eval", "rows": len(rows.examples)})
    result = evaluate(bench.answers(step), form_named(step.task.form), step.task, rows.examples, step.language)
    staged = _fresh(work)
    write_rows(staged / "predictions.parquet", result.records)
    _write_scores(staged, step, len(result.records), result.scores)
    keep_page(step.task, staged)
    _write_quarantined(staged, [rows])
    return {
        "rows": len(rows.examples),
        "quarantined": len(rows.quarantined),
        "dropped": len(rows.dropped),
        "repaired": dict(rows.repaired),
    }


def attack_step(step: Step, cell: Step, choices: Choices, bench: LoadedStack, work: Path) -> Mapping[str, Any]:
    """Attack one cell into ``work/staged``: outcomes.parquet and scores.json.

    Outcomes are kept in ``work/outcomes.jsonl`` as they come, so that an interrupted attack goes on where it stopped.
    """
    spec = cell.spec
    assert isinstance(spec, EvalSpec)
    rows = _load(bench.place, cell.task, spec.rows).examples
    whole = _load(bench.place, cell.task, replace(spec.rows, limit=None)).examples
    answers = bench.answers(cell)
    clean = answers.predict(rows)
    diary = work / "outcomes.jsonl"
    done = _read_diary(diary)
    with diary.open("a", encoding="utf-8") as lines:

        def keep(outcome: Outcome) -> None:
            lines.write(json.dumps(outcome, ensure_ascii=False) + "\n")
            lines.flush()
            bench.place.tell({"step": step.name, "phase": "attack", "at": len(done), "steps": len(rows)})
            done[outcome["id"]] = outcome

        attacked = attack_cell(
            answers,
            form_named(cell.task.form),
            cell.task,
            rows,
            clean,
            asked_attack(step.label, choices),
            language=cell.language,
            alphabet=alphabets(whole, cell.task.attackable),
            done=dict(done),
            on_done=keep,
        )
    staged = _fresh(work)
    write_rows(staged / "outcomes.parquet", attacked.outcomes)
    _write_scores(staged, step, len(rows), attacked.scores, flags=attacked.flags)
    return {"rows": len(rows), "flags": attacked.flags, **attacked.facts}


def _write_scores(staged: Path, step: Step, n: int, scores: Mapping[str, float | None], **others: Any) -> None:
    """Write ``scores.json``; raise `AdaptxError` for a number that is not finite: it is no score."""
    odd = sorted(name for name, score in scores.items() if score is not None and not isfinite(score))
    if odd:
        told = ", ".join(f"{name} = {scores[name]}" for name in odd)
        raise AdaptxError(
            f"{step.name}: {told} is no score", hint="nothing was stored; the rows or the model are damaged"
        )
    write_json(staged / "scores.json", {"n": n, "scores": dict(scores), **others})


def _read_diary(path: Path) -> dict[str, Outcome]:
    """Return the outcomes that an interrupted run left; a line that was cut off is dropped from the file."""
    if not path.exists():
        return {}
    lines = path.read_bytes().split(b"\n")
    whole = lines[:-1]  # what follows the last newline was being written when the process died
    path.write_bytes(b"".join(line + b"\n" for line in whole))
    found: list[Outcome] = [json.loads(line) for line in whole]
    return {outcome["id"]: outcome for outcome in found}


def _fresh(work: Path) -> Path:
    """Return an empty ``work/staged``."""
    staged = work / "staged"
    if staged.exists():
        shutil.rmtree(staged)
    staged.mkdir()
    return staged


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _write_quarantined(staged: Path, read: Sequence[Loaded]) -> None:
    """Write the rows that could not be used, if there are any: file, row, field, reason."""
    bad = [asdict(row) for rows in read for row in rows.quarantined]
    if bad:
        _write_lines(staged / "quarantined.jsonl", bad)
