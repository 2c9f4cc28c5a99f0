"""How fast this machine multiplies matrices, and what a bf16 stack is therefore computed in.

``bf16`` in a request is a floor: frozen weights are rounded to bf16, what is trained and the heads are fp32, and all is
computed in bf16 *or wider*. A CPU without bf16 units runs bf16 products at a fiftieth of its fp32 ones: there, and
wherever else they are slower, it is fp32. Owns the measurement, made once per machine and kept in the user's cache
folder, so that one machine always decides alike; ``python -m adaptx.model.products`` prints it.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import perf_counter
from typing import TypedDict

import torch

__all__ = ["DTYPES", "Products", "ToldProducts", "choose_dtype", "measure_products", "product_rate"]

DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
SIZES = {"cpu": 512, "cuda": 4096}  # rows of the square matrices
TIMES = 20
LONGEST_S = 0.5  # after which a slow product is not repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """Matrix products in operations per second, by what they are computed in."""

    bf16: float
    fp32: float


class ToldProducts(TypedDict):
    """What ``python -m adaptx.model.products`` prints of a device; ``bf16_in`` is what a bf16 stack is computed in."""

    device: str
    machine: str
    bf16: float
    fp32: float
    bf16_in: str


def choose_dtype(precision: str, asked: str, device: str) -> str:
    """Return what a stack of ``precision`` is computed in, ``bf16`` or ``fp32``; ``asked`` may be ``auto``.

    It is never less than the precision.
    """
    if precision != "bf16" or asked == "fp32":
        return "fp32"
    if asked == "bf16":
        return "bf16"
    found = measure_products(device.partition(":")[0])
    return "bf16" if found.bf16 >= found.fp32 else "fp32"


@cache
def measure_products(kind: str) -> Products:
    """Return what this machine's ``kind`` of device (cpu, cuda) does, measured unless the cache knows it."""
    path, machine = _cache_file(), _machine(kind)
    known = _read(path)
    if machine in known:
        return known[machine]
    found = Products(**{name: product_rate(kind, dtype, SIZES[kind], TIMES) for name, dtype in DTYPES.items()})
    with suppress(OSError):  # a home that cannot be written to: the next command measures again
        _write(path, {**known, machine: found})
    return found


def product_rate(device: str, dtype: torch.dtype, size: int, times: int) -> float:
    """Return the best rate of a square matrix product in operations per second."""
    left = torch.randn(size, size, device=device).to(dtype)
    best = spent = 0.0
    for _ in range(times + 1):  # the first one warms up and is hardly ever the best
        begin = perf_counter()
        product = left @ left
        float(product[0, 0])  # waits for a GPU
        seconds = perf_counter() - begin
        best, spent = max(best, 2 * size**3 / seconds), spent + seconds
        if spent > LONGEST_S:
            break
    return best


def _machine(kind: str) -> str:
    """Name what the figures belong to: a home may be shared by machines, and a library may learn a kernel."""
    name = torch.cuda.get_device_name() if kind == "cuda" else f"{_processor()}, {torch.get_num_threads()} threads"
    return f"{name}, torch {torch.__version__}"


def _processor() -> str:
    """Name the processor and what torch uses of it; clouds give several generations one name, so units for bf16 too."""
    told = {"model name": platform.processor() or platform.machine(), "flags": ""}
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            told[key.strip()] = value.strip()
    units = [flag for flag in told["flags"].split() if "bf16" in flag]
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    return " ".join(
        word for word in (told["model name"], torch.backends.cpu.get_cpu_capability(), *units, limit) if word
    )


def _cache_file() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(home) / "adaptx" / "products.json"


def _read(path: Path) -> dict[str, Products]:
    """Return what is known, by machine; a file that is not whole counts as none."""
    try:
        return {machine: Products(**rates) for machine, rates in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(path: Path, known: dict[str, Products]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        json.dump({machine: asdict(rates) for machine, rates in known.items()}, file, indent=1)
    Path(file.name).replace(path)


def _main() -> None:
    """Print a line of JSON for each device of this machine."""
    for kind in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
        found, chosen = measure_products(kind), choose_dtype("bf16", "auto", kind)
        told = ToldProducts(device=kind, machine=_machine(kind), bf16=found.bf16, fp32=found.fp32, bf16_in=chosen)
        sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    _main()
