"""Methods, light half: how a task is learnt, as a plan lists, prices and hashes it without torch.

Owns `Method`, the record that a package registers in the entry-point group ``adaptx.methods``, and the reading of it;
may not import torch nor know any method by name. What a method does to an encoder is its heavy half, named by ``heavy``
and loaded by `adaptx.model.methods`. Hyperparameters stand in an id only where they are not at their default, so that
one more of them keeps every old id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from adaptx import registry
from adaptx.errors import PluginError
from adaptx.parameters import Parameter, Values, resolve
from adaptx.spec import MethodSpec

if TYPE_CHECKING:
    from adaptx.families import Config

__all__ = ["Method", "Values", "method_named", "method_names", "methods_to_compare"]

NOTHING: Values = MappingProxyType({})
TRAINING: Values = MappingProxyType({"epochs": 3, "batch": 32, "max_length": 256})


def _as_given(values: Values) -> Values:
    return values


def _any_backbone(_config: Config, _values: Values) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way to learn a task on a backbone.

    ``count`` returns the trainable parameters on an encoder of that ``config.json``, the head left out; ``check``
    raises `Incompatible` for an encoder that the method cannot be used on, naming what can. Both are given every
    hyperparameter. ``one_spelling`` maps hyperparameters that mean the same to the same ones. ``training`` holds
    numbers of training (at least ``lr``) for what a task's page does not say.
    """

    name: str
    version: int  # raised when the same request trains otherwise
    title: str
    heavy: str  # "module:attribute" of the heavy half, see `adaptx.model.methods.ModelMethod`
    count: Callable[[Config, Values], int]
    training: Values
    parameters: tuple[Parameter, ...] = ()
    check: Callable[[Config, Values], None] = _any_backbone
    one_spelling: Callable[[Values], Values] = _as_given
    trains_all: bool = False  # every weight: nothing is frozen, and a stored layer is as large as its backbone
    in_fp32: bool = False  # all weights stay fp32, under autocast where bf16 is asked for
    stands_on: tuple[str, ...] = ()  # methods whose layers may be underneath; (): it cannot be stacked
    layout: str | None = None  # whose files its folder holds, as `adaptx export --to` names them; None: nobody's
    size: str | None = None  # the hyperparameter that its count is proportional to
    grows: tuple[str, ...] = ()  # hyperparameters that keep their ratio to the size when that is asked for
    arm: int | None = None  # place among the arms of a comparison that names no methods

    def values(self, given: Values = NOTHING) -> Values:
        """Return every hyperparameter, the defaults filled in; raise `UnknownName` or `UsageError` for a wrong one."""
        return resolve(self.parameters, given, owner=f"method {self.name}")

    def spec(self, page: Values = NOTHING, asked: Values = NOTHING) -> MethodSpec:
        """Return the request for what a page says, overridden by what was ``asked``.

        ``--rank 32`` where a page says rank 16 and alpha 64 is alpha 128: what grows keeps its ratio to the size.
        """
        before, after = self.values(page), {**self.values({**page, **asked})}
        if self.size is not None and self.size in asked:
            share = after[self.size] / before[self.size]
            grown = (name for name in self.grows if name not in asked and before[name] is not None)
            after |= {name: before[name] * share for name in grown}
        stated, usual = self.one_spelling(self.values(after)), self.values()
        different = {name: value for name, value in stated.items() if value != usual[name]}
        return MethodSpec(name=self.name, version=self.version, parameters=different)

    def numbers(self, page: Values = NOTHING) -> Values:
        """Return the numbers of training for what a page says."""
        return {**TRAINING, **self.training, **page}


def method_names() -> list[str]:
    """Return the names of all registered methods, sorted; imports nobody's code."""
    return registry.names(registry.METHODS)


def method_named(name: str) -> Method:
    """Return the method called ``name``; raise `UnknownName`, or `PluginError` for what registers no such record."""
    found = registry.load(registry.METHODS, name)
    if not isinstance(found, Method) or found.name != name:
        told = f"a method called {found.name!r}" if isinstance(found, Method) else f"a {type(found).__name__}"
        raise PluginError(f"{name!r} is registered as a method but is {told}", hint="register a Method of that name")
    return found


def methods_to_compare() -> tuple[str, ...]:
    """Return the methods of a comparison that names none: those that adaptx itself brings, whatever is installed."""
    own = [entry.name for entry in registry.entries(registry.METHODS) if entry.distribution == registry.OWN]
    arms = [method for method in map(method_named, own) if method.arm is not None]
    return tuple(method.name for method in sorted(arms, key=lambda method: method.arm or 0))
