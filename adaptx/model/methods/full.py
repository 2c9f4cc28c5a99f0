"""Full fine-tuning, the STILTs arm: every weight of the encoder is trained, starting from the layer underneath.

A full layer holds all weights, so of a stack only the topmost file is read. It is a plain encoder folder, config.json
and model.safetensors in fp32, which any tool opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from adaptx.model.methods import TrainedLayer, check_tensors, read_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from adaptx.spec import MethodSpec

__all__ = ["Full"]


class Full:
    """All weights (Phang et al. 2018): a stack is training continued, not a sum."""

    weights = "model.safetensors"

    def attach_frozen(self, encoder: PreTrainedModel, layers: Sequence[TrainedLayer]) -> None:
        """Replace the encoder's weights by those of the topmost layer."""
        if not layers:
            return
        path = layers[-1].path / self.weights
        tensors, parameters = read_tensors(path), dict(encoder.named_parameters())
        check_tensors(tensors, parameters, path)
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(tensors[name])

    def attach_trainable(self, encoder: PreTrainedModel, method: MethodSpec) -> None:
        """Leave the encoder as it is: it is its own top."""

    def top(self, encoder: PreTrainedModel) -> dict[str, str]:
        """Map every parameter name to itself."""
        return {name: name for name, _ in encoder.named_parameters()}

    def describe(self, encoder: PreTrainedModel, folder: Path, backbone: str) -> None:
        """Write the encoder's ``config.json``, naming the backbone it began as."""
        encoder.config.name_or_path = backbone
        encoder.config.save_pretrained(folder)
