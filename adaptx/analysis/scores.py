"""From stored rows to the numbers of a table: per language, over languages, clean and under attack.

Owns what ``stack --json`` says under ``languages``, ``mean`` and ``mean_zero_shot``; reads records and outcomes only,
so a table can be made again without a model. What makes a number doubtful is a flag beside it, and a mean carries the
flags of every language in it: nothing doubtful is averaged away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import isclose
from typing import TYPE_CHECKING

from adaptx.analysis import intervals, resampling
from adaptx.errors import DataFault
from adaptx.metrics.sums import terms_of
from adaptx.robustness.outcomes import summarise
from adaptx.schema.sources import one_source

if TYPE_CHECKING:
    from adaptx.analysis.intervals import Interval
    from adaptx.robustness.outcomes import OutcomeRow
    from adaptx.schema.scores import AttackScores, LanguageScores, MeanScores, StackScores
    from adaptx.tasks.forms import PredictionRecord

__all__ = [
    "CLEAN",
    "ClusterEstimate",
    "EvaluationCell",
    "cluster_keys",
    "estimate",
    "flags_of",
    "score_languages",
]

CLEAN = "clean"  # the measure without an attack
MAJORITY_SHARE = 0.98  # of the predictions on one label: the model has learnt nothing else
TINY = 200  # rows; the interval of 0.5 is then wider than 13 points
FEW_CLUSTERS = 30  # below, a cluster bootstrap is too narrow


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationCell:
    """The stored rows of one language: predictions, and outcomes per attack on the same rows.

    ``majority`` is the share of the most frequent gold label (`Form.majority`), None where the form has no labels.
    Raises `DataFault` for no rows, and for outcomes of other rows than the predictions.
    """

    language: str
    source: str  # hub, folder or mini
    records: Sequence[PredictionRecord]
    outcomes: Mapping[str, Sequence[OutcomeRow]] = field(default_factory=dict)
    majority: float | None = None
    quarantined: int = 0

    def __post_init__(self) -> None:
        if not self.records:
            raise DataFault(f"language {self.language!r} has no stored rows", hint="check the split and --max-eval")
        wanted = sorted(record["id"] for record in self.records)
        for attack, outcomes in self.outcomes.items():
            if sorted(row["id"] for row in outcomes) != wanted:
                told = f"attack {attack!r} on {self.language!r}: {len(outcomes)} outcomes for {len(wanted)} predictions"
                raise DataFault(told, hint="attack the same rows as the evaluation")

    def terms(self, measure: str) -> list[Sequence[float]]:
        """Return what every row adds to the score, in the order of the records: ``clean``, or under the attack named.

        See `adaptx.metrics.sums`.
        """
        if measure == CLEAN:
            return [terms_of(record) for record in self.records]
        under_attack = {row["id"]: row["terms_under_attack"] for row in self.outcomes[measure]}
        return [under_attack[record["id"]] for record in self.records]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEstimate:
    """A mean over languages of a score over rows, its interval, and how many independent clusters carry it."""

    value: float
    interval: Interval
    n_clusters: int


def score_languages(
    cells: Sequence[EvaluationCell], *, chance: float, training_languages: Collection[str]
) -> StackScores:
    """Return ``{"flags", "languages", "mean", "mean_zero_shot"}`` of one stack on one task, all scores as fractions.

    ``chance`` is the task's chance level. ``mean_zero_shot`` leaves out the training languages and is None where none
    remains. A mean is unweighted over languages; its interval resamples all languages together. Raises `Incompatible`
    for cells of several sources.
    """
    one_source(cell.source for cell in cells)
    languages = {cell.language: _language(cell, chance) for cell in cells}
    unseen = [cell for cell in cells if cell.language not in training_languages]
    mean = _mean(cells, languages)
    return {
        "flags": list(mean["flags"]),
        "languages": languages,
        "mean": mean,
        "mean_zero_shot": _mean(unseen, languages) if unseen else None,
    }


def estimate(cells: Sequence[EvaluationCell], measure: str) -> ClusterEstimate:
    """Return the mean over languages of ``clean`` or of the value under an attack, with its cluster bootstrap interval.

    Where every row agrees a bootstrap has no width: the interval is then Wilson's, over clusters.
    """
    cells = sorted(cells, key=lambda cell: cell.language)  # their order moves no resample
    clusters = resampling.clusters_of(*cluster_keys(cells))
    columns = [number for number, cell in enumerate(cells) for _ in cell.records]
    resampled = resampling.resample([terms for cell in cells for terms in cell.terms(measure)], clusters, columns)
    weights = [1 / len(cells)] * len(cells)
    value, n_clusters = resampled.mean(weights), int(clusters.max()) + 1
    constant = next((edge for edge in (0, 1) if isclose(value, edge, abs_tol=1e-12)), None)
    if constant is None:
        return ClusterEstimate(value=value, interval=resampled.interval(weights), n_clusters=n_clusters)
    interval = intervals.proportion(constant * n_clusters, n_clusters)["wilson"]
    return ClusterEstimate(value=float(constant), interval=interval, n_clusters=n_clusters)


def cluster_keys(cells: Sequence[EvaluationCell]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return what ties rows together: the parallel id across languages, the group within one."""
    parallel = [record["parallel"] for cell in cells for record in cell.records]
    groups = [(cell.language, record["group"]) for cell in cells for record in cell.records]
    return parallel, groups


