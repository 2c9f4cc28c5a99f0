"""Searches: which of a door-1 attack's proposals are made, asking the victim as a door-2 attack would.

Owns `Proposals` and the searches ``random`` and ``greedy``; may not know any attack. A search is a generator: it yields
lists of candidates and is sent their replies. ``rate`` is the share of a row's clusters that may be edited; one edit is
always allowed, else short rows could never be attacked.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from adaptx.errors import UnknownName
from adaptx.robustness.edits import Candidate, Edit, touch
from adaptx.robustness.parameters import Between, Parameter, schema

if TYPE_CHECKING:
    from random import Random

    from adaptx.robustness.replies import Budget, Needs, Reply, ScoredReply

__all__ = ["Proposals", "Questions", "Search", "random_search", "search_named", "search_names"]

Questions = Generator[list[Candidate], list[Any], None]
WIDTH = 4  # questions per batch of the greedy search
CONTEXT = frozenset({"proposals", "rng", "budget"})
Rate = Annotated[float, Between(0.0, 1.0)]
Tries = Annotated[int, Between(1, 10_000)]


@dataclass(frozen=True, slots=True)
class Proposals:
    """What a door-1 attack proposes for one example, protected spans left out."""

    draw: Callable[[Random], Iterator[Edit]]
    cost: Callable[[Edit], int]  # clusters
    clusters: int  # of all attackable fields

    def fill(self, edits: Iterable[Edit], rate: float) -> Candidate:
        """Return edits taken in order, none side by side, until ``rate`` of the clusters is spent (at least one)."""
        chosen: Candidate = ()
        for edit in edits:
            if self.fits(chosen, edit, rate):
                chosen = (*chosen, edit)
            elif chosen and not self.room(chosen, rate):
                break
        return chosen

    def fits(self, chosen: Candidate, edit: Edit, rate: float) -> bool:
        """Return whether ``edit`` can be added to ``chosen``: it touches none of them and the rate allows it."""
        if not chosen:
            return True
        spent = sum(map(self.cost, chosen)) + self.cost(edit)
        return spent <= rate * self.clusters and not any(touch(edit, other) for other in chosen)

    def room(self, chosen: Candidate, rate: float) -> bool:
        """Return whether the rate leaves room for one more cluster."""
        return sum(map(self.cost, chosen)) + 1 <= rate * self.clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search by name; ``function(proposals, *, rng, budget, ...)`` is a generator."""

    name: str
    version: int
    needs: Needs
    function: Callable[..., Questions]
    parameters: tuple[Parameter, ...]


def random_search(
    proposals: Proposals, *, rng: Random, budget: Budget, rate: Rate = 0.1, tries: Tries = 8
) -> Generator[list[Candidate], list[Reply], None]:
    """Keep the worst of ``tries`` independent draws, asked in batches of 1, 1, 2, 4, ... until one succeeds.

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


def greedy_search(
    proposals: Proposals, *, rng: Random, budget: Budget, rate: Rate = 0.1
) -> Generator[list[Candidate], list[ScoredReply], None]:
    """Rank single edits by the score that each reaches alone, then add one after the other while that helps.

    Half of the budget ranks, as one batch. Each further batch asks the next `WIDTH` edits of the ranking beside those
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
        batch = rest[: min(WIDTH, budget.left)]
        replies = yield [(*chosen, edit) for edit in batch]
        helped = [(-reply.score, edit) for reply, edit in zip(replies, batch, strict=True) if reply.score > score]
        rest = [edit for _, edit in sorted(helped)[1:]] + rest[len(batch) :]
        if helped:
            chosen, score = (*chosen, min(helped)[1]), -min(helped)[0]


def _searches() -> dict[str, Search]:
    functions: dict[str, tuple[int, Needs, Callable[..., Questions]]] = {
        "random": (1, "labels", random_search),
        "greedy": (1, "scores", greedy_search),
    }
    return {
        name: Search(name=name, version=version, needs=needs, function=function, parameters=schema(function, CONTEXT))
        for name, (version, needs, function) in functions.items()
    }


def search_names() -> list[str]:
    """Return the names that ``--search`` takes."""
    return list(_searches())


def search_named(name: str) -> Search:
    """Return the search called ``name``; raises `UnknownName`."""
    searches = _searches()
    if name not in searches:
        raise UnknownName("search", name, searches)
    return searches[name]
