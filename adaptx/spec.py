"""Requests and their ids: the same request has the same id, on every machine and for ever.

Owns canonical JSON, sha256 ids and the frozen request types (`TrainSpec`, `EvalSpec`, `AttackSpec`). May not read
files or import anything heavy. What changes the result is a field here; *how* it was computed (processes, ZeRO stage,
micro-batch, device) is in the manifest only. A field added later carries ``neutral=...`` in its metadata and is left
out of the JSON at that value, so that adding an option never throws old results away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, Protocol

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSpec:
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
class MethodSpec:
    """How a task is learnt: ``lora``, ``bottleneck`` or ``full``, with the hyperparameters that shape the adapter."""

    name: str
    version: int
    rank: int | None = neutral(None)
    alpha: float | None = neutral(None)
    targets: tuple[str, ...] = neutral(())  # logical names: query key value attention_output ffn_in ffn_out
    reduction: float | None = neutral(None)
    dropout: float = neutral(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
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
class PartSpec:
    """One more task of a mixture: its rows, and the lengths (tokens) at which its form reads them."""

    rows: RowsSpec
    dev: RowsSpec | None
    max_length: int
    stride: int = neutral(128)
    share: float | None = neutral(None)  # of all batches, in place of what the sampling gives (text for MLM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How often a mixture turns to each of its tasks (jiant's samplers; Wang et al. 2019, section 4.2).

    ``proportional`` to the rows, at most ``cap`` of them; ``temperature``: those sizes to the power 1 / temperature;
    ``uniform``.
    """

    kind: str = "proportional"
    cap: int | None = neutral(None)
    temperature: float | None = neutral(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSpec:
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
    others: tuple[PartSpec, ...] = neutral(())
    sampling: Sampling | None = neutral(None)  # noqa: RUF009 - a field, as `dataclasses.field` makes one


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalSpec:
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
class AttackSpec:
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
