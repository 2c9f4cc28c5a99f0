"""What an attack is: proposals (door 1) or a search of its own (door 2); its signature is its schema.

Owns `Attack`, the decorator `attack` and `AttackRequest`, which resolves every parameter before it is hashed; may not
ask a model. The threat model is declared by ``needs`` and enforced by `adaptx.robustness.replies`: a door-1 attack has
none, for the *search* asks.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast

from adaptx import registry
from adaptx.errors import PluginError, UsageError
from adaptx.parameters import (
    Between,
    OneOf,
    Parameter,
    Subset,
    Values,
    named_values,
    read_parameter,
    resolve,
    schema,
    spelled,
)
from adaptx.registry import ATTACKS, SECONDS
from adaptx.robustness.edits import Candidate, Edit
from adaptx.robustness.process import Gone, Process
from adaptx.robustness.replies import Needs
from adaptx.robustness.search import Search, parse_search

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from adaptx.spec import AttackSpec

__all__ = [
    "Attack",
    "AttackRequest",
    "Between",
    "Candidate",
    "Edit",
    "Needs",
    "OneOf",
    "Subset",
    "attack",
    "attack_request",
    "parse_attack",
    "request_of_spec",
    "requested",
]

Unit = Literal["cluster", "character"]

PROPOSAL_CONTEXT = frozenset({"text", "rng", "lang", "alphabet"})
SEARCH_CONTEXT = frozenset({"example", "rng", "budget", "fields", "protected", "alphabet"})
RESERVED = frozenset({"rate", "tries"})  # belong to the search that drives a door-1 attack


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """A registered attack. ``needs`` is None behind door 1, where ``function`` yields `Edit`; else it is a search."""

    name: str
    version: int
    unit: Unit
    needs: Needs | None
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    takes: frozenset[str]  # the optional context that the signature names: alphabet, fields, protected
    apart: str = ""  # a stranger's: the entry that a process of its own imports (`adaptx.robustness.worker`)

    def described(self) -> dict[str, object]:
        """Return all but the function as JSON values."""
        return {
            "name": self.name,
            "version": self.version,
            "unit": self.unit,
            "needs": self.needs,
            "parameters": [spelled(parameter) for parameter in self.parameters],
            "takes": sorted(self.takes),
        }

    def resolve(self, given: Values) -> Values:
        """Return all parameters as typed values; raises `UnknownName` or `UsageError`."""
        return resolve(self.parameters, given, owner=self.name)

    def __call__(self, *args: Any, **keywords: Any) -> Generator[Any, Any, None]:
        """Call the plugin's function as it was written."""
        return cast("Generator[Any, Any, None]", self.function(*args, **keywords))


def attack(
    name: str, *, version: int, unit: Unit = "cluster", needs: str | None = None
) -> Callable[[Callable[..., Any]], Attack]:
    """Make an attack of a function.

    Door 1 (no ``needs``): ``f(text, *, rng, lang, ...) -> Iterator[Edit]`` yields proposals in the order in which it
    would make them (``Edit.at``); the search takes as many as its rate allows. ``text`` is NFC when ``unit`` is
    ``"cluster"``, and every edit begins and ends between clusters.
    Door 2 (``needs="labels"`` or ``"scores"``): ``f(example, *, rng, budget, ...)`` is a generator that yields lists of
    candidates, at most ``budget.left`` of them, and is sent one reply for each.
    ``alphabet`` (both doors), ``fields`` and ``protected`` (door 2) are given to a function that names them.
    Raises: `PluginError` when the function cannot be such a door.
    """
    _check_name(name, needs, unit)

    def register(function: Callable[..., Any]) -> Attack:
        context = PROPOSAL_CONTEXT if needs is None else SEARCH_CONTEXT
        _check_signature(name, function, ("text", "rng", "lang") if needs is None else ("example", "rng", "budget"))
        parameters = schema(function, context)
        taken = {p.name for p in parameters} & RESERVED if needs is None else set()
        if taken:
            raise PluginError(
                f"attack {name!r}: {', '.join(sorted(taken))} is a parameter of the search", hint="rename it"
            )
        takes = frozenset(inspect.signature(function).parameters) & context
        asked = cast("Needs | None", needs)
        return Attack(
            name=name, version=version, unit=unit, needs=asked, function=function, parameters=parameters, takes=takes
        )

    return register


def _check_name(name: str, needs: str | None, unit: str) -> None:
    if needs == "gradients":
        raise PluginError(f"attack {name!r} needs gradients, which are not offered yet", hint="needs='scores' is")
    if needs not in (None, "labels", "scores"):
        raise PluginError(f"attack {name!r}: needs cannot be {needs!r}", hint="labels, scores, or leave it out")
    if unit not in ("cluster", "character"):
        raise PluginError(f"attack {name!r}: unit cannot be {unit!r}", hint="cluster or character")
    if not name.replace("-", "").isalnum():
        raise PluginError(f"an attack cannot be called {name!r}", hint="letters, digits and '-'")


def _check_signature(name: str, function: Callable[..., Any], wanted: Sequence[str]) -> None:
    found = list(inspect.signature(function).parameters)
    if found[:1] != [wanted[0]] or not set(wanted) <= set(found):
        raise PluginError(
            f"attack {name!r} takes ({', '.join(found)})", hint=f"({wanted[0]}, *, {', '.join(wanted[1:])}, ...)"
        )
    if not inspect.isgeneratorfunction(function):
        raise PluginError(f"attack {name!r} is no generator function", hint="yield edits, or lists of candidates")


