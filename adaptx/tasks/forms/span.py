"""Span, light half: a question, a context, and gold answers that are substrings of the context.

Owns the check of answers against their context, the scorers that a page may name (SQuAD v1.1, v2.0 with questions that
have no answer, MLQA's by language) and the goal of an attack; the head is in `adaptx.model.forms.span`. Offsets are
code points of the context as upstream wrote it, hence nothing is normalised or stripped here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from adaptx.errors import RowFault
from adaptx.metrics import mlqa, no_answer, squad
from adaptx.tasks.example import Answer, Example, Prediction, SpanPrediction
from adaptx.tasks.forms import Goal, PredictionRecord, one_input, read_text

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

__all__ = ["SPAN_F1_THRESHOLD", "Span", "SpanScorer", "answers_of", "locate", "scorer_named"]

SPAN_F1_THRESHOLD = 0.5  # an answer counts as right from this F1 on: half of the words, so that articles do not decide
MAX_SHOWN = 300  # characters of a bad value in a message
SHIFTED = "shifted-offsets"

Metric = Callable[[str | None, Sequence[str], str], float]
"""(answer, gold answers, language of the context) -> score of one question."""


@dataclass(frozen=True, slots=True)
class SpanScorer:
    """How answers are compared, and whether a question may have none."""

    f1: Metric
    em: Metric
    may_abstain: bool = False


SCORERS: Mapping[str, SpanScorer] = MappingProxyType(
    {
        "squad_v1": SpanScorer(
            lambda answer, golds, _: squad.f1(answer, golds), lambda answer, golds, _: squad.exact_match(answer, golds)
        ),
        "squad_v2": SpanScorer(
            lambda answer, golds, _: squad.f1_v2(answer, golds),
            lambda answer, golds, _: squad.exact_match_v2(answer, golds),
            may_abstain=True,
        ),
        "mlqa": SpanScorer(mlqa.f1, mlqa.exact_match),
    }
)


def scorer_named(name: str) -> SpanScorer:
    """Return the scorer that a page names; its rules know which there are."""
    return SCORERS[name]


class Span:
    """The light half of extractive question answering. ``value`` of a record is its F1."""

    name = "span"
    version = 1
    metrics: Mapping[str, int] = MappingProxyType({"f1": squad.VERSION, "em": squad.VERSION})
    columns: tuple[str, ...] = ("question", "context", "answers")
    labelled = False
    by_label = False
    scorers: tuple[str, ...] = tuple(SCORERS)
    repairs: tuple[str, ...] = (SHIFTED,)
    searches = False
    reads_layer = False

    def read(self, row: Mapping[str, object], task: Task, *, id: str, language: str) -> Example:
        """Turn a row into an example; raise `RowFault` naming the column, also for an answer not in its context.

        A row without answers is a fault unless the page's scorer allows it (``squad_v2``).
        """
        texts = {field: read_text(row, task.columns[field]) for field in task.fields}
        column = task.columns["answers"]
        stated = answers_of(row, column)
        if not stated and not scorer_named(task.scorer).may_abstain:
            raise RowFault(column, "no gold answer")
        answers = tuple(locate(answer, texts["context"], column, mend=SHIFTED in task.repairs) for answer in stated)
        return Example(
            id=id,
            parallel=id,
            group=id,
            language=language,
            texts=texts,
            languages=dict.fromkeys(task.fields, language),
            answers=answers,
            repaired=() if answers == stated else (SHIFTED,),
        )

    def inputs_of(self, example: Example, task: Task) -> list[list[str]]:
        """Return all texts as one input."""
        return one_input(example)

    def record(self, example: Example, prediction: Prediction, task: Task) -> PredictionRecord:
        """Return the stored row: the answer's text, all gold texts, and how much the model liked either.

        Where a question may have no answer, ``span`` is the likeliest span and ``no_answer`` the log-probability of
        none, so that `NO_ANSWER_THRESHOLD` can be moved without a model.
        """
        predicted, golds = _of_span(prediction), _golds(example)
        scorer, language = scorer_named(task.scorer), example.languages["context"]
        f1, em = (metric(predicted.answer, golds, language) for metric in (scorer.f1, scorer.em))
        record = {
            "id": example.id,
            "parallel": example.parallel,
            "group": example.group,
            "gold": golds,
            "prediction": predicted.answer,
            "value": em if task.metric == "em" else f1,
            "f1": f1,
            "em": em,
            "start": predicted.start,
            "log_probability": predicted.log_probability,
            "gold_log_probability": predicted.gold_log_probability,
        }
        return record | {"span": predicted.text, "no_answer": predicted.no_answer} if scorer.may_abstain else record

    def score(self, records: Sequence[PredictionRecord], task: Task, language: str) -> dict[str, float]:
        """Return ``{"f1", "em"}`` computed again from the stored texts; raise `DataFault` for no records.

        Where a question may have no answer, ``best_f1`` and ``best_em`` are SQuAD v2.0's: at the threshold that is best
        for these very rows, and so not a result to claim.
        """
        scorer = scorer_named(task.scorer)
        predictions, golds = ([record[side] for record in records] for side in ("prediction", "gold"))
        scores = {
            "f1": squad.mean(_in(language, scorer.f1), predictions, golds),
            "em": squad.mean(_in(language, scorer.em), predictions, golds),
        }
        return scores | _best_scores(records, scorer, language) if scorer.may_abstain else scores

    def value(self, record: PredictionRecord, task: Task, language: str) -> float:
        """Return the main metric of one record, computed again from its texts."""
        scorer = scorer_named(task.scorer)
        metric = scorer.em if task.metric == "em" else scorer.f1
        return metric(record["prediction"], record["gold"], language)

    def correct(self, example: Example, prediction: Prediction, task: Task) -> bool:
        """Return whether the answer reaches `SPAN_F1_THRESHOLD` against the best gold answer."""
        f1 = scorer_named(task.scorer).f1
        return f1(_of_span(prediction).answer, _golds(example), example.languages["context"]) >= SPAN_F1_THRESHOLD

    def goal(self, example: Example, prediction: Prediction, clean: Prediction, task: Task) -> Goal:
        """Return whether the answer fell below `SPAN_F1_THRESHOLD`, and -log p of the best gold span, or of no answer.

        The score is 0.0, its least, where no gold span lies in a window: such a text gives a search no direction.
        """
        predicted = _of_span(prediction)
        gold = predicted.gold_log_probability if example.answers else predicted.no_answer
        return not self.correct(example, prediction, task), -(gold or 0.0)

    def protected_spans(self, example: Example) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """Return the gold answers and every exact copy of them, in the question as in the context.

        Copies are protected because the metric compares texts: a model that answers with an edited copy would be
        counted as fooled although it understood.
        """
        golds = {answer.text for answer in example.answers}
        spans = {
            field: sorted(span for gold in golds for span in _occurrences(gold, text))
            for field, text in example.texts.items()
        }
        return {field: tuple(_merge(found)) for field, found in spans.items() if found}

    def majority(self, records: Sequence[PredictionRecord]) -> float | None:
        """Return None: spans have no majority class."""
        return None


def _of_span(prediction: Prediction) -> SpanPrediction:
    assert isinstance(prediction, SpanPrediction), "a span head predicts answers"
    return prediction


def _golds(example: Example) -> list[str]:
    return [answer.text for answer in example.answers]


def _in(language: str, metric: Metric) -> squad.Metric:
    return lambda answer, golds: metric(answer, golds, language)


def _best_scores(records: Sequence[PredictionRecord], scorer: SpanScorer, language: str) -> dict[str, float]:
    spans, golds = ([record[side] for record in records] for side in ("span", "gold"))
    margins = [record["no_answer"] - record["log_probability"] for record in records]
    best = {}
    for name, metric in (("best_f1", scorer.f1), ("best_em", scorer.em)):
        values = [metric(span, gold, language) for span, gold in zip(spans, golds, strict=True)]
        best[name] = no_answer.best_threshold(values, spans, golds, margins)[0]
    return best


def answers_of(row: Mapping[str, object], column: str) -> tuple[Answer, ...]:
    """Return the answers of a row where upstream says they are; raise `RowFault` for what is no answer."""
    return tuple(_answer(text, start, column) for text, start in _pairs(row.get(column), column))


def _answer(text: Any, start: Any, column: str) -> Answer:
    if not isinstance(text, str) or not text.strip() or type(start) is not int:
        raise RowFault(column, f"text {text!r} with answer_start {start!r}"[:MAX_SHOWN])
    return Answer(text, start)


def locate(answer: Answer, context: str, column: str, *, mend: bool = False) -> Answer:
    """Return an answer where it is: where it was stated, or with ``mend`` at its nearest place in the context.

    Contexts that were stripped after their offsets were counted (TyDiQA, MLQA) need it. Raise `RowFault` for an answer
    that is not there, or that is found equally near on both sides.
    """
    text, start = answer.text, answer.start
    if start >= 0 and context.startswith(text, start):
        return answer
    starts = sorted((abs(begin - start), begin) for begin, _ in _occurrences(text, context)) if mend else []
    if not starts:
        raise RowFault(column, f"answer {text[:60]!r} is not in its context{'' if mend else f' at {start}'}")
    if [distance for distance, _ in starts[:2]].count(starts[0][0]) > 1:
        raise RowFault(column, f"answer {text[:60]!r} is not at {start}, and as near before as after")
    return Answer(text, starts[0][1])


def _pairs(found: Any, column: str) -> Iterator[tuple[Any, Any]]:
    """Yield (text, answer_start) from the hub's table of two lists or from SQuAD's own list of tables."""
    if isinstance(found, Mapping):
        texts, starts = found.get("text"), found.get("answer_start")
        if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
            raise RowFault(column, "text and answer_start are not two lists of the same length")
        yield from zip(texts, starts, strict=True)
    elif isinstance(found, list) and all(isinstance(answer, Mapping) for answer in found):
        yield from ((answer.get("text"), answer.get("answer_start")) for answer in found)
    else:
        raise RowFault(column, "missing" if found is None else f"{type(found).__name__} instead of answers")


def _occurrences(gold: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(gold)
    while start >= 0:
        yield start, start + len(gold)
        start = text.find(gold, start + 1)


def _merge(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield sorted half-open spans with overlapping and touching ones joined."""
    begin, end = spans[0]
    for start, stop in spans[1:]:
        if start > end:
            yield begin, end
            begin = start
        end = max(end, stop)
    yield begin, end
