"""How something is computed, as opposed to what: processes, ZeRO stage, memory, device.

Owns `ComputeSettings`; light, because options and plans carry it. Nothing here may change a result beyond rounding, so
none of it is part of an id: it goes into the manifest.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adaptx.errors import UsageError

__all__ = ["ComputeSettings"]

COMPUTE_DTYPES = ("auto", "bf16", "fp32")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeSettings:
    """Where and with how much memory to compute.

    ``zero`` None: stage 0 in one process; in several 1 where a small part of the weights is trained and 2 where all
    are; ``offload`` keeps the optimizer's state in CPU memory, which ZeRO does from stage 1 on.
    """

    processes: int = 1
    hostfile: Path | None = None
    zero: int | None = None
    offload: bool = False
    micro_tokens: int | None = None  # padded tokens per forward and rank; None: what suits the device
    device: str = "auto"  # or "cpu", "cuda"
    compute_dtype: str = "auto"  # of bf16 stacks; or "bf16", "fp32", to compare: see `model.products`

    deadline: float = 1800.0  # seconds: a rank that another waits for so long has fallen behind

    def __post_init__(self) -> None:
        if self.compute_dtype not in COMPUTE_DTYPES:
            raise UsageError(
                f"unknown compute_dtype {self.compute_dtype!r}", hint=f"known: {', '.join(COMPUTE_DTYPES)}"
            )
        if self.offload and self.zero == 0:
            raise UsageError("--offload needs a ZeRO stage of at least 1, --zero is 0", hint="leave --zero out")

    def training_tokens(self, device: str) -> int:
        """Return the padded tokens of a micro-batch in training.

        On a CPU 1,024 stay in its caches: 4 to 7 % faster than 4,096 with a hidden size of 384. A GPU wants more.
        """
        return self.micro_tokens or (1024 if device == "cpu" else 4096)

    def stage(self, *, ranks: int, trained_share: float) -> int:
        """Return the ZeRO stage for ``ranks`` processes that train ``trained_share`` of all weights."""
        if self.zero is not None:
            return self.zero
        most = 0.5
        several = 2 if trained_share > most else 1
        return several if ranks > 1 or self.offload else 0
