"""Bottleneck adapters, light half: their width, their count, and the encoders that AdapterHub's library knows.

Owns the record; the layers are in `adaptx.model.methods.bottleneck`.
"""

from __future__ import annotations

from adaptx.errors import Incompatible
from adaptx.families import FAMILIES, Config, shape_of
from adaptx.methods import Method, Values
from adaptx.parameters import Between, Parameter

__all__ = ["BOTTLENECK", "SUPPORTED"]

WITHOUT = ("camembert", "mpnet", "rembert", "xlm-roberta-xl", "xlnet")  # families that the adapters library lacks
SUPPORTED = tuple(name for name in FAMILIES if name not in WITHOUT)


def _check(config: Config, _values: Values) -> None:
    if config.get("model_type") in WITHOUT:
        raise Incompatible(
            f"method 'bottleneck' does not work on a {config['model_type']} backbone: the adapters library lacks it",
            hint=f"use --method lora or full, or a backbone of type {', '.join(SUPPORTED)}",
        )


def _count(config: Config, values: Values) -> int:
    shape = shape_of(config)
    width = max(1, int(shape.hidden // values["reduction"]))
    return shape.layers * (2 * shape.hidden * width + width + shape.hidden)


BOTTLENECK = Method(
    name="bottleneck",
    version=1,
    title="a small layer with a residual after each feed-forward block (Pfeiffer et al. 2021)",
    heavy="adaptx.model.methods.bottleneck:Bottleneck",
    count=_count,
    check=_check,
    parameters=(
        Parameter(name="reduction", kind=float, default=16.0, limit=Between(0.001, 65_536)),
        Parameter(name="dropout", kind=float, default=0.0, limit=Between(0.0, 0.99)),
    ),
    training={"lr": 1e-4},
    stands_on=("bottleneck",),
    layout="adapterhub",
    arm=1,
)
