"""Parameters of what is registered: a name, a type, a default and a limit each; of a function, its signature.

Owns `Parameter`, `schema` and `resolve`; knows nothing of methods, attacks and searches, which have them. A value may
come typed (TOML) or as text (command line); both end as the same typed value in its one spelling, so that they hash to
the same id. Limits are annotations: ``rate: Annotated[float, Between(0, 1)] = 0.1``.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from adaptx.errors import PluginError, UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = [
    "Between",
    "OneOf",
    "Parameter",
    "Subset",
    "Values",
    "read_parameter",
    "resolve",
    "schema",
    "to_text",
    "values_by_name",
]

Values = Mapping[str, Any]
"""Values by name, each of the type that its schema says."""

KINDS = (bool, int, float, str)
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Between:
    """Limit of a number: ``low <= value <= high``."""

    low: float
    high: float

    def allows(self, value: Any) -> bool:
        """Return whether ``value`` lies in the closed interval."""
        return bool(self.low <= value <= self.high)

    def __str__(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"  # typing hands out an equal limit, be it 0 or 0.0


@dataclass(frozen=True, slots=True)
class OneOf:
    """Limit of a text: one of ``names``."""

    names: tuple[str, ...]

    def allows(self, value: Any) -> bool:
        """Return whether ``value`` is one of the names."""
        return value in self.names

    def __str__(self) -> str:
        return f"one of {', '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class Subset:
    """Limit of a text: names out of ``names`` joined by ``+``, none twice."""

    names: tuple[str, ...]

    def allows(self, value: Any) -> bool:
        """Return whether ``value`` is such a list of names."""
        parts = str(value).split("+")
        return set(parts) <= set(self.names) and len(set(parts)) == len(parts)

    def in_order(self, value: str) -> str:
        """Return the list in the order of ``names``, for its order means nothing."""
        return "+".join(name for name in self.names if name in value.split("+"))

    def __str__(self) -> str:
        return f"one or more of {', '.join(self.names)}, joined by '+'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One recipe key: its name, type, default and limit; a default of None is told apart from every value."""

    name: str
    kind: type
    default: Any
    limit: Between | OneOf | Subset | None = None


def to_text(parameter: Parameter) -> dict[str, object]:
    """Return a parameter as JSON values, which `read_parameter` reads back."""
    limit = parameter.limit
    told = None if limit is None else {"is": type(limit).__name__, **asdict(limit)}
    return {"name": parameter.name, "kind": parameter.kind.__name__, "default": parameter.default, "limit": told}


def read_parameter(value: Values) -> Parameter:
    """Return the parameter that `to_text` wrote."""
    kind = {kind.__name__: kind for kind in KINDS}[value["kind"]]
    return Parameter(name=value["name"], kind=kind, default=value["default"], limit=_limit(value["limit"]))


def _limit(value: Any) -> Between | OneOf | Subset | None:
    if value is None:
        return None
    if value["is"] == Between.__name__:
        return Between(value["low"], value["high"])
    names = tuple(value["names"])
    return OneOf(names) if value["is"] == OneOf.__name__ else Subset(names)


def schema(function: Callable[..., Any], provided: Collection[str]) -> tuple[Parameter, ...]:
    """Read the parameters of ``function`` that the engine does not provide itself.

    Raises: `PluginError` for a parameter without default, or of another type than bool, int, float, str.
    """
    own = [p for p in inspect.signature(function).parameters.values() if p.name not in provided]
    return tuple(_parameter(function, p) for p in own)


def _hint(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """Return one annotation, evaluated alone: the others may name types that are imported for type checkers only."""
    alone = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    return get_type_hints(alone, function.__globals__, include_extras=True)[parameter.name]


def _parameter(function: Callable[..., Any], parameter: inspect.Parameter) -> Parameter:
    hint = _hint(function, parameter)
    kind, limit = (get_args(hint)[:2]) if get_origin(hint) is Annotated else (hint, None)
    if (
        kind not in KINDS
        or parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        or parameter.default is parameter.empty
    ):
        raise PluginError(
            f"{function.__name__}: parameter {parameter.name!r} cannot become a recipe key",
            hint="make it keyword-only, annotate it bool, int, float or str, and give it a default",
        )
    return Parameter(name=parameter.name, kind=kind, default=parameter.default, limit=limit)


def values_by_name(text: str, *, option: str, example: str) -> tuple[str, dict[str, str]]:
    """Read ``NAME`` or ``NAME:key=value,...``; raises `UsageError` for a pair without '=' or a key given twice."""
    name, _, rest = text.partition(":")
    given: dict[str, str] = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals or not key.strip() or key.strip() in given:
            raise UsageError(
                f"cannot read {pair!r} in {option} {text!r}", hint="NAME:key=value,key=value, each key once"
            )
        given[key.strip()] = value.strip()
    if not name:
        raise UsageError(f"no {option.lstrip('-')} is named in {text!r}", hint=f"for example {example}")
    return name, given


def resolve(parameters: Sequence[Parameter], given: Values, *, owner: str) -> Values:
    """Return every parameter's value, the default where there is none or None.

    Raises: `UnknownName` for a key that is not there, `UsageError` for a value of the wrong type or out of its limit.
    """
    known = {parameter.name: parameter for parameter in parameters}
    for key in given:
        if key not in known:
            raise UnknownName(f"parameter of {owner}", key, known)
    return {name: p.default if given.get(name) is None else _value(p, given[name], owner) for name, p in known.items()}


def _value(parameter: Parameter, given: Any, owner: str) -> Any:
    limit = parameter.limit
    several = isinstance(limit, Subset) and isinstance(given, (list, tuple))
    value = _as_type(parameter.kind, "+".join(map(str, given)) if several else given)
    if value is not None and (limit is None or limit.allows(value)):
        return limit.in_order(value) if isinstance(limit, Subset) else value
    wanted = limit or f"a value of type {parameter.kind.__name__}"
    raise UsageError(f"{owner}: {parameter.name} cannot be {given!r}", hint=f"{parameter.name} is {wanted}")


def _as_type(kind: type, given: Any) -> Any:
    """Return ``given`` as ``kind``, or None where it is not one."""
    if kind is bool:
        return WORDS.get(str(given).lower())
    if isinstance(given, bool) or (kind is int and isinstance(given, float) and not given.is_integer()):
        return None
    try:
        return kind(given)
    except (TypeError, ValueError):
        return None
