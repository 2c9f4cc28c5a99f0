"""What analysis answers: scores of a stack by language and attack, and comparisons of arms, as plain JSON values.

Owns the types alone. Pairs beside a type in `Annotated` are keywords of the published JSON Schema.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

__all__ = [
    "ArmComparison",
    "ArmScores",
    "AttackScores",
    "Bounds",
    "Contrast",
    "Estimate",
    "LanguageScores",
    "MeanScores",
    "MeasureEstimates",
    "Score",
    "Share",
    "StackScores",
    "SuccessRate",
    "SuccessRates",
]

Score = Annotated[float, ("description", "a score or a difference of scores as a fraction: 1.0 is 100 points")]
Share = Annotated[float, ("minimum", 0), ("maximum", 1)]
Bounds = Annotated[
    list[float], ("minItems", 2), ("maxItems", 2), ("description", "lower and upper bound, as fractions")
]


class AttackScores(TypedDict):
    """One attack on one language, or the mean of these over languages; null is what no row was tried for."""

    accuracy: Score  # the task's metric under attack, over all rows
    interval: Bounds
    lost: Score
    success_rate: Share | None  # over attacked rows, as are queries
    queries: float | None
    edit_rate: Share | None
    no_op_rate: Share | None
    random_baseline: Score


class LanguageScores(TypedDict):
    """One language, clean and under every attack, with what makes its numbers doubtful."""

    n: int
    n_clusters: int
    clean: Score
    interval: Bounds
    flags: list[str]
    attacks: dict[str, AttackScores]


class MeanScores(TypedDict):
    """The unweighted mean over languages, with the flags of every language in it."""

    n_languages: int
    n_clusters: int
    clean: Score
    interval: Bounds
    flags: list[str]
    attacks: dict[str, AttackScores]


class StackScores(TypedDict):
    """One stack on one task; ``mean_zero_shot`` is null where it was trained in every language."""

    flags: list[str]
    languages: dict[str, LanguageScores]
    mean: MeanScores
    mean_zero_shot: MeanScores | None


class Estimate(TypedDict):
    """A weighted sum of arms, with two intervals: over other examples, and over other seeds (null for one seed)."""

    value: Score
    these_models: Bounds
    a_new_seed: Bounds | None


class MeasureEstimates(TypedDict):
    """An estimate over all languages, over those nobody was trained in, and for each."""

    mean: Estimate
    mean_zero_shot: Estimate | None
    languages: dict[str, Estimate]


class ArmScores(TypedDict):
    """One arm of a comparison; ``scores`` by measure: clean, then each attack."""

    method: str
    intermediate: str | None
    control: bool
    learning_rates_tried: int
    flags: list[str]
    scores: dict[str, MeasureEstimates]


class Contrast(TypedDict):
    """A difference of arms, or of two such differences; the weights say exactly what was subtracted."""

    name: str
    weights: dict[str, float]
    scores: dict[str, MeasureEstimates]


class SuccessRate(TypedDict):
    """The share of rows reached by arm, on the ``n`` rows that every arm answers correctly."""

    n: int
    arms: dict[str, Share | None]


class SuccessRates(TypedDict):
    """Success rates of one attack by language, and their mean over the languages that have any such rows."""

    languages: dict[str, SuccessRate]
    mean: dict[str, Share] | None


class ArmComparison(TypedDict):
    """All arms of a comparison, what the intermediate task does within each method, and how these effects differ."""

    languages: list[str]
    seeds: list[int]
    arms: dict[str, ArmScores]
    effects: list[Contrast]
    differences: list[Contrast]
    controls: list[Contrast]
    success_rates: dict[str, SuccessRates]
    mixed_how: dict[str, dict[str, list[str]]]  # fact -> its value as JSON -> runs
    flags: list[str]
    notes: list[str]
