"""SQuAD v2.0 in full (evaluate-v2.0.py): questions with and without an answer apart, and the no-answer threshold.

Owns what depends on whether a question has an answer; the scores of a question are `metrics.squad`'s. A question above
the threshold is taken as unanswered: right where it has no answer, wrong where it has one. Left: an absent prediction
stops the official program; here None counts as an answer that is wrong where there is a gold one.
"""

from __future__ import annotations

from collections.abc import Sequence

from adaptx.metrics import squad
from adaptx.metrics.pairs import check_pairs

__all__ = ["best_threshold", "scores"]

Answers = Sequence[str | None]
Golds = Sequence[Sequence[str]]


def scores(
    predictions: Answers, references: Golds, no_answer: Sequence[float] | None = None, threshold: float = 1.0
) -> dict[str, float]:
    """Return ``f1`` and ``em``, both also as ``HasAns_*`` and ``NoAns_*`` where there are such questions, and counts.

    Scores are fractions; ``total``, ``HasAns_total`` and ``NoAns_total`` count questions. ``no_answer``, (n,), with
    ``threshold`` says which are taken as unanswered. Raises `DataFault` for no
    questions or lists of unequal length.
    """
    check_pairs(predictions, references)
    unanswered = [value > threshold for value in no_answer] if no_answer is not None else [False] * len(references)
    f1 = _with_threshold(squad.f1_v2, predictions, references, unanswered)
    em = _with_threshold(squad.exact_match_v2, predictions, references, unanswered)
    result: dict[str, float] = {"f1": _mean(f1), "em": _mean(em), "total": len(references)}
    for group, wanted in (("HasAns", True), ("NoAns", False)):
        rows = [row for row, golds in enumerate(references) if bool(golds) == wanted]
        if rows:
            result |= {
                f"{group}_exact": _mean([em[row] for row in rows]),
                f"{group}_f1": _mean([f1[row] for row in rows]),
                f"{group}_total": len(rows),
            }
    return result


def best_threshold(
    values: Sequence[float], predictions: Answers, references: Golds, no_answer: Sequence[float]
) -> tuple[float, float]:
    """Return (best mean, threshold): the cut of ``no_answer`` that is best for ``values``, the scores of the answers.

    Tuned on the questions it is given (``find_best_thresh``): on dev rows for a claim, never on those reported.
    """
    current = best = float(sum(not golds for golds in references))
    threshold = 0.0
    for row in sorted(range(len(references)), key=lambda row: no_answer[row]):
        current += values[row] if references[row] else -float(bool(predictions[row]))
        if current > best:
            best, threshold = current, no_answer[row]
    return best / len(references), threshold


def _with_threshold(
    metric: squad.Metric, predictions: Answers, references: Golds, unanswered: Sequence[bool]
) -> list[float]:
    rows = zip(predictions, references, unanswered, strict=True)
    return [float(not golds) if empty else metric(answer, golds) for answer, golds, empty in rows]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
