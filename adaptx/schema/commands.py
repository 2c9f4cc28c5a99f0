"""What every command answers: the values behind its table and its ``--json``.

Owns the types and the table of commands; the JSON Schemas in docs/schema are written from them. A field that is not
always there is `NotRequired`; what may be unknown is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NotRequired, TypedDict

from adaptx.schema.scores import ArmComparison, Score, Share, StackScores
from adaptx.spec import AttackSpec, EvalSpec, TrainSpec
from adaptx.store.manifest import Manifest
from adaptx.tasks.task import Task

__all__ = [
    "COMMANDS",
    "AdapterRow",
    "BackboneRow",
    "BestScore",
    "CompareResult",
    "ComparisonHeading",
    "ComparisonResult",
    "CopiedFolder",
    "DifferenceRow",
    "EstimateRow",
    "FetchedRow",
    "Finding",
    "Heading",
    "Plan",
    "PlannedStep",
    "PrunedRow",
    "RunResult",
    "StackResult",
    "StepRow",
    "StoredRow",
    "StoredScores",
    "StoredStepView",
    "SubmissionScores",
    "SubmittedFile",
    "SubmittedTask",
    "TrainResult",
    "VerifiedStep",
    "VerifyResult",
    "WhyResult",
]

StepId = Annotated[str, ("pattern", "^[0-9a-f]{64}$")]
ShortId = Annotated[str, ("pattern", "^[0-9a-f]{12}$")]
Seconds = Annotated[float, ("minimum", 0), ("description", "seconds")]
Bytes = Annotated[int, ("minimum", 0), ("description", "bytes")]


class StepRow(TypedDict):
    """What became of a step."""

    id: StepId
    kind: str
    name: str
    status: Literal["made", "reused"]
    seconds: Seconds


class Heading(TypedDict):
    """What was asked for: a stack from the bottom up, and what it is measured on."""

    stack: list[str]
    task: str
    backbone: str
    method: str
    source: str
    seed: int
    precision: str


class BestScore(TypedDict):
    """The score on dev rows that chose the weights, and after which step; null where there are no dev rows."""

    score: Score | None
    step: int | None


class TrainResult(Heading):
    """``adaptx train``: what was trained, and where it is."""

    id: StepId
    path: str
    trainable_parameters: int
    best: BestScore
    flags: list[str]
    bytes: Bytes
    steps: list[StepRow]


class StackResult(Heading, StackScores):
    """``adaptx stack``: one stack in every language, clean and under every attack."""

    split: str
    metric: str
    steps: list[StepRow]


class ComparisonHeading(TypedDict):
    """What is compared, and on what."""

    intermediate: str
    target: str
    metric: str
    chance: Share
    split: str
    backbone: str
    backbone_revision: str
    source: str
    precision: str


class ComparisonResult(ComparisonHeading, ArmComparison):
    """One comparison: {without, with the intermediate task} x methods."""


class CompareResult(ComparisonResult):
    """``adaptx compare``: one comparison, and the steps behind it."""

    steps: list[StepRow]


class RunResult(TypedDict):
    """``adaptx run`` and ``adaptx report``: all comparisons of a recipe, and what a reader needs to repeat them."""

    recipe: str
    why: str
    text: str  # of the recipe
    commands: list[str]
    source: str
    versions: dict[str, list[str]]
    comparisons: list[ComparisonResult]
    steps: list[StepRow]
    report: NotRequired[str]  # the path of the page, where one was written


class EstimateRow(TypedDict):
    """A line of ``adaptx report --csv``: one estimate, as fractions; the language may be a mean over languages."""

    source: str
    backbone: str
    intermediate: str
    target: str
    metric: str
    split: str
    kind: Literal["arm", "effect", "difference", "control"]
    name: str
    measure: str
    language: str
    value: Score
    low: Score
    high: Score
    new_seed_low: Score | Literal[""]
    new_seed_high: Score | Literal[""]


class PlannedStep(TypedDict):
    """A step before it is made; what it costs is told where something is to do, and its rows where it is itself."""

    id: StepId
    kind: str
    name: str
    status: Literal["done", "to do"]
    seconds: NotRequired[Seconds]
    disk_bytes: NotRequired[Bytes]
    rows: NotRequired[int]


class Plan(TypedDict):
    """``--dry-run``: every step, and what those to do will cost; where none is, no more is told than zero seconds."""

    steps: list[PlannedStep]
    seconds: Seconds
    trainable_parameters: NotRequired[int]
    memory_bytes: NotRequired[Bytes]
    disk_bytes: NotRequired[Bytes]
    measured: NotRequired[bool]


class DifferenceRow(TypedDict):
    """A field in which two requests differ, by its dotted path: any JSON value here and there."""

    path: str
    here: object
    there: object


class WhyResult(TypedDict):
    """``adaptx why``: how a stored step differs from the nearest other one of its kind."""

    id: StepId
    name: str
    nearest: StepId | None
    nearest_name: str | None
    differences: list[DifferenceRow]


class VerifiedStep(TypedDict):
    """A stored step with everything that is wrong with it."""

    id: StepId
    kind: str
    name: str
    faults: list[str]


class VerifyResult(TypedDict):
    """``adaptx verify``."""

    checked: int
    steps: list[VerifiedStep]


class RegisteredRow(TypedDict):
    """A method, attack or search by the package that brings it."""

    name: str
    distribution: str
    version: str
    target: str


BackboneRow = TypedDict("BackboneRow", {"name": str, "stands for": str})


class StoredRow(TypedDict):
    """A stored step in a list."""

    id: ShortId
    kind: str
    name: str
    backbone: str
    score: Score | None
    seconds: Seconds
    evicted: bool


class AdapterRow(StoredRow):
    """A trained step in a list."""

    method: str
    seed: int


class StoredScores(TypedDict):
    """The scores that a step stored for itself, by their names."""

    n: int
    scores: dict[str, float]
    flags: NotRequired[list[str]]


StoredStepView = TypedDict(
    "StoredStepView",
    {
        "id": StepId,
        "path": str,
        "spec": Annotated[
            Mapping[str, object], TrainSpec | EvalSpec | AttackSpec
        ],  # of the kinds that come with adaptx
        "manifest": Manifest,
        "scores.json": NotRequired[StoredScores],
    },
)


class FetchedRow(TypedDict):
    """What a task or a backbone has on this machine now."""

    what: str
    files: int
    bytes: Bytes


class SubmittedFile(TypedDict):
    """A file of a submission: how many of the rows that are published it holds."""

    file: str
    result: ShortId
    rows: int
    published: int | None
    note: str


class CopiedFolder(TypedDict):
    """An adapter in a folder of its own."""

    file: str
    result: ShortId
    files: int


class SubmittedTask(TypedDict):
    """One task of a submission: scores (and ``n``, the rows) by language, and XTREME's means over them."""

    metric: str
    languages: dict[str, dict[str, float]]
    averages: dict[str, float]


