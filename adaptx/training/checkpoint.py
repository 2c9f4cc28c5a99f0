"""What an interrupted run needs to go on bit-equal: one safetensors file, replaced as a whole.

Owns the resume file. It holds whole (gathered) trained tensors, AdamW's moments and the best weights so far, and in
its header the step, the log and what it belongs to: no pickle, the same file at every ZeRO stage and for any number of
processes. The order of rows and all dropout follow from seed and step, so no random state is kept. A process killed
while writing leaves the previous file in place. Size: 3 to 4 times the trained bytes, plus the log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from adaptx.errors import Incompatible, StoreCorrupt

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FILE", "Best", "State", "read", "write"]

FILE = "resume.safetensors"


@dataclass(frozen=True, slots=True)
class Best:
    """The best dev evaluation so far and the weights it was made with."""

    step: int
    score: float
    weights: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A run after ``step`` steps; ``run`` identifies what it belongs to."""

    run: str
    step: int
    weights: Mapping[str, Tensor]
    moments: Mapping[str, Tensor]
    best: Best | None = None
    log: list[dict[str, float]] = field(default_factory=list)


def write(folder: Path, state: State) -> None:
    """Write ``state`` to ``folder``: to a new file, flushed to the disk, then renamed over the old one."""
    parts: dict[str, Mapping[str, Tensor]] = {"weights": state.weights, "moments": state.moments}
    card: dict[str, object] = {"run": state.run, "step": state.step, "log": state.log, "best": None}
    if state.best is not None:
        parts["best"] = state.best.weights
        card["best"] = {"step": state.best.step, "score": state.best.score}
    tensors = {f"{part}/{name}": value.contiguous() for part, values in parts.items() for name, value in values.items()}
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{FILE}.new"
    save_file(tensors, fresh, metadata={"adaptx": json.dumps(card)})
    _flush(fresh)
    fresh.replace(folder / FILE)
    _flush(folder)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(folder: Path, run: str) -> State | None:
    """Return the state that an earlier run left in ``folder``, or None.

    Raises `StoreCorrupt` if the file cannot be read and `Incompatible` if it belongs to other settings than ``run``.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            card = json.loads(file.metadata()["adaptx"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as fault:
        raise StoreCorrupt(
            f"{path} cannot be read: {fault}", hint=f"remove it to start this step anew: {path}"
        ) from fault
    if card["run"] != run:
        raise Incompatible(
            f"{path} is of a run with other settings or rows", hint=f"remove it to start this step anew: {path}"
        )
    best = card["best"] and Best(card["best"]["step"], card["best"]["score"], _part(tensors, "best"))
    return State(
        run=run,
        step=card["step"],
        weights=_part(tensors, "weights"),
        moments=_part(tensors, "moments"),
        best=best,
        log=card["log"],
    )


def _part(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    return {name[len(part) + 1 :]: value for name, value in tensors.items() if name.startswith(f"{part}/")}
