"""LoRA through peft (the only importer of peft): low-rank deltas on the linear layers of attention and feed-forward.

Several LoRAs add up. All frozen ones of a stack run as one pair of matrices, A's below each other and B's side by side
with each alpha / rank folded into its B, so that depth costs rank and not calls. The layers compute in the dtype of
their input: peft's own forward carries every input of a bf16 backbone to fp32 and back, see `LoraLinear`. It also runs
what is there instead of what peft calls active: peft leaves a second adapter inactive and thaws what it activates.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import Linear
from torch import Tensor, nn
from torch.nn import functional

from adaptx.errors import Incompatible, StoreCorrupt
from adaptx.families import linear_paths
from adaptx.methods.lora import LoraSettings, settings
from adaptx.model.methods import TrainedLayer, check_tensors, read_tensors
from adaptx.tables import read_object

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from adaptx.spec import MethodSpec

__all__ = ["Lora", "LoraLinear"]

BELOW, TOP = "below", "top"
SETTINGS = "adapter_config.json"
PREFIX = "base_model.model."  # of peft's files
NOT_A_PLAIN_SUM = ("use_dora", "use_rslora", "modules_to_save", "rank_pattern", "alpha_pattern", "lora_bias")


class LowRankSum(torch.autograd.Function):
    """``x W' + b + sum of scale * (x A') B'``, each product added to the one before, forwards and backwards.

    Autograd would keep a gradient of x for W and one for every low-rank pair and add them in passes of their own: that
    costs 5 % of a training step in bf16. W and b are frozen; A and B are fp32 masters, cast where they are used.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, scales: tuple[float, ...], *pairs: Tensor
    ) -> Tensor:
        """Map ``x`` ``(..., in)`` to ``(..., out)``; ``pairs`` is A, B, A, B, ..., with one of ``scales`` per pair."""
        rows = x.flatten(0, -2)
        out = functional.linear(rows, weight, bias)
        inner = []
        for scale, down, up in zip(scales, pairs[::2], pairs[1::2], strict=True):
            inner.append(functional.linear(rows, down.to(x.dtype)))
            out.addmm_(inner[-1], up.to(x.dtype).t(), alpha=scale)
        ctx.save_for_backward(rows, weight, *inner, *pairs)
        ctx.scales = scales
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        """Return the gradients of x and of every A and B that is trained, the latter in fp32."""
        rows, weight, *saved = ctx.saved_tensors
        count = len(ctx.scales)
        wanted = ctx.needs_input_grad[-2 * count :]
        flat = gradient.flatten(0, -2)
        of_x = flat @ weight if ctx.needs_input_grad[0] else None
        of_pairs: list[Tensor | None] = []
        for place, scale in enumerate(ctx.scales):
            inner, down, up = saved[place], saved[count + 2 * place], saved[count + 2 * place + 1]
            of_inner = (flat @ up.to(flat.dtype)).mul_(scale)
            if of_x is not None:
                of_x.addmm_(of_inner, down.to(flat.dtype))
            of_pairs.append((of_inner.t() @ rows).to(down.dtype) if wanted[2 * place] else None)
            of_pairs.append((flat.t() @ inner).to(up.dtype).mul_(scale) if wanted[2 * place + 1] else None)
        return of_x if of_x is None else of_x.view(*gradient.shape[:-1], -1), None, None, None, *of_pairs


class LoraLinear(Linear):
    """peft's LoRA layer, computing in the dtype of its input with fp32 master weights.

    The cast is of the small matrices (rank x width) and not of the activations (tokens x width); the deltas are added
    by the matrix products themselves. In fp32 it is peft's own sum.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return ``base(x) + sum of scaling * B A x``; shapes ``(..., in)`` to ``(..., out)``."""
        names = [name for name in (BELOW, TOP) if name in self.lora_A]
        if self.training and any(isinstance(self.lora_dropout[name], nn.Dropout) for name in names):
            return self._with_dropout(x, names)
        base = self.base_layer
        pairs = [side[name].weight for name in names for side in (self.lora_A, self.lora_B)]
        scales = tuple(float(self.scaling[name]) for name in names)
        out: Tensor = LowRankSum.apply(x, base.weight, base.bias, scales, *pairs)
        return out

    def _with_dropout(self, x: Tensor, names: Sequence[str]) -> Tensor:
        """Return the same where a pair reads its own dropped x."""
        out: Tensor = self.base_layer(x)
        for name in names:
            down, up = self.lora_A[name].weight.to(x.dtype), self.lora_B[name].weight.to(x.dtype)
            inner = functional.linear(self.lora_dropout[name](x), down).flatten(0, -2)
            out = torch.addmm(out.flatten(0, -2), inner, up.t(), alpha=self.scaling[name]).view(out.shape)
        return out


