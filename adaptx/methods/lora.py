"""LoRA, light half: low-rank deltas on linear layers; what they are and how many parameters they have.

Owns the record, and the reading of a request on one backbone; the layers are in `adaptx.model.methods.lora`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adaptx.errors import Incompatible
from adaptx.families import LOGICAL_LINEARS, Config, family_of, shape_of
from adaptx.methods import Method, Values
from adaptx.parameters import Between, Parameter, Subset

if TYPE_CHECKING:
    from adaptx.spec import MethodSpec

__all__ = ["LORA", "LoraSettings", "settings"]

ALL = "all"  # linear layers of attention and feed-forward
SCALING = 2.0  # alpha / rank, as in common use; a power of two, so that folding it into B is exact in every dtype


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSettings:
    """The hyperparameters on one backbone, with every default filled in."""

    rank: int
    alpha: float
    targets: tuple[str, ...]  # logical names, in their order
    dropout: float


def settings(method: MethodSpec, config: Config) -> LoraSettings:
    """Return what a request means on an encoder; raise `UnknownName` or `Incompatible` for a target it has not."""
    return _settings(LORA.values(method.parameters), config)


def _settings(values: Values, config: Config) -> LoraSettings:
    available = tuple(name for name in LOGICAL_LINEARS if name in family_of(config).linears)
    wanted = LOGICAL_LINEARS if values["targets"] == ALL else values["targets"].split("+")
    if lacking := [] if values["targets"] == ALL else [name for name in wanted if name not in available]:
        raise Incompatible(
            f"a {config.get('model_type')} backbone has no linear layer {lacking[0]!r} that a LoRA could wrap",
            hint=f"targets that work: {', '.join(available)}",
        )
    return LoraSettings(
        rank=values["rank"],
        alpha=SCALING * values["rank"] if values["alpha"] is None else values["alpha"],
        targets=tuple(name for name in available if name in wanted),
        dropout=values["dropout"],
    )


def _check(config: Config, values: Values) -> None:
    _settings(values, config)


def _count(config: Config, values: Values) -> int:
    wanted, shape = _settings(values, config), shape_of(config)
    sides = {"ffn_in": shape.hidden + shape.ffn, "ffn_out": shape.hidden + shape.ffn}
    return shape.layers * wanted.rank * sum(sides.get(target, 2 * shape.hidden) for target in wanted.targets)


def _one_spelling(values: Values) -> Values:
    """Return alpha as None where it is what it would be anyway, and all targets as ``all``."""
    usual = values["alpha"] == SCALING * values["rank"]
    every = values["targets"] == "+".join(LOGICAL_LINEARS)
    return {**values, **({"alpha": None} if usual else {}), **({"targets": ALL} if every else {})}


LORA = Method(
    name="lora",
    version=1,
    title="low-rank deltas on the linear layers of attention and feed-forward (Hu et al. 2021)",
    heavy="adaptx.model.methods.lora:Lora",
    count=_count,
    check=_check,
    one_spelling=_one_spelling,
    parameters=(
        Parameter(name="rank", kind=int, default=8, limit=Between(1, 65_536)),
        Parameter(name="alpha", kind=float, default=None, limit=Between(1e-6, 1e6)),  # None: `SCALING` times the rank
        Parameter(name="targets", kind=str, default=ALL, limit=Subset((*LOGICAL_LINEARS, ALL))),
        Parameter(name="dropout", kind=float, default=0.0, limit=Between(0.0, 0.99)),
    ),
    training={"lr": 1e-3},
    stands_on=("lora",),
    layout="peft",
    size="rank",
    grows=("alpha",),
    arm=0,
)
