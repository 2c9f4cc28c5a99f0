"""adaptx from Python: a function for every command, with the command's options as keywords, and the same ids.

Owns what a call means; the command line has no other way in. Nothing is printed: what a command prints is a
`adaptx.reporting.result.Result`, with a value, a frame and a table. Rooms below are imported inside the functions, so
that importing this module stays light. ``progress`` is called with every event (`adaptx.steps.progress`); ``store`` is
a folder or what `open_store` returned. Errors are those of `adaptx.errors`, with what would work as ``error.hint``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from adaptx.errors import AdaptxError, UnknownName, UsageError
from adaptx.planning.options import (
    OPTIONS,
    HowOptions,
    WorkOptions,
    choices_of,
    read_option,
    read_options,
    settings_of,
    with_options,
)
from adaptx.reporting.result import Result, RunReport
from adaptx.steps.progress import silent

if TYPE_CHECKING:
    from typing import Unpack

    from adaptx.evaluation.task_model import TaskModel
    from adaptx.execution.command import Command
    from adaptx.execution.job import Job
    from adaptx.schema.commands import (
        CompareResult,
        CopiedFolder,
        FetchedRow,
        Finding,
        Plan,
        PrunedRow,
        RunResult,
        StackResult,
        StoredStepView,
        SubmissionScores,
        SubmittedFile,
        TrainResult,
        VerifyResult,
        WhyResult,
    )
    from adaptx.steps.progress import ProgressCallback
    from adaptx.store import Store

    Place = str | Path | Store | None
    Row = Mapping[str, object]

__all__ = [
    "KINDS",
    "Result",
    "RunReport",
    "compare",
    "doctor",
    "export",
    "fetch",
    "load_stack",
    "ls",
    "open_store",
    "plan",
    "prune",
    "report",
    "run",
    "score_submission",
    "show",
    "stack",
    "take_part",
    "train",
    "verify",
    "why",
]

P = ParamSpec("P")
Value = TypeVar("Value")

STORED = ("adapters", "results")
KINDS = ("tasks", "methods", "attacks", "searches", "backbones", *STORED)
"""What `ls` lists."""


# What computes.


@with_options(WorkOptions)
def train(
    task: str, *, above: Sequence[str] = (), progress: ProgressCallback = silent, **options: Unpack[WorkOptions]
) -> Result[TrainResult]:
    """Train ``task`` on top of the tasks ``above``, the first of them at the bottom; nothing is evaluated."""
    from adaptx.reporting import frames, tables

    value = _carry_out(_train(task, above=above, **options), options, progress)
    return Result(value, frames.rows_of_training, tables.print_train)


@with_options(WorkOptions)
def stack(
    *tasks: str, on: str | None = None, progress: ProgressCallback = silent, **options: Unpack[WorkOptions]
) -> Result[StackResult]:
    """Train ``tasks`` on top of each other where missing; evaluate the last, or ``on``, in all its languages."""
    from adaptx.reporting import frames, tables

    value = _carry_out(_stack(*tasks, on=on, **options), options, progress)
    return Result(value, frames.rows_of_stack, tables.print_stack)


@with_options(WorkOptions)
def compare(
    intermediate: str,
    target: str,
    *,
    seeds: int = 1,
    progress: ProgressCallback = silent,
    **options: Unpack[WorkOptions],
) -> Result[CompareResult]:
    """Compare training ``target`` directly and on top of ``intermediate``, with every method, on the same rows."""
    from adaptx.reporting import comparison, csv

    value = _carry_out(_compare(intermediate, target, seeds=seeds, **options), options, progress)
    return Result(value, lambda value: list(csv.rows_of(value)), comparison.print_comparison)


@with_options(HowOptions)
def run(
    recipe: str | Path,
    *,
    report: str | Path | None = None,
    progress: ProgressCallback = silent,
    **options: Unpack[HowOptions],
) -> RunReport:
    """Carry out a recipe: every comparison of its grid; write the report with figures into the folder ``report``."""
    from adaptx.reporting import comparison, folder, frames

    asked, place = _run(recipe, **options), open_store(options.get("store"))
    home = Path(report) if report is not None else place.reports / Path(recipe).stem
    folder.check_place(home)  # before the work, not after it
    value = _carry_out(asked, {**options, "store": place}, progress)
    answer = RunReport(value, frames.rows_of_run, comparison.print_run, home)
    answer.write()
    return answer


def report(recipe: str | Path, *, store: Place = None) -> RunReport:
    """Return what `run` made of a recipe, from stored predictions alone; raise `Missing` where a step is not stored.

    ``text("md")``, ``"latex"`` and ``"csv"`` are its tables, ``write(folder)`` writes the page with its figures.
    """
    from adaptx.execution.command import gather_stored
    from adaptx.reporting import frames, lists, markdown

    asked, place = _run(recipe), open_store(store)
    value = gather_stored(asked, place, repair=f"adaptx run {recipe} --store {place.root}")
    home = place.reports / Path(recipe).stem
    return RunReport(value, frames.rows_of_run, lambda value: lists.print_text(markdown.text_of(value)), home)


def plan(command: Callable[P, Result[Any]], *args: P.args, **kwargs: P.kwargs) -> Result[Plan]:
    """Return what ``command`` (`train`, `stack`, `compare` or `run`) would do with these arguments: ``--dry-run``.

    Every step with its state; parameters, memory, disk and time of those to do. Nothing is made.
    """
    from adaptx.execution.command import price
    from adaptx.reporting import tables

    if command not in COMMANDS:
        known = ", ".join(one.__name__ for one in COMMANDS)
        raise UsageError(f"{command.__name__} computes nothing that could be planned", hint=f"one of {known}")
    options: Any = dict(kwargs)
    progress = options.pop("progress", silent)
    asked = COMMANDS[command](*args, **options)
    value = price(asked, open_store(options.get("store")), _job(options), progress)
    return Result(value, lambda value: value["steps"], tables.print_plan)


def _train(task: str, *, above: Sequence[str] = (), **options: Unpack[WorkOptions]) -> Command[TrainResult]:
    from adaptx.execution.command import Command
    from adaptx.planning.request import Request
    from adaptx.results.summaries import train_result

    request = Request(choices=choices_of(options), names=(*above, task), cells=False)
    return Command(requests=[request], gather=lambda planned, view, steps: train_result(planned[0], view, steps))


def _stack(*tasks: str, on: str | None = None, **options: Unpack[WorkOptions]) -> Command[StackResult]:
    from adaptx.execution.command import Command
    from adaptx.planning.request import Request
    from adaptx.results.summaries import stack_result

    request = Request(choices=choices_of(options), names=tasks, on=on)
    return Command(requests=[request], gather=lambda planned, view, steps: stack_result(planned[0], view, steps))


def _compare(
    intermediate: str, target: str, *, seeds: int = 1, **options: Unpack[WorkOptions]
) -> Command[CompareResult]:
    from adaptx.execution.command import Command
    from adaptx.planning.arms import Comparison, requests_of
    from adaptx.results.summaries import compare_result

    choices, seeds = choices_of(options), read_option("seeds", seeds)
    every = tuple(range(choices.seed, choices.seed + seeds))
    comparison = Comparison(intermediate=intermediate, target=target, seeds=every, choices=choices)
    return Command(
        requests=requests_of(comparison),
        gather=lambda planned, view, steps: compare_result(comparison, planned, view, steps),
    )


def _run(
    recipe: str | Path,
    *,
    report: str | Path | None = None,  # noqa: ARG001 - as `run`
    **options: Unpack[HowOptions],
) -> Command[RunResult]:
    from adaptx.execution.command import Command
    from adaptx.planning.recipe import read_recipe
    from adaptx.results.summaries import run_result

    read_options(options, known=HowOptions.__annotations__)
    grid = read_recipe(Path(recipe))
    return Command(requests=grid.requests(), gather=lambda planned, view, steps: run_result(grid, planned, view, steps))


COMMANDS: Mapping[Callable[..., Result[Any]], Callable[..., Command[Any]]] = {
    train: _train,
    stack: _stack,
    compare: _compare,
    run: _run,
}
"""What computes, and what it asks for."""


def _carry_out(command: Command[Value], options: Mapping[str, object], progress: ProgressCallback) -> Value:
    from adaptx.execution.command import carry_out

    return carry_out(command, open_store(cast("Store | None", options.get("store"))), _job(options), progress)


def _job(options: Mapping[str, object]) -> Job:
    from adaptx.execution.job import Job

    read = read_options({name: value for name, value in options.items() if name in OPTIONS})
    return Job(how=settings_of(read), strict=read["strict"], keep=read["keep"])


def take_part(job: str | Path, *, progress: ProgressCallback = silent) -> None:
    """Work as one process of a launch whose job is in a file; only DeepSpeed's launcher has a reason to call it."""
    from adaptx.execution import launch

    launch.take_part(Path(job), progress)


