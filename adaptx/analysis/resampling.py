"""Resampling of clusters: what a mean over stored rows is worth, were other rows drawn.

Owns the cluster bootstrap; knows nothing of tasks or records. Rows that share a premise, a context or a translation are
drawn together, since they are not independent evidence. All columns (languages, arms, attacks) are resampled at once,
so that any difference of them is paired: a row of weights.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adaptx.analysis.intervals import CONFIDENCE, Interval
from adaptx.metrics.sums import scores_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["RESAMPLES", "Resampled", "clusters_of", "resample"]

RESAMPLES = 2000  # the simulation then moves a bound by 0.06 standard errors; 10,000 by 0.03


@dataclass(frozen=True, slots=True)
class Resampled:
    """The scores of all columns as observed, (columns,), and in every resample, (resamples, columns)."""

    means: Floats
    draws: Floats

    def mean(self, weights: ArrayLike) -> float:
        """Return the weighted sum of the observed scores: a mean over languages, a difference of arms."""
        return float(_weigh(self.means, weights))

    def average_over(self, blocks: int) -> Resampled:
        """Return the columns averaged over ``blocks`` equal runs of them that follow each other (seeds)."""
        means, draws = self.means.reshape(blocks, -1), self.draws.reshape(len(self.draws), blocks, -1)
        return Resampled(means.mean(axis=0), draws.mean(axis=1))

    def interval(self, weights: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
        """Return the percentile interval of `mean`; resamples that miss a used column altogether are left out."""
        import numpy as np

        draws = _weigh(self.draws, weights)
        draws = draws[np.isfinite(draws)]
        if not len(draws):
            return self.mean(weights), self.mean(weights)
        tail = (1 - confidence) / 2
        low, high = np.quantile(draws, [tail, 1 - tail])
        return float(low), float(high)


def clusters_of(*keys: Sequence[Hashable]) -> Codes:
    """Return the cluster of each row, (n,), from 0: rows joined by a chain of equal keys are in one."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = np.tile(np.arange(len(keys[0])), len(keys))
    nodes = len(keys[0]) + _codes([(number, value) for number, key in enumerate(keys) for value in key])
    size = int(nodes.max(initial=-1)) + 1
    links = coo_array((np.ones(len(rows)), (rows, nodes)), shape=(size, size))
    _, labels = connected_components(links, directed=False)
    return _codes(labels[: len(keys[0])].tolist())


def resample(
    terms: ArrayLike, clusters: ArrayLike, columns: ArrayLike = 0, *, resamples: int = RESAMPLES, seed: int = 0
) -> Resampled:
    """Resample clusters with replacement and return the score of every column.

    ``terms`` is what each row adds to its score, (n, terms) as `adaptx.metrics.sums` combines them, or (n,) values to
    average; ``clusters`` and ``columns``, each (n,), are numbered from 0. Clusters with equal sums are one type, and
    how often each type is drawn is multinomial: the same distribution as drawing clusters one by one, and nearly free
    for 0/1 values.
    """
    import numpy as np

    terms = np.asarray(terms, dtype=np.float64)
    if terms.ndim == 1:
        terms = np.stack([terms, np.ones_like(terms)], axis=1)
    columns = np.broadcast_to(np.asarray(columns, dtype=np.intp), len(terms))
    shape = (int(np.max(clusters)) + 1, int(columns.max()) + 1)
    cells = np.ravel_multi_index((np.asarray(clusters), columns), shape)
    added = [np.bincount(cells, weights=term, minlength=shape[0] * shape[1]).reshape(shape) for term in terms.T]
    sums = np.stack(added, axis=-1)
    # Rounded, so that the order of additions makes no new type.
    types, repeats = np.unique(sums.round(12).reshape(shape[0], -1), axis=0, return_counts=True)
    counts = np.random.default_rng(seed).multinomial(shape[0], repeats / shape[0], size=resamples)
    drawn = (counts.astype(np.float64) @ types).reshape(resamples, *sums.shape[1:])
    # A score of nothing (no entity in gold or prediction) is 0, as the form's own score of the cell.
    return Resampled(np.nan_to_num(scores_of(sums.sum(axis=0)), nan=0.0), scores_of(drawn))


def _weigh(columns: Floats, weights: ArrayLike) -> Floats:
    """Return the weighted sum over the last axis; a column of weight 0 may be undefined."""
    import numpy as np

    weights = np.asarray(weights, dtype=np.float64)
    used = weights != 0
    return np.asarray(columns[..., used] @ weights[used])


def _codes(key: Sequence[Hashable]) -> Codes:
    """Return the number of each value: distinct values count from 0 in order of appearance."""
    import numpy as np

    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(value, len(seen)) for value in key], dtype=np.intp)
