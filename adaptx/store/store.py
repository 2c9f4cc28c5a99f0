"""The store: results by the id of their request, each committed whole or not at all, computed by one process only.

Owns the layout ``store/<kind>/<id[:2]>/<id>/``, ``work/<id>/``, ``runs/``, ``cache/``, ``lock.json`` and ``store.json``
(the mark by which `discover` knows a store). May not know what a step means. A result is staged in ``work``, its
manifest is written last, and one rename makes it visible; of two commits of one id the first is kept.
"""

from __future__ import annotations

import errno
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaptx.errors import Incompatible, Missing, StoreCorrupt, UnknownName, UsageError
from adaptx.spec import SCHEMA, Spec, content_id, digest, request
from adaptx.store import atomic, lease, manifest
from adaptx.store.documents import read_object
from adaptx.validation import COMMIT

if TYPE_CHECKING:
    from adaptx.store.manifest import FileEntry, Manifest, Origin

__all__ = ["Pruned", "Store", "StoredStep", "discover"]

FOLDER, MARK, LOCKS = "runs", "store.json", "lock.json"
ID = re.compile(r"[0-9a-f]{64}")
PREFIX = re.compile(r"[0-9a-f]{6,64}")
WORD = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStep:
    """A committed step. ``spec`` is its request, ``manifest`` how it was made."""

    id: str
    kind: str
    path: Path
    spec: dict[str, Any]
    manifest: Manifest
    evicted: bool = False  # the weights were removed; made again on need


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What `Store.prune` removed, and how many bytes that were."""

    removed: tuple[Path, ...]
    bytes: int


class Store:
    """One store. Making the object touches nothing; the first write creates the folder."""

    def __init__(self, root: Path, *, stale: float = lease.STALE) -> None:
        self.root = Path(root)
        self._stale = stale
        if self.root.exists() and not self.root.is_dir():
            raise UsageError(f"the store {self.root} is a file", hint="give a folder")
        if (schema := self._document(MARK).get("schema", SCHEMA)) != SCHEMA:
            raise Incompatible(f"{self.root} is a store of schema {schema}; this adaptx reads {SCHEMA}")

    @property
    def runs(self) -> Path:
        """Where run folders live."""
        return self.root / "runs"

    @property
    def reports(self) -> Path:
        """Where the reports of recipes are written unless somebody says otherwise."""
        return self.root / "reports"

    def get(self, step_id: str) -> StoredStep | None:
        """Return the committed step, or None; its bytes are not verified (see `check`)."""
        folder = self._folder(step_id)
        return None if folder is None else _record(folder)

    def find(self, prefix: str) -> str:
        """Return the one id that begins with ``prefix``, 6 digits or more; raise `UnknownName` or `UsageError`."""
        if not PREFIX.fullmatch(prefix):
            raise UsageError(f"{prefix!r} is not an id", hint="an id is 6 to 64 hex digits; adaptx ls results")
        found = [path.name for path in self._folders("*", prefix)]
        if not found:
            raise UnknownName("result", prefix, (path.name[:12] for path in self._folders("*")))
        if len(found) > 1:
            raise UsageError(
                f"{prefix!r} begins {len(found)} ids", hint=f"one of {', '.join(i[:16] for i in found[:5])}"
            )
        return found[0]

    def all(self, kind: str | None = None) -> Iterator[StoredStep]:
        """Yield the committed steps, of one kind or all, sorted by kind and id; what cannot be read is `damaged`."""
        for folder in self._folders(_word(kind) if kind else "*"):
            with suppress(StoreCorrupt):
                if (folder / manifest.MANIFEST).exists():
                    yield _record(folder)

    def damaged(self, kind: str | None = None) -> Iterator[tuple[Path, str]]:
        """Yield the folder of each step that cannot be read, and why; the store's own files as well."""
        for folder in self._folders(_word(kind) if kind else "*"):
            try:
                if not (folder / manifest.MANIFEST).exists():
                    yield folder, f"{folder / manifest.MANIFEST}: missing"
                _record(folder)
            except StoreCorrupt as fault:
                yield folder, str(fault)
        try:
            self._locks()
        except StoreCorrupt as fault:
            yield self.root / LOCKS, str(fault)

    def ids(self) -> list[str]:
        """Return the id of every step that has a folder, readable or not, sorted by kind and id."""
        return [folder.name for folder in self._folders("*")]

    def folder(self, step_id: str) -> Path:
        """Return the folder of a step, whatever is in it; raise `Missing` where there is none."""
        found = self._folders("*", _full(step_id))
        if not found:
            raise Missing(f"no result {step_id[:12]} in {self.root}", hint="adaptx ls results")
        return found[0]

    def work(self, kind: str, step_id: str) -> Path:
        """Return ``work/<id>/``, created: what is in progress, kept for resuming until the step is committed."""
        _word(kind)
        folder = self._workspace() / _full(step_id)
        folder.mkdir(exist_ok=True)
        return folder

    def lease(
        self,
        step_id: str,
        *,
        wait: bool = True,
        on_wait: Callable[[str], None] | None = None,
        patience: float | None = None,
    ) -> AbstractContextManager[lease.Lease]:
        """Hold the right to make a step. ``already`` is True when it is there or came while we waited: make nothing.

        See `lease.hold` for ``wait`` and ``patience``, which raise `Held`.
        """

        def done() -> bool:
            record = self.get(step_id)
            return record is not None and not record.evicted

        return lease.hold(
            self._workspace() / _full(step_id),
            done=done,
            wait=wait,
            on_wait=on_wait,
            stale=self._stale,
            patience=patience,
        )

    def commit(
        self,
        spec: Spec,
        staged: Path,
        *,
        parents: Mapping[str, str],
        how: Mapping[str, str],
        seconds: float,
        facts: Mapping[str, object],
    ) -> StoredStep:
        """Make the files in ``staged`` (inside ``work``, which is used up) the result of ``spec``.

        A result that is there already is kept; an evicted one is replaced, and the manifest says whether the weights
        are the same.
        """
        step_id = content_id(spec)
        earlier = self.get(step_id)
        if earlier is None or earlier.evicted:
            origin: Origin = {
                "id": step_id,
                "kind": spec.kind,
                "parents": dict(parents),
                "how": dict(how),
                "seconds": seconds,
                "facts": dict(facts),
            }
            _stage(self._inside_work(staged, step_id), spec, origin, earlier)
            self._publish(staged, self._place(spec.kind, step_id))
        shutil.rmtree(self._workspace() / step_id, ignore_errors=True)  # what a kill leaves here, `prune` removes
        return self._committed(step_id)

    def check(self, step_id: str) -> list[str]:
        """Compare every file with its sha256; return a line per fault. Raise `Missing` where there is no such step."""
        return manifest.faults(self.folder(step_id), step_id)

    def intact(self, step_id: str) -> StoredStep:
        """Return a committed step after checking its files; raise `StoreCorrupt` for a changed one, else `Missing`."""
        if faults := self.check(step_id):
            raise StoreCorrupt(faults[0], hint=f"adaptx prune {step_id[:12]}, and the same command makes it again")
        return self._committed(step_id)

    def lock(self, kind: str, name: str) -> str | None:
        """Return the commit locked for a hub id; ``kind`` is the hub's: "model" or "dataset"."""
        commit: str | None = self._locks().get(_word(kind), {}).get(name)
        return commit

    def set_lock(self, kind: str, name: str, commit: str) -> str:
        """Lock a hub id to a commit unless it is locked; return the commit that holds now."""
        if not COMMIT.fullmatch(commit):
            raise UsageError(f"{commit!r} is not a commit of {name}", hint="40 hex digits")
        path = self.root / LOCKS
        with lease.hold(self._workspace() / path.name, done=lambda: False, stale=self._stale):
            locks = self._locks()
            held: str = locks.setdefault(_word(kind), {}).setdefault(name, commit)
            atomic.write(path, manifest.render(locks))
        return held

    def sha256(self, path: Path) -> str:
        """Return the sha256 of a file anywhere, remembered for as long as its path, size and times stay the same."""
        stat = path.stat()
        key = digest([str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns])
        remembered = self.root / "cache" / key
        if not remembered.exists():
            found = atomic.sha256(path)
            self._workspace()
            remembered.parent.mkdir(exist_ok=True)
            atomic.write(remembered, found.encode("ascii"))
        return remembered.read_text(encoding="ascii")

    def evict(self, step_id: str) -> int:
        """Remove a step's weights, keeping manifest and hashes; return the bytes freed."""
        record = self._committed(step_id)
        names = [name for name in record.manifest["files"] if name.endswith(manifest.WEIGHTS)]
        weights = [path for path in (record.path / name for name in names) if _lies_in(path, record.path)]
        (record.path / manifest.EVICTED).touch()  # before the first file goes: a kill in between is harmless
        atomic.sync(record.path)
        freed: int = sum(path.stat().st_size for path in weights if path.exists())
        for path in weights:
            path.unlink(missing_ok=True)
        return freed

    def remove(self, step_id: str, *, dry_run: bool = False) -> Pruned:
        """Remove a step, damaged or not; what was made from it stays, and it is made again when it is asked for."""
        folder = self.folder(step_id)
        return Pruned(removed=(folder,), bytes=_remove(folder, dry_run=dry_run))

    def prune(self, *, dry_run: bool = False) -> Pruned:
        """Remove folders in ``work`` that nobody living holds, and folders in ``store`` without a manifest.

        The lease files of the dead stay until their step is committed: takeover exactly once needs them.
        """
        half_made = [path for path in self.root.glob("store/*/*/*") if not (path / manifest.MANIFEST).exists()]
        removed = [(path, _remove(path, dry_run=dry_run)) for path in half_made]
        links = [path for path in self.root.glob("work/*") if path.is_symlink()]
        removed += [(link, _remove(link, dry_run=dry_run)) for link in links]
        for folder in [path for path in self.root.glob("work/*") if path.is_dir() and not _is_lease(path)]:
            with suppress(lease.Held), lease.hold(folder, done=lambda: False, wait=False, stale=self._stale):
                removed.append((folder, _remove(folder, dry_run=dry_run)))
        self._remove_spent_leases(dry_run=dry_run)
        return Pruned(removed=tuple(path for path, _ in removed), bytes=sum(size for _, size in removed))

    def _remove_spent_leases(self, *, dry_run: bool) -> None:
        """Remove lease files that a kill just after a commit left behind."""
        files = [path for path in self.root.glob("work/*.lease-*") if ID.fullmatch(path.stem)]
        for path in [path for path in files if not dry_run and self._folder(path.stem) is not None]:
            _remove(path, dry_run=False)

    def _workspace(self) -> Path:
        """Return ``work/``; the first call on a new store makes the store."""
        work = self.root / "work"
        work.mkdir(parents=True, exist_ok=True)
        if not (self.root / MARK).exists():
            atomic.write(self.root / MARK, manifest.render({"schema": SCHEMA}))
        return work

    def _inside_work(self, staged: Path, step_id: str) -> Path:
        """Refuse a folder from elsewhere: only within one file system is a rename whole or nothing."""
        if not staged.resolve().is_relative_to((self.root / "work" / step_id).resolve()):
            raise ValueError(f"{staged} is not in the work folder of {step_id}")
        return staged

    def _publish(self, staged: Path, target: Path) -> None:
        """Rename ``staged`` to ``target``, unless a complete result is there; an evicted or damaged one makes room."""
        target.parent.mkdir(parents=True, exist_ok=True)
        while not _renamed(staged, target):
            if _complete(target):
                return
            with suppress(FileNotFoundError):
                aside = target.rename(self._workspace() / f"{target.name}.aside-{secrets.token_hex(4)}")
                shutil.rmtree(aside, ignore_errors=True)
        for folder in target.parents[:3]:
            atomic.sync(folder)

    def _place(self, kind: str, step_id: str) -> Path:
        return self.root / "store" / kind / step_id[:2] / step_id

    def _folder(self, step_id: str) -> Path | None:
        """Return the folder of a committed step of whatever kind."""
        _full(step_id)
        places = (self._place(kind.name, step_id) for kind in self.root.glob("store/*"))
        return next((place for place in places if (place / manifest.MANIFEST).exists()), None)

    def _folders(self, kind: str, prefix: str = "") -> list[Path]:
        found = self.root.glob(f"store/{kind}/{prefix[:2] or '*'}/{prefix}*")
        return sorted(path for path in found if ID.fullmatch(path.name) and path.parent.name == path.name[:2])

    def _document(self, name: str) -> Any:
        return read_object(self.root / name, f"repair or remove {self.root / name}")

    def _locks(self) -> Any:
        """Return the commits by kind and hub id."""
        locks = self._document(LOCKS)
        for kind, names in locks.items():
            if not isinstance(names, dict) or not all(COMMIT.fullmatch(str(commit)) for commit in names.values()):
                told = f"{self.root / LOCKS} is damaged: {kind!r} is no table of commits"
                raise StoreCorrupt(told, hint=f"repair or remove {self.root / LOCKS}")
        return locks

    def _committed(self, step_id: str) -> StoredStep:
        record = self.get(step_id)
        if record is None:
            raise Missing(f"no result {step_id[:12]} in {self.root}", hint="adaptx ls results")
        return record


