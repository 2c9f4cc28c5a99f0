"""BUCC: mining translations out of two monolingual lists, as XTREME does it with LASER's code (``utils_retrieve.py``).

Owns mining, the threshold and F1. Kept as the official code has it: sentences with equal text share one vector, the
last one's; a pair with a sentence that occurs twice (but for outer spaces) is dropped although its gold stays; margins
of 0 or less are dropped; the threshold is half-way between the last kept candidate and the next, and a pair exactly at
it is kept; shifted vectors are not normalised again. Left: where the best cut is after the last candidate the official
code fails with an index error; here the threshold is that candidate's score. jiant tunes the threshold on the split
that it scores, which is optimistic: here it comes from dev.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adaptx.errors import DataFault, UnknownName
from adaptx.metrics.nearest import Neighbours, mutual, nearest, unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adaptx.metrics.nearest import Floats

__all__ = ["MARGINS", "NEIGHBOURS", "RETRIEVALS", "VERSION", "Candidates", "Side", "extract", "f1", "mine", "tune"]

VERSION = 1

NEIGHBOURS = 4
MARGINS: Mapping[str, Callable[[Any, Any], Any]] = {
    "ratio": lambda similarity, mean: similarity / mean,
    "distance": lambda similarity, mean: similarity - mean,
    "absolute": lambda similarity, _mean: similarity,
}
RETRIEVALS = ("max", "fwd", "bwd", "intersect")

Pair = tuple[str, str]
Candidates = Mapping[Pair, float]  # (source id, target id) -> margin, best first


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One monolingual list: ids, sentences and vectors, (n, dimensions), in the same order."""

    ids: Sequence[str]
    sentences: Sequence[str]
    embeddings: Any

    def __post_init__(self) -> None:
        if not len(self.ids) == len(self.sentences) == len(self.embeddings):
            lengths = f"{len(self.ids)} ids, {len(self.sentences)} sentences, {len(self.embeddings)} vectors"
            raise DataFault(lengths, hint="give one of each per line")


def mine(
    source: Side,
    target: Side,
    *,
    k: int = NEIGHBOURS,
    margin: str = "ratio",
    retrieval: str = "max",
    shift: bool = False,
) -> Candidates:
    """Return the pairs found, with their margins, before any threshold.

    ``shift`` moves the mean of each side onto the other's before the search. Raises `UnknownName` for a margin or a
    retrieval that is none of `MARGINS` and `RETRIEVALS`.
    """
    if margin not in MARGINS:
        raise UnknownName("margin", margin, MARGINS)
    if retrieval not in RETRIEVALS:
        raise UnknownName("retrieval", retrieval, RETRIEVALS)
    (sources, x), (targets, y) = _unique(source), _unique(target)
    forward, backward = _neighbours(x, y, k, shift=shift)
    pairs = _pairs(_margins(forward, backward, margin), _margins(backward, forward, margin), retrieval)
    source_ids, target_ids = _ids_of_unique(source), _ids_of_unique(target)
    candidates: dict[Pair, float] = {}
    for score, row, column in pairs:
        one, other = source_ids.get(sources[row].strip()), target_ids.get(targets[column].strip())
        if one is not None and other is not None:
            candidates[one, other] = max(score, candidates.get((one, other), score))
    return dict(sorted(candidates.items(), key=lambda item: -item[1]))


def tune(candidates: Candidates, gold: Collection[Pair]) -> float:
    """Return the threshold of greatest F1 on ``gold``; 0 where no candidate is right."""
    gold_pairs, scores, hits, best, threshold = set(gold), [*candidates.values(), None], 0, 0.0, 0.0
    for number, (pair, score) in enumerate(candidates.items(), start=1):
        hits += pair in gold_pairs
        current = 2 * hits / (number + len(gold_pairs))
        if current > best:
            following = scores[number]
            best, threshold = current, score if following is None else (score + following) / 2
    return threshold


def extract(candidates: Candidates, threshold: float) -> list[Pair]:
    """Return the pairs whose margin is at least ``threshold``."""
    return [pair for pair, score in candidates.items() if score >= threshold]


def f1(predictions: Collection[Pair], references: Collection[Pair]) -> dict[str, float]:
    """Return ``{"f1", "precision", "recall"}`` of sets of pairs; all 0 where none is right. `DataFault` for no gold."""
    if not references:
        raise DataFault("no gold pairs to score", hint="check the split")
    predicted, gold = set(predictions), set(references)
    hits = len(predicted & gold)
    if not hits:
        return {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    precision, recall = hits / len(predicted), hits / len(gold)
    return {"f1": 2 * hits / (len(predicted) + len(gold)), "precision": precision, "recall": recall}


def _unique(side: Side) -> tuple[list[str], Floats]:
    """Return the different sentences in order of appearance, each with the unit vector of its last occurrence."""
    last = {sentence: row for row, sentence in enumerate(side.sentences)}
    all_vectors = unit(side.embeddings)
    return list(last), all_vectors[list(last.values())]


def _ids_of_unique(side: Side) -> dict[str, str]:
    """Return the id of every sentence that occurs once, but for outer spaces."""
    stripped = [sentence.strip() for sentence in side.sentences]
    counts = Counter(stripped)
    return {text: name for text, name in zip(stripped, side.ids, strict=True) if counts[text] == 1}


def _neighbours(x: Floats, y: Floats, k: int, *, shift: bool) -> tuple[Neighbours, Neighbours]:
    if not shift:
        return mutual(x, y, k)
    delta = x.mean(axis=0) - y.mean(axis=0)
    return nearest(x - delta, y, k), nearest(y + delta, x, k)


def _margins(side: Neighbours, other: Neighbours, margin: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return each row's best margin, (n,), and the row of the other side that has it, (n,)."""
    import numpy as np

    scores = MARGINS[margin](side.scores, (side.mean[:, None] + other.mean[side.rows]) / 2)
    best = scores.argmax(axis=1)
    rows = np.arange(len(scores))
    return scores[rows, best], side.rows[rows, best]


def _pairs(forward: Any, backward: Any, retrieval: str) -> Iterator[tuple[float, int, int]]:
    """Yield (margin, source row, target row), best first."""
    ahead = [(float(score), row, int(column)) for row, (score, column) in enumerate(zip(*forward, strict=True))]
    behind = [(float(score), int(row), column) for column, (score, row) in enumerate(zip(*backward, strict=True))]
    if retrieval == "intersect":
        yield from (pair for pair in ahead if behind[pair[2]][1] == pair[1])
    elif retrieval == "max":
        yield from _one_to_one(sorted([*ahead, *behind], key=lambda pair: -pair[0]))
    else:
        yield from ahead if retrieval == "fwd" else behind


def _one_to_one(pairs: Sequence[tuple[float, int, int]]) -> Iterator[tuple[float, int, int]]:
    """Yield greedily the best pairs whose sides are both free, as far as their score is above 0."""
    sources: set[int] = set()
    targets: set[int] = set()
    for score, row, column in pairs:
        if row not in sources and column not in targets:
            sources.add(row)
            targets.add(column)
            if score > 0:
                yield score, row, column
