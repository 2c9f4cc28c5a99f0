"""Bottleneck adapters through AdapterHub's library (its only importer, when used): Pfeiffer layers in sequence.

A fresh adapter is the identity (``init_weights="mam_adapter"``; the library's default moves the output by 0.4 %). The
library hangs a second reference to the word embeddings on the model, which would put them into every checkpoint: it is
cut. On a bf16 backbone the fp32 adapter computes under autocast, since the library knows no dtype.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from adaptx.errors import Missing
from adaptx.methods.bottleneck import BOTTLENECK
from adaptx.model.methods import TrainedLayer, check_tensors, read_tensors

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

    from adaptx.spec import MethodSpec

__all__ = ["Bottleneck"]

TOP = "top"


class Bottleneck:
    """Sequential adapters (Pfeiffer et al. 2021): ``x + up(relu(down(x)))`` after each feed-forward block."""

    weights = "adapter.safetensors"

    def attach_frozen(self, encoder: PreTrainedModel, layers: Sequence[TrainedLayer]) -> None:
        """Add the layers in sequence, bottom first, without dropout."""
        for index, layer in enumerate(layers):
            name = f"below{index}"
            add(encoder, name, layer.method, wet=False)
            fill(encoder, name, layer)
            for module in adapter_modules(encoder, name):
                module.to(encoder.dtype)
        activate(encoder)

    def attach_trainable(self, encoder: PreTrainedModel, method: MethodSpec) -> None:
        """Add a fresh adapter that is the identity: down random (Kaiming uniform), up zero."""
        add(encoder, TOP, method, wet=True)
        if encoder.dtype == torch.bfloat16:
            for module in adapter_modules(encoder, TOP):
                under_autocast(module)
        activate(encoder)

    def top(self, encoder: PreTrainedModel) -> dict[str, str]:
        """Map parameter names to themselves: AdapterHub's files keep the adapter's name in every key."""
        return {name: name for name in parameter_names(encoder, TOP)}

    def describe(self, encoder: PreTrainedModel, folder: Path, backbone: str) -> None:
        """Write AdapterHub's ``adapter_config.json``; the adapter is called ``top``."""
        from adapters.loading import AdapterLoader

        loader = AdapterLoader(encoder, use_safetensors=True)
        _, settings = loader.save_to_state_dict(TOP)
        settings["model_name"] = backbone
        loader.weights_helper.save_weights_config(str(folder), settings)


def library() -> Any:
    """Import `adapters`, or raise `Missing` with the command that installs it."""
    try:
        import adapters
    except ImportError as fault:
        raise Missing(
            f"method 'bottleneck' needs the package adapters: {fault}",
            hint="pip install 'adaptx[bottleneck]'; --method lora works without it",
        ) from fault
    return adapters


def add(encoder: PreTrainedModel, name: str, method: MethodSpec, *, wet: bool) -> None:
    """Add one adapter to every layer, with its dropout where ``wet``, making the encoder an AdapterHub model first."""
    adapters, values = library(), BOTTLENECK.values(method.parameters)
    BOTTLENECK.check(encoder.config.to_dict(), values)
    if not hasattr(encoder, "adapters_config"):
        adapters.init(encoder)
        remove_embedding_alias(encoder)
    reduction, dropout = values["reduction"], values["dropout"] if wet else 0.0
    encoder.add_adapter(
        name, config=adapters.SeqBnConfig(reduction_factor=reduction, init_weights="mam_adapter", dropout=dropout)
    )


def remove_embedding_alias(encoder: PreTrainedModel) -> None:
    """Drop the prompt tuning module's reference to the word embeddings: 1.02 GB per checkpoint at XLM-R Large."""
    prompt = getattr(encoder, "prompt_tuning", None)
    if prompt is not None:
        prompt.base_model_embeddings = None


def activate(encoder: PreTrainedModel) -> None:
    """Run every adapter there is, in the order in which they were added."""
    names = list(getattr(encoder, "adapters_config", ()))
    if names:
        encoder.adapters_config.active_setup = library().composition.Stack(*names)  # its setter warns before it acts


def adapter_modules(encoder: PreTrainedModel, name: str) -> list[nn.Module]:
    return [module for path, module in encoder.named_modules() if path.endswith(f".adapters.{name}")]


def parameter_names(encoder: PreTrainedModel, name: str) -> list[str]:
    return [path for path, _ in encoder.named_parameters() if f".adapters.{name}." in path]


def fill(encoder: PreTrainedModel, name: str, layer: TrainedLayer) -> None:
    """Copy a committed adapter into the adapter called ``name``; every tensor must be there and fit."""
    parameters = dict(encoder.named_parameters())
    slots = {
        p.replace(f".adapters.{name}.", f".adapters.{TOP}."): parameters[p] for p in parameter_names(encoder, name)
    }
    tensors = read_tensors(layer.path / Bottleneck.weights)
    check_tensors(tensors, slots, layer.path / Bottleneck.weights)
    with torch.no_grad():
        for key, slot in slots.items():
            slot.copy_(tensors[key])


def under_autocast(module: nn.Module) -> None:
    """Let an fp32 adapter read and write bf16: its two matrices are cast, not the activations."""
    forward = module.forward

    def in_bf16(x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            return forward(x, *args, **kwargs)

    module.forward = in_bf16