def discover(start: Path) -> Path:
    """Return the store nearest to ``start``, searching upward; ``start/runs``, not yet made, where there is none."""
    start = start.resolve()
    known = (folder / FOLDER for folder in (start, *start.parents))
    return next((store for store in known if (store / MARK).is_file()), start / FOLDER)


def _record(folder: Path) -> StoredStep:
    if folder.is_symlink():
        raise StoreCorrupt(f"{folder} is a link, not a folder", hint=f"adaptx prune {folder.name[:12]}")
    told, spec = manifest.read(folder, folder.name), manifest.read_spec(folder, folder.name)
    evicted = (folder / manifest.EVICTED).exists()
    return StoredStep(id=folder.name, kind=folder.parts[-3], path=folder, spec=spec, manifest=told, evicted=evicted)


def _stage(staged: Path, spec: Spec, origin: Origin, earlier: StoredStep | None) -> None:
    """Write the request and then the manifest beside the files, and flush all of it to disk."""
    (staged / manifest.SPEC).write_bytes(manifest.render(request(spec)))
    described = manifest.describe(staged, origin)
    if earlier is not None:
        described["remade"] = {"same_weights": _weights(described) == _weights(earlier.manifest)}  # logs hold times
    (staged / manifest.MANIFEST).write_bytes(manifest.seal(described))
    atomic.sync_tree(staged)