def flags_of(cell: EvaluationCell, chance: float) -> list[str]:
    """Return what makes the numbers of a language doubtful."""
    return _flags(cell, estimate([cell], CLEAN), chance)


def _language(cell: EvaluationCell, chance: float) -> LanguageScores:
    clean = estimate([cell], CLEAN)
    return {
        "n": len(cell.records),
        "n_clusters": clean.n_clusters,
        "clean": clean.value,
        "interval": list(clean.interval),
        "flags": _flags(cell, clean, chance),
        "attacks": {attack: _attack(cell, attack) for attack in cell.outcomes},
    }


def _attack(cell: EvaluationCell, attack: str) -> AttackScores:
    """Return the numbers of one attack as `summarise` defines them; what no row was tried for is None, not 0."""
    under = estimate([cell], attack)
    found = summarise(cell.outcomes[attack])
    was_tried = bool(found["attacked"])
    return {
        "accuracy": under.value,
        "interval": list(under.interval),
        "lost": found["lost"],
        "success_rate": found["success_rate"] if was_tried else None,
        "queries": found["queries"] if was_tried else None,
        "edit_rate": found["edit_rate"] if was_tried else None,
        "no_op_rate": found["no_op_rate"] if was_tried else None,
        "random_baseline": found["random_baseline"],
    }


def _flags(cell: EvaluationCell, clean: ClusterEstimate, chance: float) -> list[str]:
    at_majority = cell.majority is not None and (
        isclose(clean.value, cell.majority) or _top_label_share(cell.records) >= MAJORITY_SHARE
    )
    statuses = {row["status"] for outcomes in cell.outcomes.values() for row in outcomes}
    raised = {
        "chance": clean.interval[0] <= chance,
        "majority": at_majority,
        "void": at_majority and bool(cell.outcomes),
        "attack-errors": "error" in statuses,
        "tiny": len(cell.records) < TINY,
        "few-clusters": clean.n_clusters < FEW_CLUSTERS,
        "quarantined": cell.quarantined > 0,
        "placeholder-labels": cell.majority == 1.0,
    }
    return [flag for flag, is_raised in raised.items() if is_raised]


def _top_label_share(records: Sequence[PredictionRecord]) -> float:
    """Return the share of the most frequent predicted label, over all tags where a row has one a token."""
    said = [record["prediction"] for record in records]
    labels = Counter(chain.from_iterable(label if isinstance(label, list) else [label] for label in said))
    return max(labels.values()) / labels.total()


def _mean(cells: Sequence[EvaluationCell], languages: Mapping[str, LanguageScores]) -> MeanScores:
    """Return the unweighted mean over languages; an attack that misses some is averaged over the rest and flagged."""
    clean = estimate(cells, CLEAN)
    attacks = list(dict.fromkeys(attack for cell in cells for attack in cell.outcomes))
    attacked = {attack: [cell for cell in cells if attack in cell.outcomes] for attack in attacks}
    flags = [f"{cell.language}: {flag}" for cell in cells for flag in languages[cell.language]["flags"]]
    partial = [f"{attack}: {len(have)} of {len(cells)} languages" for attack, have in attacked.items()]
    return {
        "n_languages": len(cells),
        "n_clusters": clean.n_clusters,
        "clean": clean.value,
        "interval": list(clean.interval),
        "flags": flags
        + [flag for flag, have in zip(partial, attacked.values(), strict=True) if len(have) < len(cells)],
        "attacks": {attack: _mean_attack(attack, have, languages) for attack, have in attacked.items()},
    }


def _mean_attack(attack: str, cells: Sequence[EvaluationCell], languages: Mapping[str, LanguageScores]) -> AttackScores:
    rows = [languages[cell.language]["attacks"][attack] for cell in cells]
    return {
        "accuracy": _mean_of(row["accuracy"] for row in rows),
        "lost": _mean_of(row["lost"] for row in rows),
        "success_rate": _mean_of_known(row["success_rate"] for row in rows),
        "queries": _mean_of_known(row["queries"] for row in rows),
        "edit_rate": _mean_of_known(row["edit_rate"] for row in rows),
        "no_op_rate": _mean_of_known(row["no_op_rate"] for row in rows),
        "random_baseline": _mean_of(row["random_baseline"] for row in rows),
        "interval": list(estimate(cells, attack).interval),
    }


def _mean_of(values: Iterable[float]) -> float:
    counted = list(values)
    return sum(counted) / len(counted)


def _mean_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _mean_of(known) if known else None
