"""``random``: the worst of some independent draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from adaptx.parameters import Between
from adaptx.robustness.baseline import draws
from adaptx.robustness.search import Questions, Rate, search

if TYPE_CHECKING:
    from random import Random

    from adaptx.robustness.replies import Budget
    from adaptx.robustness.search import Proposals

__all__ = ["random"]


@search("random", version=1, needs="labels", is_random=True, tries="tries")
def random(
    proposals: Proposals,
    *,
    rng: Random,
    budget: Budget,
    rate: Rate = 0.1,
    tries: Annotated[int, Between(1, 10_000)] = 8,
) -> Questions:
    """Keep the worst of ``tries`` draws that spend ``rate`` of the clusters each."""
    yield from draws(proposals, rng=rng, budget=budget, rate=rate, tries=tries)
