"""Searches: which of a door-1 attack's proposals are made, asking the victim as a door-2 attack would.

Owns `Proposals`, `Search` and the decorator `search`; may not know any attack, nor any search by name: they are
registered in the entry-point group ``adaptx.searches``. A search is a generator: it yields lists of candidates and is
sent their replies. ``rate`` is the share of a row's clusters that may be edited; one edit is
always allowed, else short rows could never be attacked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from adaptx import registry
from adaptx.errors import PluginError
from adaptx.parameters import Between, Parameter, Values, resolve, schema, values_by_name
from adaptx.robustness.edits import Candidate, Edit, touch

if TYPE_CHECKING:
    from random import Random

    from adaptx.robustness.replies import Needs

__all__ = ["Proposals", "Questions", "Rate", "Search", "parse_search", "search", "search_named", "search_names"]

Questions = Generator[list[Candidate], list[Any], None]
CONTEXT = frozenset({"proposals", "rng", "budget"})
Rate = Annotated[float, Between(0.0, 1.0)]


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
    """A registered search: ``function(proposals, *, rng, budget, ...)`` is a generator.

    ``is_random``: its candidates are random draws already, one of which is then the baseline beside it. ``tries`` names
    the parameter that limits its questions, where one does; else it may ask what the budget holds.
    """

    name: str
    version: int
    needs: Needs
    function: Callable[..., Questions]
    parameters: tuple[Parameter, ...]
    is_random: bool = False
    tries: str | None = None

    def resolve(self, given: Values) -> Values:
        """Return all parameters as typed values; raises `UnknownName` or `UsageError`."""
        return resolve(self.parameters, given, owner=self.name)

    def questions(self, budget: int, values: Values) -> int:
        """Return how many questions a row costs at most, the baseline's one draw beside a random search included."""
        return budget if self.tries is None else min(budget, int(values[self.tries]) + self.is_random)


def search(
    name: str, *, version: int, needs: Needs, is_random: bool = False, tries: str | None = None
) -> Callable[[Callable[..., Questions]], Search]:
    """Make a search of a generator function ``f(proposals, *, rng, budget, ...)``.

    It yields lists of candidates, at most ``budget.left`` of them, made of what `Proposals` gives, and is sent one
    reply for each. Every further keyword parameter with a type and a default is an option of ``--search``.
    Raises: `PluginError` for a function that cannot be one.
    """

    def register(function: Callable[..., Questions]) -> Search:
        taken = list(inspect.signature(function).parameters)
        if taken[:1] != ["proposals"] or not set(taken) >= CONTEXT or not inspect.isgeneratorfunction(function):
            raise PluginError(
                f"search {name!r} takes ({', '.join(taken)})", hint="a generator of (proposals, *, rng, budget, ...)"
            )
        parameters = schema(function, CONTEXT)
        return Search(
            name=name,
            version=version,
            needs=needs,
            function=function,
            parameters=parameters,
            is_random=is_random,
            tries=tries,
        )

    return register


def search_names() -> list[str]:
    """Return the names that ``--search`` takes; imports nobody's code."""
    return registry.names(registry.SEARCHES)


def search_named(name: str) -> Search:
    """Return the search called ``name``; raises `UnknownName`, or `PluginError` for what is no search of that name."""
    found = registry.load(registry.SEARCHES, name)
    if not isinstance(found, Search) or found.name != name:
        raise PluginError(
            f"{name!r} is registered as a search but is a {type(found).__name__}", hint="decorate it with @search"
        )
    return found


def parse_search(text: str) -> tuple[Search, dict[str, str]]:
    """Read ``NAME`` or ``NAME:key=value,...`` of ``--search``; raises as `search_named` and `values_by_name`."""
    name, given = values_by_name(text, option="--search", example="greedy:rate=0.2")
    found = search_named(name)
    found.resolve(given)
    return found, given
