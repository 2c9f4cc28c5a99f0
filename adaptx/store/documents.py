"""The store's JSON files as they are found, which need not be as they were written: checked before they are believed.

Owns the reading of manifest, spec, ``store.json`` and ``lock.json``, and what shape each must have; may not know what a
value means. Whatever else lies there (another JSON, a link, a folder, a cut or binary file) is `StoreCorrupt`, which
names the path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from adaptx.errors import StoreCorrupt

__all__ = ["is_inside", "manifest_fault", "read_object"]

SHA256 = re.compile(r"[0-9a-f]{64}")
SHAPE: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "kind": str,
    "parents": dict,
    "how": dict,
    "seconds": (int, float),
    "facts": dict,
    "files": dict,
    "versions": dict,
}


def read_object(path: Path, hint: str) -> Any:
    """Return the JSON object of a file, an empty one where there is no file; raise `StoreCorrupt` for anything else."""
    if path.is_symlink():
        raise StoreCorrupt(f"{path} is a link, not a file", hint=hint)
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise StoreCorrupt(f"{path} is damaged: {error}", hint=hint) from error
    if not isinstance(found, dict):
        raise StoreCorrupt(f"{path} is damaged: a JSON {type(found).__name__}, not an object", hint=hint)
    return found


def manifest_fault(value: Mapping[str, object], step_id: str) -> str | None:
    """Return what is wrong with the shape of a manifest, in words, or None."""
    for key, kind in SHAPE.items():
        if not isinstance(value.get(key), kind):
            return f"no {key!r} of the right kind"
    if value["id"] != step_id:
        return f"it is of {str(value['id'])[:12]!r}, not of {step_id[:12]}"
    files = value["files"]
    assert isinstance(files, dict), "checked above"
    wrong = (name for name, entry in files.items() if not (is_inside(name) and _is_entry(entry)))
    name = next(wrong, None)
    return None if name is None else f"{name!r:.100} is no file of a step with its size and sha256"


def is_inside(name: str) -> bool:
    """Return whether a name of a manifest stays in its folder: relative, without ``..``, spelled in the one way."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\0" not in name and str(path) == name


def _is_entry(value: object) -> bool:
    if not isinstance(value, dict) or type(value.get("bytes")) is not int or value["bytes"] < 0:
        return False
    return isinstance(value.get("sha256"), str) and SHA256.fullmatch(value["sha256"]) is not None
