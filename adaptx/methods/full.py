"""Full fine-tuning, light half: every weight of the encoder. The heavy half is `adaptx.model.methods.full`."""

from __future__ import annotations

from adaptx.families import Config, total_parameters
from adaptx.methods import Method, Values

__all__ = ["FULL"]


def _count(config: Config, _values: Values) -> int:
    return total_parameters(config)


FULL = Method(
    name="full",
    version=1,
    title="every weight of the encoder, training continued from the layer underneath (Phang et al. 2018)",
    heavy="adaptx.model.methods.full:Full",
    count=_count,
    training={"lr": 1e-5},
    trains_all=True,
    in_fp32=True,
    stands_on=("full",),
    arm=2,
)
