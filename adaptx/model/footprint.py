"""What a model costs before it is built: trainable parameters, bytes on disk, memory of a training step.

Owns the estimates of bytes; how many parameters a method trains is said by its record (`adaptx.methods`). No torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptx.families import Config, shape_of, total_parameters
from adaptx.methods import method_named

if TYPE_CHECKING:
    from adaptx.spec import MethodSpec

__all__ = ["artefact_bytes", "count", "step_bytes"]

RUNTIME_BYTES = 600_000_000  # Python, torch, transformers, peft
FIXED_BYTES = 16 * 1024  # what an artefact may hold besides its tensors


def count(config: Config, spec: MethodSpec) -> int:
    """Return the trainable parameters of a method on a backbone, without its head and without building it.

    Raises `Incompatible` where the method cannot be used on this kind of backbone.
    """
    method = method_named(spec.name)
    values = method.values(spec.parameters)
    method.check(config, values)
    return method.count(config, values)


def artefact_bytes(config: Config, spec: MethodSpec) -> int:
    """Return an upper bound of a committed adapter's size in bytes, a small head included."""
    return int(1.1 * 4 * count(config, spec)) + FIXED_BYTES


def step_bytes(config: Config, spec: MethodSpec | None, *, precision: str, tokens: int) -> int:
    """Estimate the memory in bytes of one training step on ``tokens`` tokens, padding included.

    Weights, gradients and two Adam moments of the trainables (16 bytes each), the frozen rest, two bytes for the bf16
    copy that autocast keeps of fp32 weights, per layer and token what backward needs (about 12 hidden and 2
    feed-forward vectors), and the libraries themselves. XLM-R Large, 1024 tokens, bf16, CPU: 11.7e9 for ``full``,
    12.7e9 seen. ``spec`` is None for a bare backbone, of which nothing is trained.
    """
    shape, number = shape_of(config), 2 if precision == "bf16" else 4
    method, trainable = (method_named(spec.name), count(config, spec)) if spec else (None, 0)
    in_fp32 = method is not None and method.in_fp32
    copied = 2 if in_fp32 and precision == "bf16" else 0
    held = (4 if in_fp32 else number) + copied
    frozen = 0 if method is not None and method.trains_all else total_parameters(config) * held
    state = trainable * (16 + copied)
    kept = tokens * shape.layers * (12 * shape.hidden + 2 * shape.ffn) * number
    return RUNTIME_BYTES + frozen + state + kept
