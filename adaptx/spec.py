"""Requests and their ids: the same request has the same id, on every machine and for ever.

Owns canonical JSON, sha256 ids and the frozen request types (`TrainSpec`, `EvalSpec`, `AttackSpec`). May not read
files or import anything heavy. What changes the result is a field here; *how* it was computed (processes, ZeRO stage,
micro-batch, device) is in the manifest only. A field added later carries ``neutral=...`` in its metadata and is left
out of the JSON at that value, so that adding an option never throws old results away. Every field is coerced by its
annotation when a spec is built, so that ``5`` on a page, ``--epochs 5`` and a recipe's ``5.0`` are one request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from numbers import Integral, Real
from sys import float_info
from types import UnionType
from typing import Any, Protocol, Union, get_args, get_origin, get_type_hints

from adaptx.errors import UsageError

__all__ = [
    "SCHEMA",
    "AttackSpec",
    "EvalSpec",
    "MethodSpec",
    "Optimisation",
    "PartSpec",
    "RowsSpec",
    "Sampling",
    "Spec",
    "TrainSpec",
    "canonical",
    "coerce",
    "content_id",
    "digest",
    "request",
]

SCHEMA = 1


def canonical(value: Any) -> bytes:
    """Return the one JSON spelling of ``value``: UTF-8, sorted keys, no spaces, shortest floats; NaN is refused."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def digest(value: Any) -> str:
    """Return the sha256 of the canonical JSON of ``value``, 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def neutral(value: Any) -> Any:
    """Declare a dataclass field that is left out of the request at ``value``."""
    if isinstance(value, dict):
        return field(default_factory=value.copy, metadata={"neutral": value})
    return field(default=value, metadata={"neutral": value})


def request(spec: Any) -> Any:
    """Turn frozen dataclasses into plain JSON values, leaving out fields at their neutral value."""
    if is_dataclass(spec) and not isinstance(spec, type):
        kept = {f.name: getattr(spec, f.name) for f in fields(spec)}
        marks = {f.name: f.metadata.get("neutral", MISSING) for f in fields(spec)}
        return {k: request(v) for k, v in kept.items() if marks[k] is MISSING or v != marks[k]}
    if isinstance(spec, Mapping):
        return {str(k): request(v) for k, v in spec.items()}
    if isinstance(spec, (list, tuple)):
        return [request(v) for v in spec]
    return spec


def coerce(value: Any, kind: Any, name: str) -> Any:
    """Return ``value`` as the annotation ``kind`` has it: a whole float as an int, an int as a float, lists as tuples.

    Raises `UsageError` calling the value ``name``; a bool is no number, and a number must be finite.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        (some,) = (option for option in inner if option is not type(None))
        return None if value is None else coerce(value, some, name)
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(coerce(item, inner[0], name) for item in value)
    is_flag = isinstance(value, bool)
    if kind in (int, float) and isinstance(value, Real) and not is_flag:
        return _number(value, kind, name)
    if not isinstance(value, origin or kind) or (is_flag and kind is not bool):
        raise UsageError(f"{name} cannot be {value!r}", hint=f"{name} is {_words(kind)}")
    return value


def _number(value: Any, kind: type, name: str) -> int | float:
    """Return the one spelling of a number: a zero has no minus, and int and float are the only types."""
    if kind is int and (isinstance(value, Integral) or float(value).is_integer()):
        return int(value)
    if kind is float and -float_info.max <= value <= float_info.max:
        return float(value) + 0.0
    raise UsageError(f"{name} cannot be {value!r}", hint=f"{name} is {_words(kind)}")


def _words(kind: Any) -> str:
    told = {int: "a whole number", float: "a finite number", str: "a text", bool: "true or false"}
    return told.get(kind, getattr(kind, "__name__", str(kind)))


@cache
def _annotations(kind: type) -> Mapping[str, object]:
    return get_type_hints(kind)


