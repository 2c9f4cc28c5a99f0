"""What leaves a store: folders and files of its own, and never what a link leads to.

Owns the removing itself; which steps go is the store's business.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from adaptx.store.manifest import MANIFEST

__all__ = ["lies_in", "remove"]


def remove(folder: Path, *, dry_run: bool) -> int:
    """Remove a folder (manifest first, so that a kill leaves what `prune` finds); return the bytes of its files.

    A link goes, and what it leads to stays.
    """
    if folder.is_symlink() or not folder.is_dir():
        size = folder.lstat().st_size
        if not dry_run:
            folder.unlink()
        return size
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    if not dry_run:
        with suppress(FileNotFoundError, IsADirectoryError, PermissionError):  # a folder in its place goes with all
            (folder / MANIFEST).unlink()
        shutil.rmtree(folder)
    return size


def lies_in(path: Path, folder: Path) -> bool:
    """Return whether a file is one of a folder's own, by no link that leads out of it."""
    return path.parent.resolve().is_relative_to(folder.resolve())
