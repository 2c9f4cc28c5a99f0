"""``greedy``: single edits ranked by their score, then added one after the other."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

from adaptx.parameters import Between
from adaptx.robustness.search import Rate, search

if TYPE_CHECKING:
    from collections.abc import Generator
    from random import Random

    from adaptx.robustness.edits import Candidate
    from adaptx.robustness.replies import Budget, ScoredReply
    from adaptx.robustness.search import Proposals

__all__ = ["greedy"]


@search("greedy", version=1, needs="scores")
def greedy(
    proposals: Proposals,
    *,
    rng: Random,
    budget: Budget,
    rate: Rate = 0.1,
    width: Annotated[int, Between(1, 10_000)] = 4,
) -> Generator[list[Candidate], list[ScoredReply], None]:
    """Rank single edits by the score that each reaches alone, then add one after the other while that helps.

    Half of the budget ranks, as one batch. Each further batch asks the next ``width`` edits of the ranking beside those
    chosen and takes the best of them if it beats the score so far; those that do not help are not asked again.
    """
    pool = list(islice(proposals.draw(rng), max(1, budget.total // 2)))
    if not pool:
        return
    replies = yield [(edit,) for edit in pool]
    ranked = sorted(zip(replies, pool, strict=True), key=lambda pair: (-pair[0].score, pair[1]))
    chosen: Candidate = (ranked[0][1],)
    score, rest = ranked[0][0].score, [edit for _, edit in ranked[1:]]
    while rest := [edit for edit in rest if proposals.fits(chosen, edit, rate)]:
        batch = rest[: min(width, budget.left)]
        replies = yield [(*chosen, edit) for edit in batch]
        helped = [(-reply.score, edit) for reply, edit in zip(replies, batch, strict=True) if reply.score > score]
        rest = [edit for _, edit in sorted(helped)[1:]] + rest[len(batch) :]
        if helped:
            chosen, score = (*chosen, min(helped)[1]), -min(helped)[0]
