"""Comparisons: how much an intermediate task helps, and whether an adapter carries as much of it as full training.

Owns the effects of {no intermediate, intermediate} x methods with controls of equal capacity, from
stored rows only; prints nothing. Every effect is a row of weights over the columns (measure, arm, language), so that
all of them are paired on the same resampled clusters. Two intervals answer two questions and are never mixed: *these
models* (other examples, the same weights) and *a new seed* (other weights, the same examples).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from adaptx.analysis import intervals, resampling
from adaptx.analysis.scores import CLEAN, EvaluationCell, cluster_keys, flags_of
from adaptx.errors import Incompatible, UsageError
from adaptx.methods import method_named
from adaptx.schema.sources import one_source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adaptx.robustness.outcomes import OutcomeRow
    from adaptx.schema.scores import (
        ArmComparison,
        ArmScores,
        Contrast,
        Estimate,
        MeasureEstimates,
        SuccessRate,
        SuccessRates,
    )

    Measured = Callable[[Mapping[str, float]], dict[str, MeasureEstimates]]

__all__ = ["ArmRun", "compare"]

FEW_SEEDS = 5  # below, an interval over seeds is reported and flagged

Weights = Mapping[str, float]  # arm name -> weight


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRun:
    """One arm at one seed: its stored rows in every language, and what its manifests say of how it was made."""

    name: str
    method: str
    intermediate: str | None
    seed: int
    cells: Sequence[EvaluationCell]
    control: bool = False
    learning_rates_tried: int = 1
    how: Mapping[str, str] = field(default_factory=dict)


def compare(runs: Sequence[ArmRun], *, chance: float, training_languages: Collection[str]) -> ArmComparison:
    """Return the comparison of ``runs`` as plain JSON values, scores as fractions.

    ``arms`` holds the scores of each arm; ``effects`` intermediate minus direct within a method; ``differences`` the
    effect of a method minus the effect of full training; ``controls`` the stack minus direct training of equal capacity
    and that minus the plain arm. Each is measured ``clean`` and under every attack that all runs share, and given as
    ``{"mean", "mean_zero_shot", "languages"}`` of ``{"value", "these_models", "a_new_seed"}``. ``success_rates`` are on
    the rows that every run answers correctly. Raises `Incompatible` unless all arms share seeds, languages and rows.
    """
    _check(runs)
    arms = list({run.name: run for run in runs}.values())
    measures, notes = _measures(runs)
    grid = _grid(runs, measures)
    scopes = _scopes([cell.language for cell in runs[0].cells], training_languages)

    def estimates_of(weights: Weights) -> dict[str, MeasureEstimates]:
        return {measure: _estimates_by_scope(grid, weights, measure, scopes) for measure in measures}

    flags = {arm.name: _arm_flags([run for run in runs if run.name == arm.name], chance) for arm in arms}
    mixed = _differing_settings(runs)
    return {
        "languages": scopes.all,
        "seeds": list(grid.seeds),
        "arms": {arm.name: _arm_scores(arm, flags[arm.name], estimates_of({arm.name: 1})) for arm in arms},
        "effects": [_contrast(weights, estimates_of) for weights in _effects(arms).values()],
        "differences": [_contrast(weights, estimates_of) for weights in _differences(arms)],
        "controls": [_contrast(weights, estimates_of) for weights in _controls(arms)],
        "success_rates": {attack: _success_rates(runs, attack) for attack in measures if attack != CLEAN},
        "mixed_how": mixed,
        "flags": [*_comparison_flags(runs, mixed), *(f"{arm}: {flag}" for arm, told in flags.items() for flag in told)],
        "notes": [*notes, *_notes_on_seeds(grid.seeds)],
    }


class Scopes(NamedTuple):
    """The languages that means are taken over: all, and those nobody was trained in."""

    all: list[str]
    unseen: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The columns of a comparison, ordered (measure, arm, language): per seed, and resampled with seeds averaged."""

    measures: tuple[str, ...]
    arms: tuple[str, ...]
    languages: tuple[str, ...]
    seeds: tuple[int, ...]
    scores: NDArray[np.float64]  # (seeds, columns)
    resampled: resampling.Resampled

    def estimate(self, weights: Weights, measure: str, languages: Collection[str]) -> Estimate:
        """Return a weighted sum of arms, averaged over ``languages``, with its two intervals."""
        import numpy as np

        cube = np.zeros((len(self.measures), len(self.arms), len(self.languages)))
        chosen = [self.languages.index(language) for language in languages]
        for arm, weight in weights.items():
            cube[self.measures.index(measure), self.arms.index(arm), chosen] = weight / len(chosen)
        columns = cube.ravel()
        new_seed = intervals.t_interval((self.scores @ columns).tolist())
        return {
            "value": self.resampled.mean(columns),
            "these_models": list(self.resampled.interval(columns)),
            "a_new_seed": list(new_seed) if new_seed else None,
        }


