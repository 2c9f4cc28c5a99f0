"""Safetensors files read with suspicion: what is hashed, checked and loaded are the same bytes.

Owns the reading of one file (`read_tensors_of`) and of a backbone's weights (`read_weights`): ``model.safetensors``, or
the shards that an index names, in its own folder and all there. May not know a model. What users meet is told as such:
a Git LFS pointer, a download that was cut off, quantised weights, another framework's file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["BadTensors", "Weights", "check_values", "read_tensors_of", "read_weights"]

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
Digest = Callable[[Path, bytes | memoryview], str]  # of the content of a file
SHARD = re.compile(r"[\w-][\w.-]*\.safetensors")
POINTER = b"version https://git-lfs"
LONGEST_HEADER = 100_000_000  # bytes, the format's own limit
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
LENGTH = 8  # bytes of the header's length
AGAIN = "download it again"


class BadTensors(ValueError):
    """A file of tensors that cannot be trusted; the message is a sentence, whose error it is knows the caller."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The tensors of a backbone by the names in its files, and the hash of every file that was read.

    Files are hashed while the encoder is built: that takes as long as reading them.
    """

    tensors: Mapping[str, Tensor]
    pending: Mapping[str, Future[str]]

    def hashes(self) -> dict[str, str]:
        """Wait for the hashes and return them by file name."""
        return {name: found.result() for name, found in self.pending.items()}


def read_weights(folder: Path, names: Iterable[str], hasher: Executor, digest: Digest) -> Weights:
    """Read a backbone's weights, and have all files of ``names`` hashed by ``digest``, also those that hold none.

    Raises `BadTensors` where a file is not what it should be, `OSError` where it cannot be read.
    """
    listed = sorted(names)
    wanted = _is_needed(folder, listed)
    hashes: dict[str, Future[str]] = {}
    tensors: dict[str, Tensor] = {}
    for name in listed:
        expected = wanted.get(name)
        if expected is None:
            hashes[name] = hasher.submit(digest, folder / name, (folder / name).read_bytes())
            continue
        found, content = read_tensors_of(folder / name)
        hashes[name] = hasher.submit(digest, folder / name, content)
        if expected and expected != found.keys():
            odd = min(expected ^ found.keys())
            raise BadTensors(f"{folder / name} and {INDEX} do not name the same tensors, the first is {odd!r}")
        tensors |= found
    return Weights(tensors, hashes)


def read_tensors_of(path: Path) -> tuple[dict[str, Tensor], memoryview]:
    """Return the tensors of a file, as views into one buffer, and that buffer's bytes.

    The file is read once, into memory: a map of it would show later changes of the file in the weights. Raises
    `BadTensors` where it is damaged or another framework's.
    """
    with path.open("rb") as stream:
        content = torch.empty(os.fstat(stream.fileno()).st_size, dtype=torch.uint8)
        if stream.readinto(content.numpy().data) != len(content) or stream.read(1):
            raise BadTensors(f"{path} changed while it was read")
    begin, header = _header(path, content)
    tensors = {name: _tensor(path, name, entry, content[begin:]) for name, entry in header.items()}
    end = begin + sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if end != len(content):
        raise BadTensors(
            f"{path} is not a safetensors file: {len(content):,} bytes are there, its header tells of {end:,}"
        )
    return tensors, content.numpy().data


def check_values(tensors: Mapping[str, Tensor], where: Path | str) -> None:
    """Raise `BadTensors` for a tensor that is not of floating point, and for one with a NaN or an infinity."""
    for name, tensor in tensors.items():
        if not tensor.is_floating_point() or tensor.element_size() == 1:
            kind = str(tensor.dtype).removeprefix("torch.")
            raise BadTensors(f"{where}: tensor {name!r} is {kind}: quantised or integer weights are not read")
        # A sum is ten times as fast as a look at each value, and cannot be finite where one of them is not.
        if not tensor.sum().isfinite() and not tensor.isfinite().all():
            raise BadTensors(f"{where}: tensor {name!r} has values that are not finite")


def _is_needed(folder: Path, names: Iterable[str]) -> dict[str, set[str] | None]:
    """Return the files that hold the weights, each with the tensors that the index promises of it (empty: any)."""
    names = set(names)
    wanted: dict[str, set[str] | None] = {}
    if WHOLE in names:
        wanted[WHOLE] = set()
        return wanted
    if INDEX not in names:
        raise BadTensors(f"{folder} has neither {WHOLE} nor {INDEX}, and {', '.join(sorted(names)) or 'nothing else'}")
    for tensor, shard in _index(folder / INDEX).items():
        if shard not in names:
            raise BadTensors(f"{folder / INDEX} names {shard!r}, which is not there: {AGAIN}")
        of_shard = wanted.setdefault(shard, set())
        assert of_shard is not None, "a shard has tensors"
        of_shard.add(tensor)
    return wanted


def _index(path: Path) -> dict[str, str]:
    try:
        found: Any = json.loads(path.read_bytes())["weight_map"]
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise BadTensors(f"{path} is not an index of safetensors files: {fault!r}"[:500]) from fault
    if not isinstance(found, dict) or not found:
        raise BadTensors(f"{path} is not an index of safetensors files: it maps no tensor to a file")
    for shard in found.values():
        if not isinstance(shard, str) or not SHARD.fullmatch(shard):
            raise BadTensors(f"{path} names {str(shard)[:100]!r}, which is not a safetensors file of its own folder")
    return found


def _header(path: Path, content: Tensor) -> tuple[int, dict[str, Any]]:
    """Return where the tensors begin and what the header says of each; raise `BadTensors` for a cut or foreign file."""
    size, start = len(content), bytes(content[: len(POINTER)].numpy())
    if start == POINTER:
        raise BadTensors(f"{path} is a Git LFS pointer and not the weights: git lfs pull gets them")
    if size < LENGTH:
        raise BadTensors(f"{path} is empty or was cut off ({size} bytes): {AGAIN}")
    length = int.from_bytes(start[:LENGTH], "little")
    if length > LONGEST_HEADER:
        raise BadTensors(f"{path} is not a safetensors file: it does not begin with a header")
    begin = LENGTH + length
    if begin > size:
        raise BadTensors(f"{path} was cut off in its header, {size:,} bytes are there: {AGAIN}")
    header = _json(path, bytes(content[LENGTH:begin].numpy()))
    about = header.pop("__metadata__", {})
    framework = about.get("format", "pt") if isinstance(about, dict) else about
    if framework != "pt":
        raise BadTensors(f"{path} holds weights of format {str(framework)[:40]!r}, not of PyTorch")
    return begin, header


def _tensor(path: Path, name: str, entry: Any, data: Tensor) -> Tensor:
    """Return a tensor as a view into the data of its file."""
    try:
        kind, shape, (start, end) = DTYPES[entry["dtype"]], entry["shape"], entry["data_offsets"]
        numbers = [start, end, *shape]
    except (TypeError, KeyError, ValueError) as fault:
        raise BadTensors(f"{path} is not a safetensors file: tensor {name!r} has no known type and place") from fault
    size = prod(shape) * kind.itemsize if all(type(number) is int and number >= 0 for number in numbers) else -1
    if size != end - start:
        raise BadTensors(f"{path} is not a safetensors file: tensor {name!r} has another size than its shape")
    if end > len(data):
        raise BadTensors(f"{path} was cut off, {len(data):,} of at least {end:,} bytes of tensors are there: {AGAIN}")
    piece = data[start:end]
    if piece.storage_offset() % kind.itemsize:
        piece = piece.clone()
    return piece.view(kind).view(shape)


def _json(path: Path, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as fault:
        raise BadTensors(f"{path} is not a safetensors file: its header is not JSON") from fault
    if not isinstance(found, dict):
        raise BadTensors(f"{path} is not a safetensors file: its header is no table")
    return found
