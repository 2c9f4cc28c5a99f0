"""What is stored of an attack on one row, and the scores of a cell that follow from it.

Owns `Outcome` and `summarise`; pure. All values are fractions in [0, 1]; the main numbers are over *all* rows, since a
success rate over the rows that one model answers correctly cannot be compared with another model's.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, TypedDict

from adaptx.metrics.sums import scores_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Outcome", "OutcomeRow", "Status", "summarise"]

Status = Literal["success", "survived", "no-proposal", "wrong", "error"]


class OutcomeRow(TypedDict):
    """What analysis reads of one row. ``value`` is the task's main metric of the row."""

    id: str
    parallel: str
    group: str
    status: Status
    clean_value: float
    clean_correct: bool
    attacked: bool  # answered correctly and not an error
    reached: bool
    value_under_attack: float  # never above clean_value: an attacker may leave the text alone
    clean_terms: list[float]  # what the row adds to its cell's score (`adaptx.metrics.sums`): clean,
    terms_under_attack: list[float]  # under attack,
    queries: int  # candidates asked, whether the answer was known or not
    edits: str  # JSON: [[field, start, end, new], ...], offsets in the original
    edited_clusters: int
    clusters: int  # of the attackable fields
    no_op: bool  # the tokenizer does not see the kept edits
    candidates: int  # different texts asked
    no_op_candidates: int  # of these, how many the tokenizer does not tell from the clean text
    baseline_value: float
    baseline_terms: list[float]  # and under random edits
    baseline_reached: bool
    baseline_queries: int
    baseline_edited_clusters: int
    error: str | None


class Outcome(OutcomeRow):
    """One row with its texts, which are stored as JSON; the adversarial text is the worst that was found."""

    original: dict[str, str]  # attackable fields
    adversarial: dict[str, str]  # the same fields; equal to the original where nothing was kept


def summarise(outcomes: Sequence[OutcomeRow]) -> dict[str, float]:
    """Return the scores of one cell; the empty cell has none.

    ``accuracy`` is the main metric under attack over all rows, ``lost`` = clean - accuracy, ``random_baseline`` the
    metric under random edits at the same budget; ``success_rate`` and ``queries`` (the mean) are over attacked rows;
    ``edit_rate`` is pooled over the rows with an adversarial text, ``no_op_rate`` over all candidates.
    """
    if not outcomes:
        return {}
    n = len(outcomes)
    attacked = [o for o in outcomes if o["attacked"]]
    found = [o for o in attacked if o["edited_clusters"]]
    statuses = Counter(o["status"] for o in outcomes)
    clean, accuracy = _score(outcomes, "clean_terms"), _score(outcomes, "terms_under_attack")
    return {
        "n": n,
        "attacked": len(attacked),
        "clean": clean,
        "accuracy": accuracy,
        "lost": clean - accuracy,
        "random_baseline": _score(outcomes, "baseline_terms"),
        "success_rate": _ratio(statuses["success"], len(attacked)),
        "queries": _ratio(sum(o["queries"] for o in attacked), len(attacked)),
        "edit_rate": _ratio(sum(o["edited_clusters"] for o in found), sum(o["clusters"] for o in found)),
        "baseline_edit_rate": _baseline_rate(attacked),
        "no_op_rate": _ratio(sum(o["no_op_candidates"] for o in outcomes), sum(o["candidates"] for o in outcomes)),
        "no_proposal": statuses["no-proposal"],
        "errors": statuses["error"],
    }


def _score(outcomes: Sequence[OutcomeRow], terms: str) -> float:
    import numpy as np

    return float(scores_of(np.array([o[terms] for o in outcomes], dtype=np.float64).sum(axis=0)))  # type: ignore[literal-required]


def _baseline_rate(attacked: Sequence[OutcomeRow]) -> float:
    found = [o for o in attacked if o["baseline_edited_clusters"]]
    return _ratio(sum(o["baseline_edited_clusters"] for o in found), sum(o["clusters"] for o in found))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
