"""Files of the hub, held against what the hub says of them: their size, and the hash of what is in them.

Owns the comparison; makes no request. The client keeps a file under the name of its hash (git's own of a small file,
sha256 of a large one), so a copy in the cache can be held against its name without asking anybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha1, sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

__all__ = ["Stated", "digest_like", "digest_of_name", "is_intact", "remove_copy"]

Buffer = bytes | memoryview

SHA256, GIT = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Stated:
    """What the hub states of a file: bytes, and a hash; None where it does not say."""

    size: int | None
    digest: str | None

    @classmethod
    def of(cls, file: RepoSibling) -> Stated:
        """Return what the list of a commit's files states of one of them."""
        if file.lfs is not None:
            return cls(file.lfs.size, file.lfs.sha256)
        return cls(file.size, file.blob_id)

    def fault(self, path: Path) -> str | None:
        """Return in words what is wrong with a copy, None where nothing is."""
        content = path.read_bytes()
        if self.size is not None and len(content) != self.size:
            return f"{len(content):,} bytes where the hub states {self.size:,}"
        if self.digest is not None and digest_like(self.digest, content) not in (None, self.digest):
            return f"other bytes than those of the hash that the hub states ({self.digest[:12]})"
        return None


def digest_like(stated: str, content: Buffer) -> str | None:
    """Return the hash of a content, of the kind of ``stated``: sha256, or git's of a blob; None for any other kind."""
    if SHA256.fullmatch(stated):
        return sha256(content).hexdigest()
    if GIT.fullmatch(stated):
        told = sha1(b"blob %d\0" % len(content), usedforsecurity=False)  # git's own choice
        told.update(content)
        return told.hexdigest()
    return None


def digest_of_name(path: Path) -> str:
    """Return the name under which the client's cache keeps a file: the hash that the hub gave for it."""
    return path.resolve().name


def is_intact(path: Path) -> bool:
    """Return whether a copy in the cache is what its name says; a name that is no hash says nothing."""
    name = digest_of_name(path)
    return digest_like(name, path.read_bytes()) in (None, name)


def remove_copy(path: Path) -> None:
    """Remove a copy and the link to it, so that neither is taken for the file again."""
    path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)
