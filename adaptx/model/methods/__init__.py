"""Methods, heavy half: the layers that a method puts on an encoder; the record of each is in `adaptx.methods`.

Owns the `ModelMethod` protocol, and the reading of committed tensors; each library is imported by its own module
alone, when that method is used. An encoder carries one method at a time: peft and adapters in one model lose weights
without a word. Below and top are the only two places: what is underneath is frozen, in the backbone's dtype and without
dropout; the top is trained in fp32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from adaptx.errors import PluginError, StoreCorrupt
from adaptx.methods import method_named

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from adaptx.spec import MethodSpec

__all__ = ["ModelMethod", "TrainedLayer", "check_tensors", "heavy_method", "read_tensors", "write_tensors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedLayer:
    """One trained layer of a stack: the committed folder of a train step, how and on what it was trained."""

    id: str
    path: Path
    method: MethodSpec
    task: str


class ModelMethod(Protocol):
    """One way to put layers on an encoder. Encoders are changed in place."""

    weights: str  # file name of a layer's tensors

    def attach_frozen(self, encoder: PreTrainedModel, layers: Sequence[TrainedLayer]) -> None:
        """Put trained layers on the encoder, bottom first, in its dtype; raise `StoreCorrupt` for a wrong file."""
        ...

    def attach_trainable(self, encoder: PreTrainedModel, method: MethodSpec) -> None:
        """Put a fresh fp32 top above what is attached; the output does not change. Uses torch's random state."""
        ...

    def top(self, encoder: PreTrainedModel) -> dict[str, str]:
        """Map the encoder's parameter names of the top to their names in the committed file."""
        ...

    def describe(self, encoder: PreTrainedModel, folder: Path, backbone: str) -> None:
        """Write the settings of the top into ``folder`` as the method's own library reads them, beside the weights."""
        ...


def heavy_method(name: str) -> ModelMethod:
    """Return the heavy half of the method called ``name``.

    Raises `UnknownName`, `Missing` if its library is not installed, or `PluginError` for a record that names no class.
    """
    module, _, attribute = method_named(name).heavy.partition(":")
    try:
        kind: Callable[[], ModelMethod] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as fault:
        raise PluginError(f"method {name!r} names {module}:{attribute} as its heavy half: {fault}") from fault
    return kind()


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read one safetensors file of finite floating-point numbers; raise `StoreCorrupt` where it is none."""
    from adaptx.model.weights import BadTensors, check_values, read_tensors_of

    try:
        tensors, _ = read_tensors_of(path)
        check_values(tensors, path)
    except (OSError, BadTensors) as fault:
        hint = "adapters are read from safetensors only; run adaptx verify, then train the layer again"
        raise StoreCorrupt(str(fault), hint=hint) from fault
    return tensors


def write_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write one safetensors file, from whatever device the tensors are on."""
    from safetensors.torch import save_file

    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})


def check_tensors(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], where: Path) -> None:
    """Raise `StoreCorrupt` unless both hold the same names with the same shapes: no lenient load."""
    missing, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    if missing or extra:
        raise StoreCorrupt(
            f"{where}: {len(missing)} tensors are missing {missing[:1]}, {len(extra)} do not belong {extra[:1]}",
            hint="the file was made for another backbone or other method settings",
        )
    for name, tensor in expected.items():
        if found[name].shape != tensor.shape:
            raise StoreCorrupt(
                f"{where}: tensor {name!r} has shape {tuple(found[name].shape)}, expected {tuple(tensor.shape)}",
                hint="the file was made for another backbone or other method settings",
            )
