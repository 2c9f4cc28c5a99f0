"""Retrieval, light half: a query text, and the ids of what is right to find among the items of its cell.

Owns what is stored of a search and how it is scored: accuracy of the nearest (Tatoeba), average precision at 20
(LAReQA, Mewsli-X), or F1 of mined pairs (BUCC). Items lie in the same rows, where the page has a field `ITEM`, or
elsewhere (``layout``). The threshold of mining comes with the predictions: tuned on dev, as XTREME does, it holds for
all rows. Where there is no split but the scored one, it is tuned on one half of the queries, by the hash of their ids,
and only the other half is scored: a threshold tuned on what it scores flatters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING

from adaptx.errors import DataFault
from adaptx.metrics import accuracy, bucc
from adaptx.metrics import retrieval as ranks
from adaptx.tasks.example import Example, Prediction, RetrievalPrediction
from adaptx.tasks.forms import Goal, PredictionRecord, one_input, read_text

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

__all__ = ["HALF_SPLIT", "ITEM", "STORED_NEIGHBOURS", "Retrieval", "is_tuning", "pairs_above_threshold", "threshold_of"]

ITEM = "item"  # the field of a row's own item: what its query is to find
STORED_NEIGHBOURS = 20  # of the items found
HALF_SPLIT = "half"  # of the queries: what tuned the threshold where no dev split could


class Retrieval:
    """The light half of retrieval. ``value`` of a record is 1.0 or 0.0, an average precision, or the row's own F1."""

    name = "retrieval"
    version = 1
    metrics: Mapping[str, int] = MappingProxyType(
        {"accuracy": accuracy.VERSION, "map@20": ranks.VERSION, "f1": bucc.VERSION}
    )
    columns: tuple[str, ...] = ()
    labelled = False
    by_label = False
    scorers: tuple[str, ...] = ("ratio", "csls")
    repairs: tuple[str, ...] = ()
    searches = True
    reads_layer = True

    def read(self, row: Mapping[str, object], task: Task, *, id: str, language: str) -> Example:
        """Turn a row into an example; what is right to find is the row's own item.

        A layout says in ``gold`` what else is; a column of that name in a file that has no layout means nothing.
        """
        return Example(
            id=id,
            parallel=id,
            group=id,
            language=language,
            texts={
                field: read_text(row, column).strip() for field, column in task.columns.items() if field in task.fields
            },
            languages=_languages(task, language),
            gold=_gold_ids(row) if task.layout else (id,),
        )

    def inputs_of(self, example: Example, task: Task) -> list[list[str]]:
        """Return all texts as one input."""
        return one_input(example)

    def record(self, example: Example, prediction: Prediction, task: Task) -> PredictionRecord:
        """Return the stored row: what was found with its scores, what was right, and for mining what it adds to F1."""
        found = _of_search(prediction)
        record = {
            "id": example.id,
            "parallel": example.parallel,
            "group": example.group,
            "gold": list(example.gold),
            "prediction": found.answer,
            "found": list(found.found),
            "scores": list(found.scores),
            "gold_score": found.gold_score,
        }
        if task.mines_pairs:
            record |= {"threshold": found.threshold, "tuned_on": found.tuned_on}
            record["sums"] = _terms(record)
        elif ITEM in example.texts:
            record["back"] = found.back
        return {**record, "value": self.value(record, task, example.language)}

    def score(self, records: Sequence[PredictionRecord], task: Task, language: str) -> dict[str, float]:
        """Return the page's metric and what belongs to it, from the stored ids and scores alone.

        ``accuracy``, with ``accuracy_back`` for the search from the items to the queries; ``map@20``; or ``f1``,
        ``precision`` and ``recall`` of the pairs kept at the stored threshold, over all rows, or over the half that
        did not tune it. Raises `DataFault` for no records, and for no gold pair.
        """
        if task.mines_pairs:
            return _mining_scores(records)
        if not records:
            raise DataFault("no queries to score", hint="check the split and --max-eval")
        scores = {task.metric: sum(self.value(record, task, language) for record in records) / len(records)}
        if task.metric == "accuracy" and "back" in records[0]:
            scores["accuracy_back"] = sum(record["back"] == record["id"] for record in records) / len(records)
        return scores

    def value(self, record: PredictionRecord, task: Task, language: str) -> float:
        """Return the main metric of one record, computed again from what it found."""
        if task.mines_pairs:
            hits, size = _terms(record)
            return hits / size if size else 1.0
        cut = ranks.CUT if task.metric == "map@20" else 1
        return ranks.average_precision(record["gold"], record["found"], cut)

    def correct(self, example: Example, prediction: Prediction, task: Task) -> bool:
        """Return whether what lies nearest is right."""
        return _of_search(prediction).answer in example.gold

    def goal(self, example: Example, prediction: Prediction, clean: Prediction, task: Task) -> Goal:
        """Return whether the gold is no longer nearest, and by how much the best other item is nearer than the gold."""
        found = _of_search(prediction)
        others = (score for id_, score in zip(found.found, found.scores, strict=True) if id_ not in example.gold)
        gold = -1.0 if found.gold_score is None else found.gold_score
        return not self.correct(example, prediction, task), next(others, -1.0) - gold

    def protected_spans(self, example: Example) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """Return nothing: no part of a query is the answer."""
        return {}

    def majority(self, records: Sequence[PredictionRecord]) -> float | None:
        """Return None: items are no classes."""
        return None