# What is stored, and what there is.


def open_store(path: Place = None) -> Store:
    """Open the store in a folder, or the nearest one upward from here; touches nothing until something is stored."""
    from adaptx.store import Store, discover

    return path if isinstance(path, Store) else Store(Path(path) if path is not None else discover(Path.cwd()))


def ls(kind: str, *, store: Place = None) -> Result[Sequence[Row]]:
    """List all items of ``kind``, one of `KINDS`; of tasks the value holds whole pages, the frame a summary."""
    from adaptx.reporting import lists
    from adaptx.results import listing

    if kind not in KINDS:
        raise UnknownName("kind", kind, KINDS)
    if kind in STORED:
        place = open_store(store)
        notes = _faults(listing.faults_of_listing(place, kind))
        return Result(listing.list_stored(place, kind), list, lists.show, notes=notes)
    value, summary = listing.list_known(kind, whole=True), listing.list_known(kind)
    broken = (row for row in summary if str(row.get("title", "")).startswith(listing.BROKEN))
    notes = _faults(f"task {row['name']}: {row['title']}" for row in broken)
    return Result(value, lambda _: summary, lambda _: lists.show(summary), notes=notes)


def show(name: str, *, is_task: bool = False, store: Place = None) -> Result[Row | StoredStepView]:
    """Return the page of a task, or the stored step whose id is ``name`` or begins with it."""
    from adaptx.reporting import lists
    from adaptx.results import listing

    value = listing.details_of(name, lambda: open_store(store), is_task=is_task)
    notes = _faults(listing.faults_of(value, lambda: open_store(store)))
    return Result(value, lambda value: [value], lists.show_one, notes=notes)


