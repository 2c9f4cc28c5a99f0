"""The figures of a run: scores by language and arm, and the effect of the intermediate task by method.

Owns which value becomes which mark; may not compute a score. Without an attack there is one figure of clean scores;
with attacks one each, clean beside attacked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from adaptx.reporting.comparison import arms_of, label_of, measures_of
from adaptx.reporting.numbers import with_interval
from adaptx.reporting.plot import Group, Line, Mark, Plot

if TYPE_CHECKING:
    from adaptx.schema.commands import ComparisonResult
    from adaptx.schema.scores import Contrast, Estimate, MeasureEstimates

    Pick = Callable[[MeasureEstimates], Estimate | None]

__all__ = ["effects_of", "plots_of"]

CLEAN = "clean"
SCOPES: Mapping[str, Pick] = {
    "all languages": lambda scores: scores["mean"],
    "zero-shot": lambda scores: scores["mean_zero_shot"],
}
INTERVALS = "Whiskers are 95 % intervals over examples, for these models."


def plots_of(value: ComparisonResult, number: int) -> list[Plot]:
    """Return the scores of one comparison, the ``number``th of its run: one figure, or one for each attack."""
    return [_scores_plot(value, attack, f"scores-{number}-{at}") for at, attack in enumerate(_attacks(value), start=1)]


def effects_of(comparisons: Sequence[ComparisonResult]) -> list[Plot]:
    """Return the effects of all comparisons of a run: one figure, or one for each attack."""
    attacks = dict.fromkeys(attack for value in comparisons for attack in _attacks(value))
    plots = [_effects_plot(comparisons, attack, f"effects-{at}") for at, attack in enumerate(attacks, start=1)]
    return [plot for plot in plots if plot.groups]


def _attacks(value: ComparisonResult) -> list[str | None]:
    return [measure for measure in measures_of(value) if measure != CLEAN] or [None]


def _scores_plot(value: ComparisonResult, attack: str | None, name: str) -> Plot:
    """Return one group a mean and language, one line an arm, clean filled and attacked hollow."""
    title = f"{label_of(value)}: {value['metric']} by language{f', clean and {attack}' if attack else ''}"
    return Plot(
        name=name,
        title=title,
        description=f"{title}. One line an arm. {INTERVALS} The dashed line is chance.",
        axis=f"{value['metric']}, points",
        groups=tuple(_score_groups(value, attack)),
        series=tuple(enumerate(value["arms"])),
        filled=CLEAN,
        hollow=attack or "",
        reference=100 * value["chance"] if value["chance"] else None,
    )


def _score_groups(value: ComparisonResult, attack: str | None) -> Iterator[Group]:
    """Yield the means, then every language."""
    picks = {f"mean, {label}": pick for label, pick in SCOPES.items()}
    picks |= {tag: _of_language(tag) for tag in value["languages"]}
    groups = (_score_group(value, label, attack, pick) for label, pick in picks.items())
    return (group for group in groups if group.lines)


def _of_language(tag: str) -> Pick:
    return lambda scores: scores["languages"][tag]


def _score_group(value: ComparisonResult, label: str, attack: str | None, pick: Pick) -> Group:
    lines = (
        _line(number, f"{label}, {name}", _estimates_of(arm["scores"], pick), attack)
        for number, (name, arm) in enumerate(value["arms"].items())
    )
    return Group(label, tuple(line for line in lines if line))


def _estimates_of(scores: Mapping[str, MeasureEstimates], pick: Pick) -> dict[str, Estimate]:
    """Return what is measured of one mean or language: nothing of a mean over no languages."""
    return {measure: found for measure, estimates in scores.items() if (found := pick(estimates))}


def _effects_plot(values: Sequence[ComparisonResult], attack: str | None, name: str) -> Plot:
    """Return one group a comparison and mean, one line a method, and a line at no effect."""
    title = f"Effect of the intermediate task{f', clean and {attack}' if attack else ''}"
    several = len({value["backbone"] for value in values}) > 1
    return Plot(
        name=name,
        title=title,
        description=f"{title}: the score above it minus the score without. {INTERVALS} The dashed line is no effect.",
        axis="difference in points",
        groups=tuple(group for value in values for group in _effect_groups(value, attack, several=several)),
        series=_effect_series(values[0]),
        filled=CLEAN,
        hollow=attack or "",
        reference=0.0,
    )


def _effect_series(value: ComparisonResult) -> tuple[tuple[int, str], ...]:
    """Return the methods in the colours of their stacked arms."""
    return tuple((_series_of(effect, value), _method(effect, value)) for effect in value["effects"])


def _effect_groups(value: ComparisonResult, attack: str | None, *, several: bool) -> Iterator[Group]:
    of = f"{value['backbone']} {label_of(value)}" if several else label_of(value)
    for label, pick in SCOPES.items():
        lines = (
            _line(
                _series_of(effect, value), f"{label}, {effect['name']}", _estimates_of(effect["scores"], pick), attack
            )
            for effect in value["effects"]
        )
        if shown := tuple(line for line in lines if line):
            yield Group(f"{of}, {label}", shown)


def _series_of(effect: Contrast, value: ComparisonResult) -> int:
    return list(value["arms"]).index(arms_of(effect)[0])


def _method(effect: Contrast, value: ComparisonResult) -> str:
    return value["arms"][arms_of(effect)[0]]["method"]


def _line(series: int, name: str, estimates: Mapping[str, Estimate], attack: str | None) -> Line | None:
    """Return the marks of one arm or effect, None where there is nothing to show."""
    shown = [CLEAN, attack] if attack else [CLEAN]
    marks = [_mark(f"{name}, {measure}", estimates[measure], measure != CLEAN) for measure in shown if estimates]
    return Line(series, tuple(marks)) if marks else None


def _mark(name: str, estimate: Estimate, hollow: bool) -> Mark:  # noqa: FBT001 - of a private call
    low, high = estimate["these_models"]
    told = f"{name}: {with_interval(estimate['value'], estimate['these_models'])}"
    return Mark(100 * estimate["value"], 100 * low, 100 * high, told, hollow)
