"""BitFit: of an encoder only the biases are trained (Ben Zaken et al. 2022, https://aclanthology.org/2022.acl-short.1).

Owns the record that adaptx lists, plans and prices, and the class behind it; torch is imported when that is used. A
layer holds all its biases, so a stack is training continued and the topmost layer counts. Encoders whose biases are not
BERT's are refused, for they would be counted wrongly.
"""

# ruff: noqa: INP001 (a distribution of one module)

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from adaptx.errors import Incompatible
from adaptx.families import Config, family_of, shape_of
from adaptx.methods import Method, Values
from adaptx.parameters import OneOf, Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import nn
    from transformers import PreTrainedModel

    from adaptx.model.methods import TrainedLayer
    from adaptx.spec import MethodSpec

__all__ = ["BITFIT", "BitFit"]

FAMILIES = ("bert", "camembert", "distilbert", "roberta", "xlm-roberta")
HALF = ("query", "ffn_in")  # section 4.3 of the paper: the queries and the widening layer


def _check(config: Config, _values: Values) -> None:
    if config.get("model_type") not in FAMILIES:
        raise Incompatible(
            f"method 'bitfit' does not know the biases of a {config.get('model_type')} backbone",
            hint=f"use another --method, or a backbone of type {', '.join(FAMILIES)}",
        )


def _count(config: Config, values: Values) -> int:
    """Four projections, the feed-forward pair and two LayerNorms a layer, and the LayerNorm of the embeddings."""
    shape = shape_of(config)
    if values["biases"] == "half":
        return shape.layers * (shape.hidden + shape.ffn)
    return shape.layers * (4 * shape.hidden + shape.ffn + shape.hidden + 2 * shape.hidden) + shape.embedding


BITFIT = Method(
    name="bitfit",
    version=1,
    title="only the biases of the encoder (Ben Zaken et al. 2022)",
    heavy="adaptx_bitfit:BitFit",
    count=_count,
    check=_check,
    parameters=(Parameter(name="biases", kind=str, default="all", limit=OneOf(("all", "half"))),),
    training={"lr": 1e-3},
    in_fp32=True,  # a bf16 layer cannot add an fp32 bias
    stands_on=("bitfit",),
)


class BitFit:
    """The heavy half: biases of the encoder itself, copied in from the layer underneath."""

    weights = "biases.safetensors"

    def __init__(self) -> None:
        self.biases = "all"

    def attach_frozen(self, encoder: PreTrainedModel, layers: Sequence[TrainedLayer]) -> None:
        """Copy the biases of the layers into the encoder, bottom first: each goes on from the one underneath."""
        import torch

        from adaptx.model.methods import check_tensors, read_tensors

        for layer in layers:
            slots = chosen(encoder, BITFIT.values(layer.method.parameters)["biases"])
            tensors = read_tensors(layer.path / self.weights)
            check_tensors(tensors, slots, layer.path / self.weights)
            with torch.no_grad():
                for name, slot in slots.items():
                    slot.copy_(tensors[name])

    def attach_trainable(self, encoder: PreTrainedModel, method: MethodSpec) -> None:
        """Leave the encoder as it is: its own biases are the top."""
        values = BITFIT.values(method.parameters)
        BITFIT.check(encoder.config.to_dict(), values)
        self.biases = values["biases"]

    def top(self, encoder: PreTrainedModel) -> dict[str, str]:
        """Map the name of every trained bias to itself."""
        return {name: name for name in chosen(encoder, self.biases)}

    def describe(self, encoder: PreTrainedModel, folder: Path, backbone: str) -> None:  # noqa: ARG002 (the protocol's)
        """Write what the file beside it holds."""
        card = {"method": "bitfit", "backbone": backbone, "biases": self.biases}
        (folder / "bitfit.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def chosen(encoder: PreTrainedModel, biases: str) -> dict[str, nn.Parameter]:
    """Return the biases that are trained, by the encoder's own names."""
    found = {name: slot for name, slot in encoder.named_parameters() if name.endswith(".bias")}
    if biases == "all":
        return found
    linears = family_of(encoder.config.to_dict()).linears
    ends = tuple(f".{linears[name]}.bias" for name in HALF)
    return {name: slot for name, slot in found.items() if name.endswith(ends)}
