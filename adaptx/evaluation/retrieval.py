"""Searching: queries asked of a pool of items that is embedded once, or two lists mined for translations of each other.

Owns `Searcher` and `Miner`, which answer examples as a `Predictor` does, and what a cell of retrieval is searched in.
Vectors are rows of unit length, so that inner products are cosines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adaptx.errors import DataFault
from adaptx.metrics import bucc
from adaptx.metrics.csls import NEIGHBOURS as CSLS_NEIGHBOURS
from adaptx.metrics.nearest import nearest
from adaptx.tasks.example import Example, Prediction, RetrievalPrediction
from adaptx.tasks.forms.retrieval import HALF_SPLIT, ITEM, STORED_NEIGHBOURS, is_tuning, threshold_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adaptx.data.retrieval_layouts import Item
    from adaptx.evaluation.predictor import Predictor
    from adaptx.tasks.forms import PredictionRecord
    from adaptx.tasks.task import Task

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["Miner", "Searcher", "Tuning", "searcher"]

CHUNK = 8192  # texts embedded at once: a million items are not held as tokens


@dataclass(frozen=True, slots=True)
class Tuning:
    """Two lists with known pairs on which a threshold is tuned, all of ``split``."""

    split: str
    queries: Sequence[Example]
    items: Sequence[Item]


def searcher(
    predictor: Predictor,
    task: Task,
    items: Sequence[Item],
    queries: Sequence[Example] = (),
    tuning: Tuning | None = None,
) -> Searcher | Miner:
    """Return what answers a cell of ``task``.

    ``queries`` are all of the cell's, for the way back from its items; ``tuning`` is what mining tunes on.
    """
    if task.mines_pairs:
        return Miner(predictor, task, items, tuning)
    return Searcher(predictor, items, queries if ITEM in task.fields and task.metric == "accuracy" else ())


class Searcher:
    """Queries against a fixed pool; each answer is that of its query alone."""

    def __init__(self, predictor: Predictor, items: Sequence[Item], queries: Sequence[Example]) -> None:
        self.predictor = predictor
        self.names = [item.id for item in items]
        self.row = {name: row for row, name in enumerate(self.names)}
        self.items = embed(predictor, items)
        self.back = self._back(queries) if queries else {}

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Return the nearest items of each query, best first."""
        if not examples:
            return []
        vectors = embed(self.predictor, examples)
        near = nearest(vectors, self.items, STORED_NEIGHBOURS).rows
        return [self._answer(*one) for one in zip(examples, vectors, near, strict=True)]

    def fingerprints(self, examples: Sequence[Example]) -> list[bytes]:
        """Return keys of what the model sees of each query."""
        return self.predictor.fingerprints(examples)

    def _answer(self, example: Example, vector: Floats, rows: Rows) -> RetrievalPrediction:
        """Return what a query found, its cosines computed again: those of a product move with how it is cut."""
        gold = [self.row[name] for name in example.gold if name in self.row]
        ranked = sorted(zip(self._cosines(vector, rows), rows, strict=True), key=lambda pair: (-pair[0], pair[1]))
        return RetrievalPrediction(
            found=tuple(self.names[row] for _, row in ranked),
            scores=tuple(score for score, _ in ranked),
            gold_score=max(self._cosines(vector, gold), default=None),
            back=self.back.get(example.id, ""),
        )

    def _cosines(self, vector: Floats, rows: Rows | list[int]) -> list[float]:
        cosines: list[float] = (self.items[rows].astype("float64") @ vector.astype("float64")).tolist()
        return cosines

    def _back(self, queries: Sequence[Example]) -> dict[str, str]:
        """Return per query the query that its own item finds."""
        own = self.items[[self.row[query.gold[0]] for query in queries]]
        rows = nearest(own, embed(self.predictor, queries), 1).rows[:, 0]
        return {query.id: queries[row].id for query, row in zip(queries, rows, strict=True)}


class Miner:
    """Two lists, mined both ways by margin; an answer depends on all the others, so nothing can be asked alone.

    The threshold is tuned on the lists of another split, as XTREME does, or without them on one half of the queries.
    """

    def __init__(self, predictor: Predictor, task: Task, items: Sequence[Item], tuning: Tuning | None = None) -> None:
        self.predictor, self.task, self.items = predictor, task, items
        self.threshold = self._tune(tuning) if tuning else None

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Return for each sentence the pair that mining gives it, if any, with its margin and the tuned threshold."""
        records = self._search(examples, self.items)
        threshold, tuned_on = self.threshold or (
            threshold_of(row for row in records if is_tuning(row["id"])),
            HALF_SPLIT,
        )
        return [
            RetrievalPrediction(row["found"], row["scores"], threshold=threshold, tuned_on=tuned_on) for row in records
        ]

    def fingerprints(self, examples: Sequence[Example]) -> list[bytes]:
        """Return keys of what the model sees of each sentence."""
        return self.predictor.fingerprints(examples)

    def _tune(self, tuning: Tuning) -> tuple[float, str]:
        """Return the threshold of greatest F1 and where it is from; raise `DataFault` where nothing is right there."""
        if not any(example.gold for example in tuning.queries):
            hint = "without that split the threshold is tuned on one half of what is scored"
            raise DataFault(f"{tuning.split} has no gold pair to tune the threshold of {self.task.name} on", hint=hint)
        return threshold_of(self._search(tuning.queries, tuning.items)), tuning.split

    def _search(self, examples: Sequence[Example], items: Sequence[Item]) -> list[PredictionRecord]:
        """Return for each sentence its id and gold, and what mining gives it: at most one item, and its margin."""
        source = bucc.Side(
            ids=[example.id for example in examples],
            sentences=[text_of(example) for example in examples],
            embeddings=embed(self.predictor, examples),
        )
        target = bucc.Side(
            ids=[item.id for item in items],
            sentences=[item.text for item in items],
            embeddings=embed(self.predictor, items),
        )
        pairs = {one: ((other,), (score,)) for (one, other), score in self._mine(source, target).items()}
        rows = [(example, *pairs.get(example.id, ((), ()))) for example in examples]
        return [{"id": e.id, "gold": e.gold, "found": names, "scores": scores} for e, names, scores in rows]

    def _mine(self, source: bucc.Side, target: bucc.Side) -> bucc.Candidates:
        """Mine by the ratio margin of 4 neighbours, or by CSLS, which is twice the difference margin of 10."""
        if self.task.scorer == "csls":
            return bucc.mine(source, target, margin="distance", k=CSLS_NEIGHBOURS)
        return bucc.mine(source, target)


def embed(predictor: Predictor, texts: Sequence[Example] | Sequence[Item]) -> Floats:
    """Return the vector of each query or item, ``(texts, hidden)``; nothing but the vectors is held of a million."""
    import numpy as np

    vectors = np.empty((0, 0), np.float32)
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        part = [row.numpy() for row in predictor.outputs([as_example(text) for text in chunk])[1]]
        if not start:
            vectors = np.empty((len(texts), len(part[0])), np.float32)
        vectors[start : start + len(part)] = part
    return vectors


def as_example(item: Example | Item) -> Example:
    """Return an item as something to embed."""
    if isinstance(item, Example):
        return item
    return Example(
        id=item.id,
        parallel=item.id,
        group=item.id,
        language=item.language,
        texts={ITEM: item.text},
        languages={ITEM: item.language},
    )


def text_of(example: Example) -> str:
    """Return the text that is embedded."""
    return next(iter(example.texts.values()))
