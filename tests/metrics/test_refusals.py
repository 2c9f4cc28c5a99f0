"""What a metric refuses, word for word: the message says what was found, the hint what would work."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adaptx.errors import AdaptxError, DataFault, UnknownName
from adaptx.metrics.accuracy import accuracy
from adaptx.metrics.bucc import Side, f1, mine
from adaptx.metrics.classification import macro_f1
from adaptx.metrics.csls import precision
from adaptx.metrics.nearest import vectors
from adaptx.metrics.retrieval import average_precision, mean_average_precision, one_nearest
from adaptx.metrics.xtreme import averages, task_averages

ONE = Side(ids=["a"], sentences=["a"], embeddings=[[1.0]])
Call = Callable[[], object]

REFUSED: dict[str, tuple[Call, type[AdaptxError], str, str]] = {
    "a prediction too few": (
        lambda: accuracy([0], [0, 1]),
        DataFault,
        "1 predictions for 2 gold labels",
        "score the same rows",
    ),
    "no rows": (lambda: accuracy([], []), DataFault, "no rows to score", "check the split and --max-eval"),
    "a side of uneven lists": (
        lambda: Side(ids=["a"], sentences=["a", "b"], embeddings=[[1.0]]),
        DataFault,
        "1 ids, 2 sentences, 1 vectors",
        "give one of each per line",
    ),
    "an unknown margin": (
        lambda: mine(ONE, ONE, margin="rato"),
        UnknownName,
        "unknown margin 'rato'",
        "did you mean ratio?",
    ),
    "an unknown retrieval": (
        lambda: mine(ONE, ONE, retrieval="x"),
        UnknownName,
        "unknown retrieval 'x'",
        "did you mean max?",
    ),
    "no gold pairs": (lambda: f1([("a", "b")], []), DataFault, "no gold pairs to score", "check the split"),
    "no dictionary": (lambda: precision({}, {}, 1), DataFault, "no queries to score", "the dictionary is empty"),
    "no vectors": (
        lambda: vectors([]),
        DataFault,
        "vectors of shape (0,)",
        "give at least one, all of one length: (n, dimensions)",
    ),
    "a vector that is no number": (
        lambda: vectors([[float("nan")]]),
        DataFault,
        "a vector holds NaN or infinity",
        "was the model's precision too low?",
    ),
    "an unknown distance": (
        lambda: one_nearest([[1.0]], [[1.0]], "l1"),
        UnknownName,
        "unknown distance 'l1'",
        "did you mean l2?",
    ),
    "a query without gold": (
        lambda: average_precision([], [1]),
        DataFault,
        "a query without right candidates",
        "leave it out: nothing can be found",
    ),
    "no queries": (
        lambda: mean_average_precision({}, {}),
        DataFault,
        "no queries to score",
        "check the split and --max-eval",
    ),
    "no language": (
        lambda: task_averages({"f1": {}, "em": {}, "accuracy": {"en": 1.0}}),
        DataFault,
        "no language is scored by f1, em",
        "leave the task out",
    ),
    "a metric that does not count": (
        lambda: task_averages({"bleu": {"en": 1.0}, "ter": {"en": 1.0}}),
        DataFault,
        "no metric of a benchmark among bleu, ter",
        "one of ('avg_f1', 'avg_accuracy', 'avg_map@20')",
    ),
    "no metric": (
        lambda: task_averages({}),
        DataFault,
        "no metric of a benchmark among none",
        "one of ('avg_f1', 'avg_accuracy', 'avg_map@20')",
    ),
    "an unknown benchmark": (
        lambda: averages({}, "xtrem"),
        UnknownName,
        "unknown benchmark 'xtrem'",
        "did you mean xtreme, xtreme-r?",
    ),
    "a mean of nothing": (
        lambda: macro_f1([], []),
        DataFault,
        "no rows to score",
        "check the split and --max-eval",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_says_what_was_found_and_what_would_work(case: str) -> None:
    call, kind, message, hint = REFUSED[case]
    with pytest.raises(kind) as caught:
        call()
    assert (str(caught.value), caught.value.hint) == (message, hint)
