"""The comparison's tables: every arm, the effects of the intermediate, and the difference of those effects; a summary.

Owns their columns; may not compute. A difference is in points with two intervals, which answer two questions and are
never mixed: *these models* (other examples) and *a new seed* (other weights).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rich.text import Text

from adaptx.reporting.lists import console
from adaptx.reporting.numbers import interval_text, points, with_interval
from adaptx.reporting.provenance import print_flags, print_steps, print_world
from adaptx.reporting.table import Sheet, rich_table

if TYPE_CHECKING:
    from adaptx.schema.commands import CompareResult, ComparisonResult, RunResult
    from adaptx.schema.scores import ArmScores, Contrast, Estimate

    Kind = Literal["effect", "difference", "control"]

__all__ = [
    "arms_of",
    "arms_sheet",
    "contrasts_of",
    "contrasts_sheet",
    "flags_of",
    "label_of",
    "measures_of",
    "print_comparison",
    "print_run",
    "sheets_of",
    "summary",
]


def print_comparison(value: CompareResult) -> None:
    """Print a comparison: arms, effects, differences, controls, flags and notes."""
    print_world(value["source"])
    print_steps(value["steps"])
    _print(value)


def print_run(value: RunResult) -> None:
    """Print a run: what was made, a summary of all comparisons, each of them, and where the report is."""
    print_world(value["source"])
    print_steps(value["steps"])
    console().print(rich_table(summary(value["comparisons"])))
    for print_comparison in value["comparisons"]:
        _print(print_comparison)
    console().print(Text(f"report: {value['report']}", style="bold"))


def _print(value: ComparisonResult) -> None:
    console().print(Text(f"{label_of(value)} ({value['split']}, {value['metric']}, points)", style="bold"))
    console().print(f"{value['backbone']}, {value['precision']}, source {value['source']}, seeds {value['seeds']}")
    for sheet in sheets_of(value):
        console().print(rich_table(sheet))
    for note in value["notes"]:
        console().print(Text(note, style="yellow"))
    print_flags(flags_of(value))


def flags_of(value: ComparisonResult) -> list[str]:
    """Return the flags of a comparison, those of an arm on one line: ``lora: tiny (de en)``."""
    of_arms = {f"{name}: {flag}" for name, arm in value["arms"].items() for flag in arm["flags"]}
    own = [flag for flag in value["flags"] if flag not in of_arms]
    return [*own, *(f"{name}: {_by_flag(arm['flags'])}" for name, arm in value["arms"].items() if arm["flags"])]


def _by_flag(flags: Sequence[str]) -> str:
    """Return flags of languages by flag, for ``["de: tiny", "en: tiny"]``: ``tiny (de en)``."""
    languages: dict[str, list[str]] = {}
    for language, _, flag in (text.partition(": ") for text in flags):
        languages.setdefault(flag, []).append(language)
    return ", ".join(f"{flag} ({' '.join(tags)})" for flag, tags in languages.items())


def label_of(value: ComparisonResult) -> str:
    """Return what a comparison is of: ``squad → pawsx``."""
    return f"{value['intermediate']} → {value['target']}"


def summary(comparisons: Sequence[ComparisonResult]) -> Sheet:
    """Return one row a comparison, method and measure: the mean without and with the intermediate, and its effect."""
    rows = [
        _summary_row(value, effect, measure)
        for value in comparisons
        for effect in value["effects"]
        for measure in measures_of(value)
    ]
    return Sheet(
        title="summary: means over languages, and the effect of the intermediate task",
        columns=("backbone", "stack", "method", "measure", "direct", "stacked", "effect", "zero-shot effect"),
        rows=tuple(rows),
        words=frozenset({"backbone", "stack", "method", "measure"}),
    )


def _summary_row(value: ComparisonResult, effect: Contrast, measure: str) -> tuple[str, ...]:
    stacked, direct = arms_of(effect)
    means = (_estimate(value["arms"][arm]["scores"][measure]["mean"]) for arm in (direct, stacked))
    found = effect["scores"][measure]
    effects = (_estimate(found["mean"]), _estimate(found["mean_zero_shot"]))
    return (value["backbone"], label_of(value), value["arms"][stacked]["method"], measure, *means, *effects)


def arms_of(effect: Contrast) -> tuple[str, str]:
    """Return the two arms of an effect: with the intermediate task, and without."""
    stacked, direct = sorted(effect["weights"], key=effect["weights"].__getitem__, reverse=True)
    return stacked, direct


def sheets_of(value: ComparisonResult) -> list[Sheet]:
    """Return the tables of a comparison: for clean and each attack its arms and their contrasts."""
    return [make(value, measure) for measure in measures_of(value) for make in (arms_sheet, contrasts_sheet)]


def measures_of(value: ComparisonResult) -> list[str]:
    """Return what was measured on every arm: clean, then each attack."""
    return list(next(iter(value["arms"].values()))["scores"])


def arms_sheet(value: ComparisonResult, measure: str) -> Sheet:
    """Return one row an arm: the means with their interval, then every language."""
    return Sheet(
        title=f"arms, {measure}",
        columns=("arm", "learning rates", "mean", "zero-shot", *value["languages"]),
        rows=tuple(_arm_row(name, arm, measure, value["languages"]) for name, arm in value["arms"].items()),
        words=frozenset({"arm"}),
    )


def _arm_row(name: str, arm: ArmScores, measure: str, languages: Sequence[str]) -> tuple[str, ...]:
    scores = arm["scores"][measure]
    means = (_estimate(scores["mean"]), _estimate(scores["mean_zero_shot"]))
    each = (points(scores["languages"][tag]["value"]) for tag in languages)
    return (name, str(arm["learning_rates_tried"]), *means, *each)


def contrasts_of(value: ComparisonResult) -> list[tuple[Kind, Contrast]]:
    """Return every contrast with its kind, in the order of tables."""
    found: list[tuple[Kind, Sequence[Contrast]]] = [
        ("effect", value["effects"]),
        ("difference", value["differences"]),
        ("control", value["controls"]),
    ]
    return [(kind, contrast) for kind, contrasts in found for contrast in contrasts]


def contrasts_sheet(value: ComparisonResult, measure: str) -> Sheet:
    """Return one row a contrast: effects, differences of effects, controls; each with both intervals."""
    rows = [
        (kind, contrast["name"], *_both(scores["mean"]), *_both(scores["mean_zero_shot"]))
        for kind, contrast in contrasts_of(value)
        for scores in [contrast["scores"][measure]]
    ]
    return Sheet(
        title=f"contrasts, {measure}",
        columns=("kind", "contrast", "mean", "a new seed", "zero-shot", "a new seed "),
        rows=tuple(rows),
        words=frozenset({"kind", "contrast"}),
    )


def _estimate(estimate: Estimate | None) -> str:
    return "" if estimate is None else with_interval(estimate["value"], estimate["these_models"])


def _both(estimate: Estimate | None) -> tuple[str, str]:
    if estimate is None:
        return "", ""
    return _estimate(estimate), interval_text(estimate["a_new_seed"])
