"""Scores of retrieval: accuracy of one nearest neighbour (Tatoeba), average precision at 20 (LAReQA, Mewsli-X).

Owns these scores; who is near is `metrics.nearest`. Tatoeba's queries are the English sentences and its index is the
other language (XTREME, ``similarity_search``). Average precision counts a candidate once however often it is ranked,
and divides by the number of right ones or the cut, whichever is less (``utils_lareqa.py``); with one right answer, as
in Mewsli-X, it is the reciprocal rank.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from adaptx.errors import DataFault, UnknownName
from adaptx.metrics.nearest import TILE, nearest, unit, vectors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from adaptx.metrics.nearest import Floats

__all__ = [
    "CUT",
    "DISTANCES",
    "VERSION",
    "average_precision",
    "mean_average_precision",
    "mewslix",
    "one_nearest",
    "rankings",
]

VERSION = 1

CUT = 20  # ranks that count in XTREME-R
DISTANCES = ("cosine", "l2")


def one_nearest(queries: ArrayLike, items: ArrayLike, distance: str = "cosine") -> list[int]:
    """Return for each query the row of the nearest item; ``l2`` takes the vectors as they are, ``cosine`` normalised.

    Raises `UnknownName` for another distance.
    """
    if distance not in DISTANCES:
        raise UnknownName("distance", distance, DISTANCES)
    pair = _by_l2(queries, items) if distance == "l2" else (unit(queries), unit(items))
    rows: list[int] = nearest(*pair, 1).rows[:, 0].tolist()
    return rows


def rankings(queries: ArrayLike, items: ArrayLike, k: int | None = None) -> Iterator[list[int]]:
    """Yield for each query the rows of the items by inner product, best first: the first ``k``, or all of them."""
    query_vectors, item_vectors = vectors(queries), vectors(items)
    for start in range(0, len(query_vectors), TILE):
        yield from nearest(query_vectors[start : start + TILE], item_vectors, k or len(item_vectors)).rows.tolist()


def average_precision(golds: Collection[Hashable], ranking: Sequence[Hashable], k: int | None = CUT) -> float:
    """Return the mean of the precision at every right candidate within the first ``k``, None for all.

    The divisor is ``min(len(golds), k)``. Raises `DataFault` for a query without a right answer.
    """
    if not golds:
        raise DataFault("a query without right candidates", hint="leave it out: nothing can be found")
    left, gained = set(golds), 0.0
    for rank, candidate in enumerate(ranking[:k], start=1):
        if candidate in left:
            left.discard(candidate)
            gained += (len(set(golds)) - len(left)) / rank
    return gained / min(len(golds), k or len(golds))


def mean_average_precision(
    references: Mapping[str, Collection[Hashable]], rankings: Mapping[str, Sequence[Hashable]], k: int | None = CUT
) -> float:
    """Return the mean over the queries of ``references``; one without a ranking counts 0, one unknown is not read."""
    if not references:
        raise DataFault("no queries to score", hint="check the split and --max-eval")
    values = [average_precision(golds, rankings.get(query, ()), k) for query, golds in references.items()]
    return sum(values) / len(values)


def mewslix(references: Mapping[str, Sequence[str]], rankings: Mapping[str, Sequence[str]]) -> float:
    """Return what XTREME-R calls mAP@20 of Mewsli-X: the mean reciprocal rank of the one gold entity, cut at 20.

    Outer spaces of the gold id go, those of a prediction stay; only the first gold id is read (``utils_mewslix.py``).
    """
    golds = {query: [entity.strip() for entity in entities[:1]] for query, entities in references.items()}
    return mean_average_precision(golds, rankings)


def _by_l2(queries: ArrayLike, items: ArrayLike) -> tuple[Floats, Floats]:
    """Return vectors with one more dimension whose inner products order items as the distance does."""
    import numpy as np

    x, y = vectors(queries), vectors(items)
    half_squares = (y * y).sum(axis=1, keepdims=True) / 2
    return np.hstack([x, np.ones((len(x), 1), np.float32)]), np.hstack([y, -half_squares])
