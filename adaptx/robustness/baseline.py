"""The random-edit baseline: what edits drawn at random do to the same row, with the same budget and seed.

Owns the draws, which the registered search ``random`` makes too, and the edits that stand in for an attack which brings
no proposals (door 2): neighbouring letters of a word swapped. An attack of door 1 is its own baseline, drawn at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptx.robustness.attack import Edit, attack
from adaptx.robustness.slips import slips

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from random import Random

    from adaptx.robustness.edits import Candidate
    from adaptx.robustness.replies import Budget, Reply
    from adaptx.robustness.search import Proposals

__all__ = ["RATE", "draws", "random_edits"]

RATE = 0.1  # of the clusters, beside an attack whose search has no rate


@attack("random-edits", version=1)
def random_edits(text: str, *, rng: Random, lang: str) -> Iterator[Edit]:  # noqa: ARG001 (the protocol's)
    """Propose swapped neighbours within words, in random order."""
    yield from slips(text, "swap", rng, {})


def draws(
    proposals: Proposals, *, rng: Random, budget: Budget, rate: float, tries: int
) -> Generator[list[Candidate], list[Reply], None]:
    """Ask ``tries`` independent draws, in batches of 1, 1, 2, 4, ... until one succeeds.

    Doubling ends in few rounds, whose batches are full, and asks at most twice what one at a time would.
    """
    asked, most = 0, min(tries, budget.total)
    while asked < most:
        count = min(max(1, asked), most - asked)
        candidates = [proposals.fill(proposals.draw(rng), rate) for _ in range(count)]
        if not candidates[0]:
            return
        yield [candidate for candidate in candidates if candidate]
        asked += count