def is_tuning(query: str) -> bool:
    """Return whether a query is in the half that tunes a threshold; the others are scored. Half of all, by hash."""
    return sha256(f"tune {query}".encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0


def threshold_of(mining_records: Iterable[PredictionRecord]) -> float:
    """Return the margin of greatest F1 on records of mining (id, gold, found and scores)."""
    records = list(mining_records)
    return bucc.tune(_candidates(records), _gold(records))


def pairs_above_threshold(record: PredictionRecord) -> list[str]:
    """Return the items of a mined row whose scores are at its threshold or above."""
    return [item for item, score in zip(record["found"], record["scores"], strict=True) if score >= record["threshold"]]


def _mining_scores(records: Sequence[PredictionRecord]) -> dict[str, float]:
    scored = [record for record in records if _is_scored(record)]
    gold = _gold(scored)
    if not gold:
        problem = f"no gold pair among the {len(scored)} of {len(records)} sentences that are scored"
        raise DataFault(problem, hint="check the split and --max-eval")
    return bucc.f1({(record["id"], item) for record in scored for item in pairs_above_threshold(record)}, gold)


def _is_scored(record: PredictionRecord) -> bool:
    return record["tuned_on"] != HALF_SPLIT or not is_tuning(record["id"])


def _candidates(records: Iterable[PredictionRecord]) -> dict[tuple[str, str], float]:
    """Return the mined pairs with their margins, best first."""
    pairs = [((r["id"], item), score) for r in records for item, score in zip(r["found"], r["scores"], strict=True)]
    return dict(sorted(pairs, key=lambda pair: -pair[1]))


def _gold(records: Iterable[PredictionRecord]) -> set[tuple[str, str]]:
    return {(record["id"], item) for record in records for item in record["gold"]}


def _terms(record: PredictionRecord) -> list[float]:
    """Return what a sentence adds to F1: twice its hits, and its pairs kept and gold; of no scored row nothing."""
    if not _is_scored(record):
        return [0.0, 0.0]
    extracted, gold = set(pairs_above_threshold(record)), set(record["gold"])
    return [2.0 * len(extracted & gold), float(len(extracted) + len(gold))]


def _of_search(prediction: Prediction) -> RetrievalPrediction:
    assert isinstance(prediction, RetrievalPrediction), "a search finds neighbours"
    return prediction


def _gold_ids(row: Mapping[str, object]) -> tuple[str, ...]:
    """Return the ids of what is to be found, as a layout gives them."""
    found = row["gold"]
    assert isinstance(found, list | tuple), "layouts give sequences"
    return tuple(found)


def _languages(task: Task, language: str) -> dict[str, str]:
    """Return each field's language: a page may have its queries in one language whatever the cell's is."""
    return {field: task.query_language or language if field != ITEM else language for field in task.fields}