def _weights(described: Manifest) -> dict[str, FileEntry]:
    return {name: file for name, file in described["files"].items() if name.endswith(manifest.WEIGHTS)}


def _renamed(staged: Path, target: Path) -> bool:
    """Rename a folder; False where the name is taken (POSIX lets a rename replace an empty folder only)."""
    try:
        staged.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def _complete(folder: Path) -> bool:
    return (folder / manifest.MANIFEST).exists() and not (folder / manifest.EVICTED).exists()


def _remove(folder: Path, *, dry_run: bool) -> int:
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
            (folder / manifest.MANIFEST).unlink()
        shutil.rmtree(folder)
    return size


def _lies_in(path: Path, folder: Path) -> bool:
    """Return whether a file is one of a folder's own, by no link that leads out of it."""
    return path.parent.resolve().is_relative_to(folder.resolve())


def _is_lease(path: Path) -> bool:
    return ".lease-" in path.name


def _full(step_id: str) -> str:
    if not ID.fullmatch(step_id):
        raise UsageError(
            f"{step_id!r} is not the id of a step", hint="64 hex digits; a shorter one is completed by `find`"
        )
    return step_id


def _word(kind: str) -> str:
    if not WORD.fullmatch(kind):
        raise UsageError(f"{kind!r} cannot be a kind", hint="a lower-case word, such as train")
    return kind
