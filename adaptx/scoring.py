"""`adaptx.score`: any official score by its name, from plain values.

Owns the names, the fields each metric takes and the scale it answers on, as the published scorers have them: per cent
where they print per cent. The work is in `adaptx.metrics` (fractions) and `adaptx.analysis`. A field that
a metric does not read is left alone, so that a whole record can be passed; one that it needs and lacks is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adaptx.analysis import intervals, significance
from adaptx.errors import DataFault, UnknownName, UsageError
from adaptx.metrics import (
    accuracy,
    bucc,
    classification,
    correlation,
    csls,
    mlqa,
    no_answer,
    retrieval,
    squad,
    tagging,
    xtreme,
)
from adaptx.metrics.pairs import check_pairs

__all__ = ["METRICS", "score"]

PER_CENT = 100

Scores = dict[str, float]


class Fields(dict[str, Any]):
    """What a metric was given, by name; a missing field is an error that names it."""

    def __missing__(self, name: str) -> Any:
        raise UsageError(f"{self.get('metric')!r} needs {name!r}", hint=f"given: {', '.join(sorted(self))}")


Answer = Callable[[Fields], Mapping[str, object]]


def score(
    metric: str, *, references: Any = None, predictions: Any = None, language: str | None = None, **inputs: Any
) -> dict[str, Any]:
    """Return the scores of ``metric``, on the scale of its official program (``scale`` overrides: 1 or 100).

    ``references`` and ``predictions`` are in the same order; docs/metrics.md lists what each metric reads beside them.
    Values are numbers, but for ``xtreme_average`` and ``statistics``, which answer tables of them. Raises `UnknownName`
    with the nearest metric, `UsageError` for a field that is missing, `DataFault` for what cannot be scored.
    """
    if metric not in METRICS:
        raise UnknownName("metric", metric, METRICS)
    given = {"references": references, "predictions": predictions, "language": language, **inputs, "metric": metric}
    return dict(METRICS[metric](Fields({name: value for name, value in given.items() if value is not None})))


def _scale(scores: Mapping[str, float], given: Fields, default: float = PER_CENT) -> Scores:
    return {name: value * given.get("scale", default) for name, value in scores.items()}


def _accuracy(given: Fields) -> Scores:
    return _scale({"accuracy": accuracy.accuracy(given["predictions"], given["references"])}, given)


def _f1(given: Fields) -> Scores:
    positive = given.get("positive", classification.POSITIVE)
    return _scale({"f1": classification.f1(given["predictions"], given["references"], positive)}, given)


def _one(name: str, metric: Callable[[Any, Any], float]) -> Callable[[Fields], Scores]:
    """Return a metric that answers one fraction, or a correlation in [-1, 1], under its own name."""
    return lambda given: _scale({name: metric(given["predictions"], given["references"])}, given, default=1)


def _token_accuracy(given: Fields) -> Scores:
    return _scale({"accuracy": tagging.token_accuracy(given["predictions"], given["references"])}, given)


def _seqeval(given: Fields) -> Scores:
    return _scale(tagging.f1(given["predictions"], given["references"]), given)


def _squad_v1(given: Fields) -> Scores:
    return _scale(squad.squad_v1(given["predictions"], given["references"]), given)


def _mlqa(given: Fields) -> Scores:
    return _scale(mlqa.mlqa(given["predictions"], given["references"], given["language"]), given)


def _squad_v2(given: Fields) -> Scores:
    """Score every answer as it is; ``no_answer_threshold`` takes those above it as unanswered."""
    threshold = given.get("no_answer_threshold")
    probabilities = None if threshold is None else given["no_answer_probability"]
    result = no_answer.scores(given["predictions"], given["references"], probabilities, threshold or 0.0)
    rates = {name: value for name, value in result.items() if not name.endswith("total")}
    return result | _scale(rates, given)


def _tatoeba(given: Fields) -> Scores:
    nearest = given.get("predictions")
    if nearest is None:
        distance = given.get("distance", "cosine")
        nearest = retrieval.one_nearest(given["english_embeddings"], given["source_embeddings"], distance)
    return _scale({"accuracy": accuracy.accuracy(nearest, given["references"])}, given)


def _map20(given: Fields) -> Scores:
    """Score LAReQA's vectors (fractions), or Mewsli-X's rankings by mention (per cent)."""
    golds = given["references"]
    if "query_embeddings" not in given:
        return _scale({"map@20": retrieval.mewslix(golds, given["predictions"])}, given)
    queries, items = given["query_embeddings"], given["candidate_embeddings"]
    check_pairs(queries, golds)
    cuts = {"map@20": retrieval.CUT, "map": None}
    return _scale({name: _mean_ap(golds, queries, items, cut) for name, cut in cuts.items()}, given, default=1)


def _mean_ap(golds: Sequence[Sequence[int]], queries: Any, items: Any, cut: int | None) -> float:
    rankings = retrieval.rankings(queries, items, cut)
    values = [retrieval.average_precision(*pair, cut) for pair in zip(golds, rankings, strict=True)]
    return sum(values) / len(values)


def _csls(given: Fields) -> Scores:
    """Score a dictionary of row pairs, or one target row per source row."""
    import numpy as np

    golds = _row_golds(given["references"])
    source, k = np.asarray(given["source_embeddings"], np.float32), given.get("k", csls.NEIGHBOURS)
    rows = list(golds)
    found = csls.csls(source[rows], given["target_embeddings"], max(csls.RANKS), crowd=source, k=k)
    by_row = dict(zip(rows, found.tolist(), strict=True))
    return _scale({f"p@{rank}": csls.precision(golds, by_row, rank) for rank in csls.RANKS}, given)


def _row_golds(references: Sequence[Any]) -> dict[int, set[int]]:
    import numpy as np

    if not len(references):
        raise DataFault("no rows to score", hint="the dictionary is empty")
    pairs = enumerate(references) if np.ndim(references) == 1 else references
    golds: dict[int, set[int]] = {}
    for source, target in pairs:
        golds.setdefault(source, set()).add(target)
    return golds


def _bucc(given: Fields) -> Scores:
    """Mine ``test`` with the threshold that is best on ``dev``; or score pairs of ids that were mined elsewhere."""
    if "predictions" in given:
        return _scale(bucc.f1(_pairs(given["predictions"]), _pairs(given["references"])), given)
    dev, dev_gold = _mine(given["dev"], given)
    test, test_gold = _mine(given["test"], given)
    threshold = bucc.tune(dev, dev_gold)
    tuned = {f"dev_{name}": value for name, value in bucc.f1(bucc.extract(dev, threshold), dev_gold).items()}
    scored = bucc.f1(bucc.extract(test, threshold), test_gold)
    return _scale(scored | tuned, given) | {"threshold": threshold}


def _mine(split: Mapping[str, Sequence[Any]], given: Fields) -> tuple[bucc.Candidates, list[tuple[str, str]]]:
    source, target = (
        bucc.Side(
            ids=split[f"{side}_ids"], sentences=split[f"{side}_sentences"], embeddings=split[f"{side}_embeddings"]
        )
        for side in ("source", "target")
    )
    candidates = bucc.mine(
        source,
        target,
        k=given.get("neighborhood", bucc.NEIGHBOURS),
        margin=given.get("margin", "ratio"),
        retrieval=given.get("retrieval", "max"),
        shift=given.get("shift_embeddings", False),
    )
    return candidates, _pairs(split["gold"])


def _pairs(found: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    return [(source, target) for source, target in found]


def _xtreme_average(given: Fields) -> dict[str, xtreme.Averages]:
    groups = given.get("groups", {})
    scores = given["scores"].items()
    return {benchmark: xtreme.averages(tasks, benchmark, groups.get(benchmark)) for benchmark, tasks in scores}


def _mcnemar(given: Fields) -> dict[str, significance.SignificanceTest]:
    """Read ``a_correct`` and ``b_correct`` per row, or ``table``: [[both, only a], [only b, neither]] right."""
    if "a_correct" not in given:
        (_, only_a), (only_b, _) = given["table"]
        return significance.mcnemar(only_a, only_b)
    check_pairs(given["a_correct"], given["b_correct"])
    rows = list(zip(given["a_correct"], given["b_correct"], strict=True))
    return significance.mcnemar(sum(a > b for a, b in rows), sum(b > a for a, b in rows))


def _bootstrap(given: Fields) -> dict[str, intervals.BootstrapInterval]:
    """Give intervals of mean(a), or of mean(b) - mean(a) where ``b`` is there, rows paired."""
    values = given["a"]
    if "b" in given:
        check_pairs(given["a"], given["b"])
        values = [b - a for a, b in zip(given["a"], given["b"], strict=True)]
    return intervals.bootstrap(values, confidence=given.get("confidence", 0.95))


def _correlations(given: Fields) -> Scores:
    pair = given["predicted"], given["gold"]
    metrics = {"pearson": correlation.pearson, "spearman": correlation.spearman, "kendall_tau_b": correlation.kendall}
    return {name: metric(*pair) for name, metric in metrics.items()}


def _labels(given: Fields) -> Scores:
    pair = given["predicted"], given["gold"]
    metrics = {"accuracy": accuracy.accuracy, "macro_f1": classification.macro_f1, "matthews": classification.matthews}
    return {name: metric(*pair) for name, metric in metrics.items()}


STATISTICS: Mapping[str, Answer] = {
    "mcnemar": _mcnemar,
    "bootstrap": _bootstrap,
    "paired_permutation": lambda given: significance.permutation(given["a"], given["b"]),
    "multiple_tests": lambda given: significance.correct_p_values(given["p"], given.get("alpha", 0.05)),
    "proportion_interval": lambda given: intervals.proportion(
        given["count"], given["n"], given.get("confidence", 0.95)
    ),
    "correlation": _correlations,
    "classification": _labels,
}


def _statistics(given: Fields) -> dict[str, object]:
    """Answer every section that is there, a list of cases by a list of answers."""
    sections = {name: given[name] for name in STATISTICS if name in given}
    return {name: _section(STATISTICS[name], name, cases) for name, cases in sections.items()}


def _section(statistic: Answer, name: str, cases: Any) -> Any:
    if isinstance(cases, Mapping):
        return statistic(Fields(cases, metric=name))
    return [statistic(Fields(case, metric=name)) for case in cases]


METRICS: Mapping[str, Answer] = {
    "accuracy": _accuracy,
    "f1": _f1,
    "macro_f1": _one("macro_f1", classification.macro_f1),
    "matthews": _one("matthews", classification.matthews),
    "pearson": _one("pearson", correlation.pearson),
    "spearman": _one("spearman", correlation.spearman),
    "kendall": _one("kendall", correlation.kendall),
    "squad_v1": _squad_v1,
    "squad_v2": _squad_v2,
    "mlqa": _mlqa,
    "seqeval_f1": _seqeval,
    "token_accuracy": _token_accuracy,
    "tatoeba_accuracy": _tatoeba,
    "bucc_f1": _bucc,
    "csls_precision": _csls,
    "map@20": _map20,
    "xtreme_average": _xtreme_average,
    "statistics": _statistics,
    **STATISTICS,
}