class SubmissionScores(TypedDict):
    """``adaptx score``: a submission by task, XTREME's means over tasks, and what these lack."""

    folder: str
    source: str
    tasks: dict[str, SubmittedTask]
    overall: dict[str, dict[str, float]]
    missing: dict[str, list[str]]


class PrunedRow(TypedDict):
    """What was removed, or would be."""

    path: str


class Finding(TypedDict):
    """One check of an installation."""

    check: str
    state: Literal["ok", "note", "fault"]
    detail: str


COMMANDS: Mapping[str, object] = {
    "train": TrainResult,
    "stack": StackResult,
    "compare": CompareResult,
    "run": RunResult,
    "report": RunResult,
    "report-csv": EstimateRow,
    "dry-run": Plan,
    "ls-tasks": list[Task],
    "ls-methods": list[RegisteredRow],
    "ls-attacks": list[RegisteredRow],
    "ls-searches": list[RegisteredRow],
    "ls-adapters": list[AdapterRow],
    "ls-backbones": list[BackboneRow],
    "ls-results": list[AdapterRow | StoredRow],
    "show": Task | StoredStepView,
    "why": WhyResult,
    "verify": VerifyResult,
    "fetch": list[FetchedRow],
    "export": list[SubmittedFile] | list[CopiedFolder],
    "score": SubmissionScores,
    "prune": list[PrunedRow],
    "doctor": list[Finding],
}
"""What is published: a command (or a command and its word) -> the type of its JSON."""