def parse_attack(text: str) -> tuple[str, dict[str, str]]:
    """Read ``NAME`` or ``NAME:key=value,...``; raises `UsageError` for a pair without '=' or a key given twice."""
    return named_values(text, option="--attack", example="charswap:rate=0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackRequest:
    """An attack with everything resolved: what is hashed and what `adaptx.robustness.engine.attack_cell` runs."""

    attack: Attack
    driver: Search | None  # None behind door 2
    own: Values  # the attack's parameters
    searching: Values  # the search's parameters
    budget: int  # queries per example
    seed: int = 0

    @property
    def name(self) -> str:
        """The attack's name."""
        return self.attack.name

    @property
    def version(self) -> int:
        """The attack's version."""
        return self.attack.version

    @property
    def is_apart(self) -> bool:
        """Whether its code, or that of its search, is a stranger's and runs in a process of its own."""
        if self.driver is not None and registry.is_apart(registry.SEARCHES, self.driver.name):
            return True
        return bool(self.attack.apart)

    @property
    def parameters(self) -> dict[str, object]:
        """All parameters, as they are recorded and hashed."""
        return {**self.own, **self.searching}

    @property
    def search(self) -> str:
        """The search's name; ``own`` behind door 2."""
        return "own" if self.driver is None else self.driver.name

    @property
    def search_version(self) -> int:
        """The search's version; the attack's behind door 2."""
        return self.attack.version if self.driver is None else self.driver.version

    @property
    def needs(self) -> Needs:
        """What the attack may see of its victim."""
        return self.attack.needs or (self.driver.needs if self.driver else "labels")


def attack_request(text: str, *, search: str = "random", budget: int = 64, seed: int = 0) -> AttackRequest:
    """Resolve what a person typed, ``NAME[:key=value,...]``, against the registered attacks; imports that one alone.

    A stranger's is imported in a process of its own, which describes it. Raises `UnknownName` for an attack, search or
    key, `UsageError` for a wrong value, `PluginError` for a broken one.
    """
    name, given = parse_attack(text)
    return requested(_attack_named(name), given, search=search, budget=budget, seed=seed)


def request_of_spec(spec: AttackSpec) -> AttackRequest:
    """Return what a step's spec was made of; raises as `attack_request`."""
    attack = _attack_named(spec.attack)
    return requested(attack, spec.parameters, search=spec.search, budget=spec.budget, seed=spec.attack_seed)


def _attack_named(name: str) -> Attack:
    apart = registry.is_apart(ATTACKS, name)
    found = _described(tuple(sys.path), name) if apart else registry.load(ATTACKS, name)
    if not isinstance(found, Attack):
        raise PluginError(
            f"{name!r} is registered as an attack but is a {type(found).__name__}", hint="decorate it with @attack"
        )
    if found.name != name:
        raise PluginError(f"the attack registered as {name!r} is called {found.name!r}", hint="use one name")
    return found


@lru_cache(maxsize=64)
def _described(path: tuple[str, ...], name: str) -> Attack:  # noqa: ARG001 - the path is part of the key
    """Return a stranger's attack as its own process describes it."""
    child = Process(name)
    try:
        value = child.hear(SECONDS)
    except Gone as gone:
        (entry,) = (entry for entry in registry.entries(ATTACKS) if entry.name == name)
        raise PluginError(f"cannot import {entry}: it {gone}") from None
    finally:
        child.close()
    if "error" in value:
        raise PluginError(value["error"], hint="adaptx doctor examines every plugin")
    _check_name(value["name"], value["needs"], value["unit"])
    parameters = tuple(map(read_parameter, value["parameters"]))
    told = {**value, "parameters": parameters, "takes": frozenset(value["takes"])}
    return Attack(**told, function=_elsewhere, apart=name)


def _elsewhere(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("the code of this attack is in a process of its own")


def requested(
    attack: Attack, given: Values, *, search: str = "random", budget: int = 64, seed: int = 0
) -> AttackRequest:
    """Resolve the parameters of an attack and its search; a door-2 attack brings its own search and ignores ``search``.

    Raises: `UnknownName` for a key that neither has, `UsageError` for a wrong value or a budget below 1.
    """
    if budget < 1:
        raise UsageError(f"a budget of {budget} queries asks nothing", hint="1 or more")
    driver, told = (None, {}) if attack.needs else parse_search(search)
    keys = () if driver is None else driver.parameters
    _check_once(attack, driver, given, told)
    values = resolve((*attack.parameters, *keys), {**told, **given}, owner=attack.name)
    own = {p.name: values[p.name] for p in attack.parameters}
    searching = {p.name: values[p.name] for p in keys}
    return AttackRequest(attack=attack, driver=driver, own=own, searching=searching, budget=budget, seed=seed)


def _check_once(attack: Attack, driver: Search | None, given: Values, told: Values) -> None:
    """Raise where one name would mean two things, or has been given twice."""
    both = {p.name for p in attack.parameters} & {p.name for p in driver.parameters} if driver else set()
    if both:
        told_by = f"attack {attack.name!r} and search {driver.name!r}" if driver else ""
        raise PluginError(f"{told_by} both have a parameter {min(both)!r}", hint="another --search")
    if twice := sorted(set(given) & set(told)):
        raise UsageError(f"{twice[0]} is given with --attack {attack.name} and with --search", hint="give it once")