class Coerced:
    """What every spec derives from: its fields are coerced when it is built."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Coerce every field; raise `UsageError` for what its annotation cannot mean."""
        own: Any = type(self)
        for name, kind in _annotations(own).items():
            object.__setattr__(self, name, coerce(getattr(self, name), kind, f"{own.__name__}.{name}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSpec(Coerced):
    """Which rows of which task: one language (or pair, ``en+hi``) of one split at one revision."""

    source: str  # "folder", "hub" or "mini": where they came from is part of the claim
    revision: str  # "commit:<40 hex>", "files:<sha256>" or "mini:<version>"
    task: str
    task_version: int
    form: str
    form_version: int
    language: str
    split: str
    limit: int | None = neutral(None)  # --max-train / --max-eval: the N rows of lowest hash


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSpec(Coerced):
    """How a task is learnt: a method with those of its hyperparameters that are not at their default.

    `adaptx.methods.Method.spec` makes it: there every hyperparameter has its type.
    """

    name: str
    version: int
    parameters: Mapping[str, object] = neutral({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation(Coerced):
    """Everything the training loop needs to know; units: epochs, rows, tokens."""

    lr: float
    epochs: float
    batch: int  # effective batch in rows, over all ranks and micro-batches
    max_length: int
    stride: int = neutral(128)  # span windows only
    warmup: float = neutral(0.1)  # share of all steps
    weight_decay: float = neutral(0.01)
    clip: float = neutral(1.0)
    adam_epsilon: float = neutral(1e-8)
    order: str = neutral("bucketed")  # or "iid"
    evaluations: int = neutral(4)  # dev evaluations per run, evenly spaced, the last at the end
    select: str = neutral("best-dev")  # or "last"
    dev_limit: int | None = neutral(500)  # jiant evaluates on 500 English dev rows


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSpec(Coerced):
    """One more task of a mixture: its rows, and the lengths (tokens) at which its form reads them."""

    rows: RowsSpec
    dev: RowsSpec | None
    max_length: int
    stride: int = neutral(128)
    share: float | None = neutral(None)  # of all batches, in place of what the sampling gives (text for MLM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling(Coerced):
    """How often a mixture turns to each of its tasks (jiant's samplers; Wang et al. 2019, section 4.2).

    ``proportional`` to the rows, at most ``cap`` of them; ``temperature``: those sizes to the power 1 / temperature;
    ``uniform``.
    """

    kind: str = "proportional"
    cap: int | None = neutral(None)
    temperature: float | None = neutral(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSpec(Coerced):
    """Train one task above ``below`` (the id of the train step underneath, which carries its own stack).

    A mixture has ``others`` beside ``rows`` and a head for each; optimisation is that of the first.
    """

    kind: str = "train"
    schema: int = SCHEMA
    backbone: str  # revision: "commit:<40 hex>" or "files:<sha256>"
    method: MethodSpec
    rows: RowsSpec
    dev: RowsSpec | None
    optimisation: Optimisation
    below: str | None
    seed: int
    precision: str  # "fp32" or "bf16"
    loop: int = 2  # version of the training loop: how weights follow from all the rest; 2: dropout belongs to the row
    others: tuple[PartSpec, ...] = neutral(())
    sampling: Sampling | None = neutral(None)  # noqa: RUF009 - a field, as `dataclasses.field` makes one


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalSpec(Coerced):
    """Evaluate one stack on one cell."""

    kind: str = "eval"
    schema: int = SCHEMA
    stack: str  # id of the top train step; empty for the bare backbone, which is then named
    rows: RowsSpec
    metric: str
    metric_version: int
    max_length: int
    precision: str
    stride: int = neutral(128)
    backbone: str = neutral("")  # revision, where there is no train step that carries it
    layer: int | None = neutral(None)  # retrieval: whose hidden states are read; None: as the form says
    pool: str = neutral("")  # retrieval: revision of all that is read (searched, tuned on) beside the cell's own rows


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackSpec(Coerced):
    """Attack one evaluated cell; the random-edit baseline at the same budget belongs to the same step."""

    kind: str = "attack"
    schema: int = SCHEMA
    cell: str  # id of the eval step
    attack: str
    attack_version: int
    parameters: Mapping[str, object]
    search: str
    search_version: int
    budget: int  # queries per example
    attack_seed: int = neutral(0)
    baseline_version: int = neutral(1)  # of the random edits that stand beside it


class Spec(Protocol):
    """The request behind a step: a frozen dataclass of plain values."""

    @property
    def kind(self) -> str:
        """The kind of step, a folder of the store."""
        ...

    @property
    def schema(self) -> int:
        """The version of the shape of requests."""
        ...


def content_id(spec: Spec) -> str:
    """Return the id of a step, 64 hex digits."""
    return digest(request(spec))