class Lora:
    """Low-rank adaptation (Hu et al. 2021), additive over a stack."""

    weights = "adapter_model.safetensors"

    def attach_frozen(self, encoder: PreTrainedModel, layers: Sequence[TrainedLayer]) -> None:
        """Add all layers as one frozen pair of matrices per linear layer."""
        if not layers:
            return
        config = encoder.config.to_dict()
        wanted = [settings(layer.method, config) for layer in layers]
        files = [read_layer(encoder, layer, one) for layer, one in zip(layers, wanted, strict=True)]
        paths = sorted({path for one in wanted for path in linear_paths(config, one.targets)})
        rank = sum(one.rank for one in wanted)
        inject(encoder, BELOW, paths, rank=rank, alpha=rank, dropout=0.0)
        for path, module in lora_modules(encoder, BELOW):
            down, up = concatenated(path, wanted, files, module.base_layer.weight.dtype)
            module.lora_A[BELOW].weight = nn.Parameter(down, requires_grad=False)
            module.lora_B[BELOW].weight = nn.Parameter(up, requires_grad=False)

    def attach_trainable(self, encoder: PreTrainedModel, method: MethodSpec) -> None:
        """Add a fresh LoRA: A random (Kaiming uniform), B zero, so that the output stays what it was."""
        wanted = settings(method, encoder.config.to_dict())
        paths = linear_paths(encoder.config.to_dict(), wanted.targets)
        inject(encoder, TOP, paths, rank=wanted.rank, alpha=wanted.alpha, dropout=wanted.dropout)
        for _, module in lora_modules(encoder, TOP):
            module.lora_A[TOP].float()
            module.lora_B[TOP].float()
            module.reset_lora_parameters(TOP, init_lora_weights=True)

    def top(self, encoder: PreTrainedModel) -> dict[str, str]:
        """Map ``<linear>.lora_A.top.weight`` to peft's ``base_model.model.<linear>.lora_A.weight``."""
        paths = [path for path, _ in lora_modules(encoder, TOP)]
        return {f"{path}.lora_{side}.{TOP}.weight": file_name(path, side) for path in paths for side in "AB"}

    def describe(self, encoder: PreTrainedModel, folder: Path, backbone: str) -> None:
        """Write peft's ``adapter_config.json``."""
        card = copy(encoder.peft_config[TOP])
        card.base_model_name_or_path = backbone
        card.inference_mode = True
        card.save_pretrained(str(folder))


def configuration(paths: Sequence[str], *, rank: int, alpha: float, dropout: float) -> LoraConfig:
    """Return peft's configuration for exactly these modules, whatever comes before their path.

    A pattern over whole paths and not the bare names: ``dense`` would also hit the pooler.
    """
    tails = sorted({re.sub(r"\d+", r"\\d+", re.escape(path), count=1) for path in paths})
    pattern = rf"(?:.*\.)?(?:{'|'.join(tails)})"
    alpha = int(alpha) if float(alpha).is_integer() else alpha
    return LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=pattern)


def inject(
    encoder: PreTrainedModel, name: str, paths: Sequence[str], *, rank: int, alpha: float, dropout: float
) -> None:
    made = configuration(paths, rank=rank, alpha=alpha, dropout=dropout)
    made._register_custom_module({nn.Linear: LoraLinear})  # noqa: SLF001 - documented by peft, underscore and all
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Already found a `peft_config`")  # a second adapter is meant
        inject_adapter_in_model(made, encoder, adapter_name=name)
    found = {path for path, _ in lora_modules(encoder, name)}
    if found != set(paths):
        raise Incompatible(
            f"LoRA reached {len(found)} linear layers of this backbone instead of {len(paths)}",
            hint="its modules are not named as its model type promises; use another checkpoint",
        )


def lora_modules(encoder: PreTrainedModel, name: str) -> Iterator[tuple[str, LoraLinear]]:
    """Yield every layer that carries the adapter ``name``, with its path."""
    for path, module in encoder.named_modules():
        if isinstance(module, LoraLinear) and name in module.lora_A:
            yield path, module


def read_layer(encoder: PreTrainedModel, layer: TrainedLayer, wanted: LoraSettings) -> dict[str, Tensor]:
    """Read one committed LoRA; refuse what is not a plain sum of low-rank deltas or not what the spec says."""
    path = layer.path / SETTINGS
    card = read_object(path)
    odd = [key for key in NOT_A_PLAIN_SUM if card.get(key)]
    if odd:
        raise Incompatible(
            f"adapter {layer.task!r} ({layer.id[:12]}) uses {', '.join(odd)}, which does not add up in a stack",
            hint="train it as plain LoRA",
        )
    if (card.get("r"), card.get("lora_alpha")) != (wanted.rank, wanted.alpha):
        raise StoreCorrupt(
            f"{path} says rank {card.get('r')} and alpha {card.get('lora_alpha')}, "
            f"its spec rank {wanted.rank} and alpha {wanted.alpha:g}",
            hint="run adaptx verify",
        )
    tensors = read_tensors(layer.path / Lora.weights)
    check_tensors(tensors, expected_tensors(encoder, wanted), layer.path / Lora.weights)
    return tensors


def expected_tensors(encoder: PreTrainedModel, wanted: LoraSettings) -> dict[str, Tensor]:
    """Return the names and shapes that a file must have, as tensors without storage."""
    expected = {}
    for path in linear_paths(encoder.config.to_dict(), wanted.targets):
        linear = encoder.get_submodule(path)
        expected[file_name(path, "A")] = torch.empty(wanted.rank, linear.in_features, device="meta")
        expected[file_name(path, "B")] = torch.empty(linear.out_features, wanted.rank, device="meta")
    return expected


def file_name(path: str, side: str) -> str:
    return f"{PREFIX}{path}.lora_{side}.weight"


def concatenated(
    path: str, wanted: Sequence[LoraSettings], files: Sequence[Mapping[str, Tensor]], dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Return A ``(ranks, in)`` and B ``(out, ranks)`` of one linear layer, over those LoRAs that have it."""
    here = [(one, tensors) for one, tensors in zip(wanted, files, strict=True) if file_name(path, "A") in tensors]
    downs = [tensors[file_name(path, "A")].to(dtype) for _, tensors in here]
    ups = [(tensors[file_name(path, "B")].double() * (one.alpha / one.rank)).to(dtype) for one, tensors in here]
    return torch.cat(downs, dim=0), torch.cat(ups, dim=1)
