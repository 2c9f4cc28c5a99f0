"""The manifest of a committed step: what it consists of, and how it was made.

Owns the description of files, versions and hardware, and the check against it. None of this is in a step's id. No host
name is recorded. Written with sorted keys and a digest over itself, so that one flipped bit anywhere is found.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from adaptx.errors import StoreCorrupt
from adaptx.spec import SCHEMA, digest
from adaptx.store.atomic import sha256
from adaptx.store.documents import manifest_fault, read_object

__all__ = [
    "EVICTED",
    "MANIFEST",
    "SPEC",
    "WEIGHTS",
    "Manifest",
    "Origin",
    "describe",
    "faults",
    "read",
    "read_spec",
    "render",
    "seal",
]

MANIFEST, SPEC = "manifest.json", "spec.json"
EVICTED = "evicted"  # empty file beside the manifest: the weights were removed and can be made again
WEIGHTS = ".safetensors"
DISTRIBUTIONS = (
    "adaptx",
    "torch",
    "transformers",
    "tokenizers",
    "peft",
    "adapters",
    "datasets",
    "deepspeed",
    "safetensors",
    "numpy",
    "pyarrow",
)


class FileEntry(TypedDict):
    """A file of a step."""

    bytes: int
    sha256: str


class Hardware(TypedDict):
    """What a step was computed on; no host name."""

    machine: str
    system: str
    cores: int | None
    processor: str


class Remade(TypedDict):
    """A step that was made again after its weights were removed."""

    same_weights: bool


class Origin(TypedDict):
    """What a step's maker says of it; ``facts`` are those of its kind, with its ``name`` among them."""

    id: str
    kind: str
    parents: dict[str, str]
    how: dict[str, str]
    seconds: float
    facts: dict[str, Any]


class Manifest(Origin):
    """A manifest as it is stored; ``digest`` is over all the rest."""

    schema: int
    files: dict[str, FileEntry]
    versions: dict[str, str]
    hardware: Hardware
    finished: str
    remade: NotRequired[Remade]
    digest: NotRequired[str]


def describe(folder: Path, origin: Origin) -> Manifest:
    """Describe the files of ``folder`` beside what its maker says of the step."""
    if links := [str(path) for path in folder.rglob("*") if path.is_symlink()]:
        raise ValueError(f"a result cannot hold links: {', '.join(links)}")
    files: dict[str, FileEntry] = {
        name: {"bytes": path.stat().st_size, "sha256": sha256(path)} for name, path in _files(folder)
    }
    return {
        "id": origin["id"],
        "kind": origin["kind"],
        "parents": origin["parents"],
        "how": origin["how"],
        "seconds": origin["seconds"],
        "facts": origin["facts"],
        "schema": SCHEMA,
        "files": files,
        "versions": _versions(),
        "hardware": _hardware(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def seal(manifest: Mapping[str, object]) -> bytes:
    """Return the bytes of the manifest file: ``manifest`` and a digest over it."""
    return render({**manifest, "digest": digest(manifest)})


def render(value: Mapping[str, object]) -> bytes:
    """Return the one way in which the store writes JSON files: sorted, indented, UTF-8; NaN is refused."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode("utf-8")


def faults(folder: Path, step_id: str) -> list[str]:
    """Compare a committed folder with its manifest; return one line per fault, each naming the file."""
    if folder.is_symlink():
        return [f"{folder}: a link, not a folder"]
    try:
        manifest = read(folder, step_id)
        is_right = _is_sealed(folder, manifest)
    except (StoreCorrupt, OSError):
        is_right = False
    if not is_right:
        wrong = "a link, not a file" if (folder / MANIFEST).is_symlink() else "damaged or missing"
        return [f"{folder / MANIFEST}: {wrong}"]
    return list(_wrong_files(folder, manifest["files"])) or _wrong_spec(folder, step_id)


def read(folder: Path, step_id: str) -> Manifest:
    """Return the manifest of a step whose shape is right; raise `StoreCorrupt` for any other."""
    hint = f"adaptx prune {step_id[:12]}, and the same command makes it again"
    found = read_object(folder / MANIFEST, hint)
    if fault := manifest_fault(found, step_id):
        raise StoreCorrupt(f"{folder / MANIFEST} is damaged: {fault}", hint=hint)
    manifest: Manifest = found
    return manifest


def read_spec(folder: Path, step_id: str) -> Any:
    """Return the request of a step; raise `StoreCorrupt` where there is none."""
    hint = f"adaptx prune {step_id[:12]}, and the same command makes it again"
    if not (spec := read_object(folder / SPEC, hint)):
        raise StoreCorrupt(f"{folder / SPEC} is missing or empty", hint=hint)
    return spec


def _is_sealed(folder: Path, manifest: Manifest) -> bool:
    unsealed = {key: value for key, value in manifest.items() if key != "digest"}
    try:
        return seal(unsealed) == (folder / MANIFEST).read_bytes()  # byte for byte: the digest is made anew
    except ValueError:  # NaN
        return False


def _wrong_spec(folder: Path, step_id: str) -> list[str]:
    try:
        found = digest(read_spec(folder, step_id))
    except (StoreCorrupt, ValueError) as error:
        return [str(error)]
    return [] if found == step_id else [f"{folder / SPEC}: is not the request of {step_id[:12]}"]


def _wrong_files(folder: Path, listed: Mapping[str, FileEntry]) -> Iterator[str]:
    yield from (f"{path}: a link, not a file" for path in sorted(folder.rglob("*")) if path.is_symlink())
    present = dict(_files(folder))
    evicted = (folder / EVICTED).exists()
    for name, expected in listed.items():
        if name not in present:
            if not (evicted and name.endswith(WEIGHTS)):
                yield f"{folder / name}: missing"
        elif present[name].stat().st_size != expected["bytes"]:
            yield f"{folder / name}: {present[name].stat().st_size} bytes, the manifest says {expected['bytes']}"
        elif sha256(present[name]) != expected["sha256"]:
            yield f"{folder / name}: sha256 differs from the manifest"
    yield from (f"{folder / name}: not in the manifest" for name in sorted(present.keys() - listed.keys()))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield relative POSIX name and path of every file but the manifest itself and the eviction mark, sorted."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not path.is_symlink() and name not in (MANIFEST, EVICTED):
            yield name, path


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # not installed, so it took no part
    return found


def _hardware() -> Hardware:
    return {"machine": platform.machine(), "system": sys.platform, "cores": os.cpu_count(), "processor": _processor()}


def _processor() -> str:
    """Return the processor's name; Linux tells it in /proc only."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
