"""JSON Schema from types: what `json.dumps` makes of a `TypedDict`, a dataclass, and what they hold.

Owns the translation alone. No key is allowed that a type does not name. Pairs in `Annotated` are keywords added to a
schema; a type in it says how the value is written. A dataclass field is left out of the JSON where it is not of its
``repr``, and may be where it stands at its neutral value.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

__all__ = ["json_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}

Schema = dict[str, object]


def json_schema(kind: Any, title: str) -> Schema:
    """Return the JSON Schema of a type, those it names under ``$defs``; raise `TypeError` for what has no JSON."""
    named: dict[str, Schema] = {}
    body = _schema(kind, named)
    return {"$schema": DIALECT, "title": title, **body, "$defs": {name: named[name] for name in sorted(named)}}


def _schema(kind: Any, named: dict[str, Schema]) -> Schema:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any or kind is object:
        return {}
    if origin is None:
        return {"type": PLAIN[kind]} if kind in PLAIN else _reference(kind, named)
    if origin is Annotated:
        return _schema_of_annotated(*arguments, named=named)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(one, named) for one in arguments]}
    return _container(kind, named)


def _container(kind: Any, named: dict[str, Schema]) -> Schema:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1], named)}
    if origin is list or arguments[1:] == (...,):
        return {"type": "array", "items": _schema(arguments[0], named)}
    if origin is not tuple:
        raise TypeError(f"{kind} has no JSON of its own")
    return {"type": "array", "prefixItems": [_schema(one, named) for one in arguments], "items": False}


def _schema_of_annotated(kind: Any, *beside: Any, named: dict[str, Schema]) -> Schema:
    return {**_schema(kind, named), **dict(beside)} if isinstance(beside[0], tuple) else _schema(beside[0], named)


def _reference(kind: Any, named: dict[str, Schema]) -> Schema:
    if not is_typeddict(kind) and not is_dataclass(kind):
        raise TypeError(f"{kind} has no JSON of its own")
    named.setdefault(kind.__name__, _object(kind, named))
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _object(kind: Any, named: dict[str, Schema]) -> Schema:
    hints = get_type_hints(kind, include_extras=True)
    optional = {name for name, hint in hints.items() if get_origin(hint) is NotRequired}
    if is_dataclass(kind):
        optional = {field.name for field in fields(kind) if "neutral" in field.metadata}
        hints = {field.name: hints[field.name] for field in fields(kind) if field.repr}
    bare = {name: get_args(hint)[0] if get_origin(hint) is NotRequired else hint for name, hint in hints.items()}
    return {
        "description": (kind.__doc__ or kind.__name__).partition("\n")[0],
        "type": "object",
        "properties": {name: _schema(hint, named) for name, hint in bare.items()},
        "required": [name for name in hints if name not in optional],
        "additionalProperties": False,
    }