def _grid(runs: Sequence[ArmRun], measures: Sequence[str]) -> Grid:
    import numpy as np

    # Sorted, so that the order in which arms and languages come moves no resample.
    arms, seeds = tuple(sorted({run.name for run in runs})), tuple(sorted({run.seed for run in runs}))
    found = {(run.name, run.seed): run for run in runs}
    rows = sorted(runs[0].cells, key=lambda cell: cell.language)
    blocks = [(measure, arm) for measure in measures for arm in arms]
    terms = [_terms(found[arm, seed], measure, rows) for seed in seeds for measure, arm in blocks]
    languages = np.repeat(np.arange(len(rows)), [len(cell.records) for cell in rows])
    columns = np.arange(len(terms))[:, None] * len(rows) + languages
    clusters = np.tile(resampling.clusters_of(*cluster_keys(rows)), len(terms))
    resampled = resampling.resample(np.concatenate(terms), clusters, columns.ravel())
    return Grid(
        measures=tuple(measures),
        arms=arms,
        languages=tuple(cell.language for cell in rows),
        seeds=seeds,
        scores=resampled.means.reshape(len(seeds), -1),
        resampled=resampled.average_over(len(seeds)),
    )


def _terms(run: ArmRun, measure: str, rows: Sequence[EvaluationCell]) -> list[Sequence[float]]:
    """Return the terms of a run in the order of ``rows``, languages one after the other."""
    cells = {cell.language: cell for cell in run.cells}
    ordered: list[Sequence[float]] = []
    for cell in rows:
        own = cells[cell.language]
        by_id = dict(zip((record["id"] for record in own.records), own.terms(measure), strict=True))
        ordered += [by_id[record["id"]] for record in cell.records]
    return ordered


def _scopes(languages: Sequence[str], training_languages: Collection[str]) -> Scopes:
    return Scopes(list(languages), [language for language in languages if language not in training_languages])


def _estimates_by_scope(grid: Grid, weights: Weights, measure: str, scopes: Scopes) -> MeasureEstimates:
    return {
        "mean": grid.estimate(weights, measure, scopes.all),
        "mean_zero_shot": grid.estimate(weights, measure, scopes.unseen) if scopes.unseen else None,
        "languages": {language: grid.estimate(weights, measure, [language]) for language in scopes.all},
    }


def _contrast(weights: Weights, estimates_of: Measured) -> Contrast:
    """Return a named difference of arms, or of two such differences; the weights say exactly what was subtracted."""
    arms = list(weights)
    pairs = [f"{arm} - {other}" for arm, other in zip(arms[::2], arms[1::2], strict=True)]
    name = pairs[0] if len(pairs) == 1 else " - ".join(f"({pair})" for pair in pairs)
    return {"name": name, "weights": dict(weights), "scores": estimates_of(weights)}


def _direct(arms: Sequence[ArmRun], method: str) -> ArmRun | None:
    return next((arm for arm in arms if arm.method == method and not arm.intermediate and not arm.control), None)


def _effects(arms: Sequence[ArmRun]) -> dict[tuple[str, str], Weights]:
    """Return per (method, intermediate) the stacked arm minus the direct arm of that method."""
    effects: dict[tuple[str, str], Weights] = {}
    for arm in arms:
        direct = _direct(arms, arm.method)
        if arm.intermediate and direct:
            effects[arm.method, arm.intermediate] = {arm.name: 1, direct.name: -1}
    return effects


def _differences(arms: Sequence[ArmRun]) -> list[Weights]:
    """Return the effect of every method minus the effect of full training with the same intermediate task."""
    effects = _effects(arms)
    differences: list[Weights] = []
    for (method, intermediate), effect in effects.items():
        full = next((effects[key] for key in effects if key[1] == intermediate and _is_reference(key[0])), None)
        if full and not _is_reference(method):
            differences.append({**effect, **{arm: -weight for arm, weight in full.items()}})
    return differences


def _is_reference(method: str) -> bool:
    """Say whether the others are held against a method: it trains all weights, as STILTs were published."""
    return method_named(method).trains_all


def _controls(arms: Sequence[ArmRun]) -> list[Weights]:
    """Return, per control, every stack of its method minus the control, and the control minus the direct arm."""
    contrasts: list[Weights] = []
    for control in (arm for arm in arms if arm.control):
        stacked = [arm for arm in arms if arm.intermediate and arm.method == control.method]
        direct = _direct(arms, control.method)
        contrasts += [{arm.name: 1, control.name: -1} for arm in stacked]
        contrasts += [{control.name: 1, direct.name: -1}] if direct else []
    return contrasts