def why(step: str, *, store: Place = None) -> Result[WhyResult]:
    """Return in which fields a stored step (an id or its first letters) differs from the nearest one of its kind."""
    from adaptx.reporting import tables
    from adaptx.results.summaries import why_result

    place = open_store(store)
    notes = _faults(fault for _, fault in place.damaged())
    return Result(why_result(place, step), lambda value: value["differences"], tables.print_why, notes=notes)


def verify(*steps: str, store: Place = None) -> Result[VerifyResult]:
    """Check every stored file, or those of ``steps``, and recompute every score; faults are in the answer."""
    from adaptx.reporting import tables
    from adaptx.results import verify

    place = open_store(store)
    notes = tuple(f"note: {lost}" for lost in verify.missing_parents(place))
    return Result(verify.verify(place, steps), lambda value: value["steps"], tables.print_verify, notes=notes)


def _faults(faults: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"fault: {fault}" for fault in faults)


def prune(*steps: str, dry_run: bool = False, store: Place = None) -> Result[list[PrunedRow]]:
    """Remove unfinished work that no process is using, and the stored ``steps``; ``dry_run`` only says what."""
    from adaptx.reporting import lists
    from adaptx.results import listing

    return Result(listing.prune(open_store(store), steps, dry_run=dry_run), list, lists.show)


def doctor(*, store: Place = None) -> Result[list[Finding]]:
    """Check the installation, the plugins (each in a process of its own) and the store; faults are in the answer."""
    from adaptx.reporting import lists
    from adaptx.results import doctor

    try:
        place: Store | AdaptxError = open_store(store)
    except AdaptxError as error:  # one finding among others
        place = error
    return Result(doctor.examine(place), list, lists.show)


def export(
    *results: str, to: str, folder: str | Path, store: Place = None
) -> Result[list[SubmittedFile] | list[CopiedFolder]]:
    """Write stored results into ``folder``: a submission (``to="xtreme"``), or an adapter in its library's layout."""
    from adaptx.reporting import lists
    from adaptx.results import export

    return Result(export.export(open_store(store), results, to, Path(folder)), list, lists.show)


def fetch(
    *names: str,
    backbone: str | None = None,
    languages: str | Sequence[str] = (),
    store: Place = None,
) -> Result[list[FetchedRow]]:
    """Download the rows of tasks and of what they train on, everything that recipes (by path) need, and a backbone."""
    from adaptx.execution import fetch
    from adaptx.planning.recipe import is_recipe, read_recipe
    from adaptx.reporting import lists

    recipes, place = [read_recipe(Path(name)) for name in names if is_recipe(name)], open_store(store)
    tags = read_options({"languages": languages})["languages"]
    rows = fetch.fetch([name for name in names if not is_recipe(name)], backbone, tags, place)
    return Result([*rows, *(row for grid in recipes for row in fetch.fetch_recipe(grid, place))], list, lists.show)


def score_submission(
    folder: str | Path,
    *,
    source: str = "hub",
    languages: str | Sequence[str] = (),
    max_eval: int | None = None,
    store: Place = None,
) -> Result[SubmissionScores]:
    """Score the predictions in a folder of XTREME's layout, by task and language, with the benchmark's averages."""
    from adaptx.data.source import open_source
    from adaptx.reporting import frames, submission
    from adaptx.results.submission import score

    read = read_options({"source": source, "languages": languages, "max_eval": max_eval})
    rows = open_source(read["source"], open_store(store))
    value = score(Path(folder), rows, languages=read["languages"], limit=read["max_eval"])
    return Result(value, frames.rows_of_submission, submission.print_scores)


@with_options(WorkOptions)
def load_stack(*tasks: str, id: str | None = None, on: str | None = None, **options: Unpack[WorkOptions]) -> TaskModel:
    """Return a stored stack as a torch module with its tokenizer and ``predict(rows)``, from its committed files.

    The stack is named as `stack` made it, or by the id of a stored adapter or evaluation; ``on`` is another task that
    its head can answer. Raises `Missing` where it was not trained, `Incompatible` where the head cannot answer.
    """
    from adaptx.execution import load

    settings, place = settings_of(options), open_store(options.get("store"))
    if id is not None:
        return load.by_id(id, place, settings, on=on)
    return load.by_names(tasks, on, choices_of(options), place, settings)
