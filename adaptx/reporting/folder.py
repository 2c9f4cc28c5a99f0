"""A report on disk: a folder that holds all files of one report, or none.

Owns the replacing of the folder. Files are written beside it and take its place in one rename, and what does not look
like a report of ours is never replaced.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from adaptx.errors import UsageError

__all__ = ["check_place", "write"]

SUFFIXES = (".html", ".svg")


def check_place(folder: Path) -> None:
    """Raise `UsageError` where ``folder`` holds anything but an earlier report: it would be replaced."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"the report {folder} would replace a file", hint="--report FOLDER")
    others = sorted(path.name for path in folder.glob("*") if path.suffix not in SUFFIXES or path.is_dir())
    if others:
        raise UsageError(f"{folder} holds {others[0]}, which is no report and would be lost", hint="--report FOLDER")


def write(files: Mapping[str, str], folder: Path) -> str:
    """Write the files as ``folder``, in the place of an earlier report; return the last one's path.

    Raises as `check_place`.
    """
    check_place(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(8)
    fresh, old = (folder.with_name(f".{folder.name}.{what}.{mark}") for what in ("new", "old"))
    fresh.mkdir()
    for name, text in files.items():
        (fresh / name).write_text(text, encoding="utf-8")
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return str(folder / list(files)[-1])