def _success_rates(runs: Sequence[ArmRun], attack: str) -> SuccessRates:
    """Return ``{"languages", "mean"}``: the share reached per arm, on rows that every run answers correctly."""
    languages = {cell.language: _success_rate(runs, attack, cell.language) for cell in runs[0].cells}
    rates = {
        run.name: [rate for found in languages.values() if (rate := found["arms"][run.name]) is not None]
        for run in runs
    }
    mean = {arm: sum(own) / len(own) for arm, own in rates.items()} if all(rates.values()) else None
    return {"languages": languages, "mean": mean}


def _success_rate(runs: Sequence[ArmRun], attack: str, language: str) -> SuccessRate:
    tables = [(run.name, _outcomes(run, attack, language)) for run in runs]
    common = [row for row in tables[0][1] if all(_attackable(table[row]) for _, table in tables)]
    reached: dict[str, list[bool]] = {}
    for name, table in tables:
        reached.setdefault(name, []).extend(table[row]["reached"] for row in common)
    rates = {name: sum(found) / len(found) if found else None for name, found in reached.items()}
    return {"n": len(common), "arms": rates}


def _outcomes(run: ArmRun, attack: str, language: str) -> dict[str, OutcomeRow]:
    cell = next(cell for cell in run.cells if cell.language == language)
    return {row["id"]: row for row in cell.outcomes[attack]}


def _attackable(outcome: OutcomeRow) -> bool:
    return bool(outcome["clean_correct"]) and outcome["status"] != "error"


def _arm_scores(arm: ArmRun, flags: list[str], scores: dict[str, MeasureEstimates]) -> ArmScores:
    return {
        "method": arm.method,
        "intermediate": arm.intermediate,
        "control": arm.control,
        "learning_rates_tried": arm.learning_rates_tried,
        "flags": flags,
        "scores": scores,
    }


def _measures(runs: Sequence[ArmRun]) -> tuple[list[str], list[str]]:
    """Return ``clean`` and the attacks run on every cell of every run, and a note on each attack left out."""
    cells = [cell for run in runs for cell in run.cells]
    attacks = dict.fromkeys(attack for cell in cells for attack in cell.outcomes)
    shared = [attack for attack in attacks if all(attack in cell.outcomes for cell in cells)]
    notes = [f"{attack}: not run on every arm and language, left out" for attack in attacks if attack not in shared]
    return [CLEAN, *shared], notes


def _arm_flags(runs: Iterable[ArmRun], chance: float) -> list[str]:
    told = [f"{cell.language}: {flag}" for run in runs for cell in run.cells for flag in flags_of(cell, chance)]
    return list(dict.fromkeys(told))


def _comparison_flags(runs: Sequence[ArmRun], mixed: Mapping[str, object]) -> list[str]:
    raised = {
        "few-seeds": len({run.seed for run in runs}) < FEW_SEEDS,
        "unequal-learning-rates": len({run.learning_rates_tried for run in runs}) > 1,
        "mixed-how": bool(mixed),
    }
    return [flag for flag, is_raised in raised.items() if is_raised]


def _notes_on_seeds(seeds: Sequence[int]) -> list[str]:
    return ["one seed: nothing is known of a new seed"] if len(seeds) == 1 else []


def _differing_settings(runs: Sequence[ArmRun]) -> dict[str, dict[str, list[str]]]:
    """Return the facts of how runs were made that differ: fact -> value as JSON -> runs."""
    facts: dict[str, dict[str, list[str]]] = {key: {} for run in runs for key in run.how}
    for key, values in facts.items():
        for run in runs:
            values.setdefault(json.dumps(run.how.get(key), sort_keys=True), []).append(f"{run.name} seed {run.seed}")
    return {key: values for key, values in sorted(facts.items()) if len(values) > 1}


def _check(runs: Sequence[ArmRun]) -> None:
    """Raise unless the runs are a full grid: each arm once per seed, on the same rows of the same languages."""
    if not runs:
        raise UsageError("nothing to compare", hint="give at least two arms")
    one_source(cell.source for run in runs for cell in run.cells)
    seeds: dict[str, list[int]] = {}
    for run in runs:
        seeds.setdefault(run.name, []).append(run.seed)
        _check_rows(run, runs[0])
    for name, own in seeds.items():
        if sorted(own) != sorted({run.seed for run in runs}):
            told = f"arm {name!r} has seeds {sorted(own)}, the comparison {sorted({run.seed for run in runs})}"
            raise Incompatible(told, hint="run every arm once with every seed")


def _check_rows(run: ArmRun, first: ArmRun) -> None:
    own, wanted = ({cell.language: {row["id"] for row in cell.records} for cell in one.cells} for one in (run, first))
    for language in wanted | own:
        if own.get(language) != wanted.get(language):
            counts = " and ".join(str(len(rows.get(language, ()))) for rows in (own, wanted))
            told = f"arms {run.name!r} (seed {run.seed}) and {first.name!r} differ in rows of {language!r}: {counts}"
            raise Incompatible(told, hint="compare with the same --languages, --split and --max-eval")
