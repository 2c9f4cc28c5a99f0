"""Where rows come from, as a plan needs it: which languages and splits are there, and at which revision.

Owns the three sources (`hub`, `mini`, a folder) and the file names of a split; may not read rows (`data.rows`) nor
reach the network (`data.hub`): a plan is made offline, from file hashes, pinned commits and the store's lock file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from adaptx.data.files import lines_of, read_bytes
from adaptx.errors import DataFault, Missing, UnknownName
from adaptx.mini import suite
from adaptx.spec import digest
from adaptx.tasks.task import HubOverride

if TYPE_CHECKING:
    from adaptx.store import Store
    from adaptx.tasks.task import Task

__all__ = [
    "SUFFIXES",
    "FolderSource",
    "HubLocation",
    "HubSource",
    "MiniSource",
    "Source",
    "check_cell",
    "fitted",
    "is_generated",
    "is_whole",
    "labels_in",
    "open_source",
    "place_of",
    "reader_of",
    "split_files",
]

SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")
AGAIN = "copy or download them again"
NOT_READ = "not read"  # in the place of a hash: no revision of a plan has it
SHARD = re.compile(r"-(\d{5})-of-(\d{5})(-[0-9a-f]{16})?\.parquet")


class Source(Protocol):
    """What a plan asks of a source. Languages are BCP-47 tags, splits are ours: train, dev, test."""

    @property
    def name(self) -> str:
        """Return ``hub``, ``folder`` or ``mini``."""
        ...

    def revision(self, task: Task, language: str, split: str) -> str:
        """Return ``commit:<40 hex>``, ``files:<sha256>`` or ``mini:<version>``; raise `Missing` with what to do."""
        ...

    def languages(self, task: Task, split: str, *, translated: bool = False) -> list[str]:
        """Return the languages that the page declares and the source has, in the page's order.

        Languages that the page calls extra are left out: they must be asked for. Training rows are those of the page's
        training languages; ``translated`` adds all others, upstream's own (PAN-X) and those translated by machine.
        """
        ...

    def splits(self, task: Task, language: str) -> list[str]:
        """Return the splits that the page declares and the source has for one language, in the page's order."""
        ...


def reader_of(source: Source) -> Source:
    """Return a source whose revisions are those of the bytes that were read through it, not of what lies there now.

    Rows of the hub lie under names made of their hashes, and the embedded world is code: those are as they are.
    """
    return replace(source, seen={}) if isinstance(source, FolderSource) and source.seen is None else source


def open_source(text: str, store: Store) -> Source:
    """Return the source that ``--source`` names: ``hub``, ``mini``, or a folder.

    Raises `Missing` for no such folder, `UsageError` for settings of ``mini:seed=3,train=10000`` that mean nothing.
    """
    if text == "hub":
        return HubSource(store)
    if is_generated(text):
        return MiniSource(suite.suite_of(text))
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise Missing(
            f"source {text!r} is neither hub nor mini, and no folder is there", hint="--source hub|mini|FOLDER"
        )
    return FolderSource(folder, store)


def is_generated(text: str) -> bool:
    """Say whether ``--source`` names the generated world, in whatever size and by whatever seed."""
    return text.partition(":")[0] == "mini"


@dataclass(frozen=True, slots=True)
class HubLocation:
    """Where the hub has a cell: data set, commit (None: the locked one), config, upstream splits."""

    hub: str | None
    revision: str | None
    config: str
    splits: tuple[str, ...]
    is_own: bool  # of the page's own hub, whose columns may have other names and which may mix languages


def place_of(task: Task, language: str, split: str) -> HubLocation:
    """Return where the hub has a cell; its ``hub`` is None where it does not. Raises `UnknownName` as `check_cell`."""
    check_cell(task, language, split)
    names = task.splits[split]
    is_translated = _is_training(task, split) and language not in task.training_languages
    for origin, holds in ((task.translations, is_translated), (task.elsewhere, True)):
        if holds and language in origin.languages:
            return HubLocation(origin.hub, origin.revision, origin.languages[language], names, is_own=False)
    config = task.hub_config or task.languages[language]
    found = task.hub_splits.get(split, names)
    return HubLocation(task.hub if found else None, task.revision, config, found, is_own=True)


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Rows in ``<folder>/<the page's folder>/<language>/<split>`` with one of `SUFFIXES`, or as Parquet shards.

    The page may name another sub-folder for a language. A split made of several upstream splits needs all of them.
    """

    folder: Path
    store: Store
    name: str = "folder"
    seen: dict[Path, str] | None = field(default=None, compare=False)  # file -> sha256 of what was read: `reader_of`

    def revision(self, task: Task, language: str, split: str) -> str:
        """Return ``files:`` and the sha256 of the file, or of the list of the files' sha256."""
        labels = [self.labels_path(task)] if task.labels_file else []
        hashes = [self._sha256(path) for path in (*self.files(task, language, split), *labels)]
        return f"files:{hashes[0] if len(hashes) == 1 else digest(hashes)}"

    def read(self, path: Path) -> bytes:
        """Return the content of a file, and remember its sha256 where this source is one of `reader_of`.

        Raises `DataFault` where the file cannot be read, or is no longer what was read of it before.
        """
        content = read_bytes(path)
        if self.seen is not None:
            found = sha256(content).hexdigest()
            if self.seen.setdefault(path, found) != found:
                raise DataFault(f"{path} changed while it was read", hint="run the command again")
        return content

    def _sha256(self, path: Path) -> str:
        if self.seen is not None:
            return self.seen.get(path, NOT_READ)
        try:
            return self.store.sha256(path)
        except OSError as error:
            raise DataFault(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error

    def languages(self, task: Task, split: str, *, translated: bool = False) -> list[str]:
        """Return the declared languages that have a file for ``split``."""
        spoken = _spoken(task, split, translated=translated)
        return [language for language in spoken if self._found(task, language, split)]

    def splits(self, task: Task, language: str) -> list[str]:
        """Return the declared splits that have a file for ``language``."""
        return [split for split in task.splits if self._found(task, language, split)]

    def files(self, task: Task, language: str, split: str) -> list[Path]:
        """Return the files of a split; raise `Missing` naming what is there, `DataFault` for a missing shard."""
        found = self._found(task, language, split)
        if not found:
            there = ", ".join(self.languages(task, split, translated=True)) or "none"
            places = ", ".join(str(self._home(task, language) / name) for name in task.splits[split])
            raise Missing(
                f"no rows of {task.name} in {language}, split {split}: looked for {places}{{{','.join(SUFFIXES)}}}",
                hint=f"languages with that split: {there}; --languages chooses",
            )
        for name, part in found.items():
            if not is_whole(part):
                there = ", ".join(path.name for path in part)
                raise DataFault(f"{part[0].parent} does not have the shards of {name}, each once: {there}", hint=AGAIN)
        return [path for part in found.values() for path in part]

    def labels_path(self, task: Task) -> Path:
        """Return the file of a page's labels in this folder; raise `Missing` where it is not there."""
        path = self.folder / task.folder / str(task.labels_file)
        if not path.is_file():
            raise Missing(f"no labels of {task.name} at {path}", hint="list them there, one a line, in any fixed order")
        return path

    def _home(self, task: Task, language: str) -> Path:
        return self.folder / task.folder / task.folders.get(language, language)

    def _found(self, task: Task, language: str, split: str) -> dict[str, list[Path]]:
        """Return the files of each upstream split; nothing where one of them has none."""
        check_cell(task, language, split)
        home = self._home(task, language)
        # SQuAD's own JSON, as XQuAD and XQuAD-R are published, is one file a language.
        single = home.with_name(f"{home.name}.json")
        try:
            whole = [single] if single.is_file() else []
            found = {name: split_files(home, name) or whole for name in task.splits[split]}
        except OSError as error:
            raise DataFault(f"{home} cannot be read: {error.strerror}", hint="check its permissions") from error
        return found if all(found.values()) else {}


@dataclass(frozen=True, slots=True)
class HubSource:
    """Rows on the Hugging Face hub, at the page's commit or the one that the store's lock file holds."""

    store: Store
    name: str = "hub"

    def revision(self, task: Task, language: str, split: str) -> str:
        """Return ``commit:`` and 40 hex digits; raise `Missing` where neither page nor lock file names one."""
        place = place_of(task, language, split)
        if place.hub is None:
            raise Missing(f"{task.name} is not on the hub in {language}, split {split}", hint="--source FOLDER")
        commit = place.revision or self.store.lock("dataset", place.hub)
        if commit is None:
            raise Missing(f"no commit of {place.hub} is pinned or locked", hint=f"adaptx fetch {task.name}")
        return f"commit:{commit}"

    def languages(self, task: Task, split: str, *, translated: bool = False) -> list[str]:
        """Return the declared languages that a page says the hub has."""
        return [tag for tag in _spoken(task, split, translated=translated) if place_of(task, tag, split).hub]

    def splits(self, task: Task, language: str) -> list[str]:
        """Return the declared splits that a page says the hub has: of training rows in the training languages only."""
        return [
            split
            for split in task.splits
            if (not _is_training(task, split) or language in task.training_languages)
            and place_of(task, language, split).hub
        ]


@dataclass(frozen=True, slots=True)
class MiniSource:
    """Rows of the embedded world: generated, never downloaded, never mixed with real ones.

    It speaks languages that a page does not declare, since pages tell of the real data, and lacks others (`fitted`).
    """

    suite: suite.Suite = suite.DEFAULT
    name: str = "mini"

    def revision(self, task: Task, language: str, split: str) -> str:
        """Return ``mini:``, the version of the generator, and what was asked of it beside."""
        spoken = self.languages(task, split, translated=True)
        if language not in spoken:
            raise UnknownName(f"language of {task.name} in the embedded world", language, spoken)
        return f"mini:{self.suite.revision(split)}"

    def languages(self, task: Task, split: str, *, translated: bool = False) -> list[str]:
        """Return the languages in which the world has the task."""
        spoken = _spoken(fitted(task, self), split, translated=translated)
        return [language for language in spoken if split in self.splits(task, language)]

    def splits(self, task: Task, language: str) -> list[str]:
        """Return the declared splits that the world generates for ``language``; none where it does not speak it."""
        made = set(suite.splits(task.base, language))
        return [split for split in task.splits if split in made]


def check_cell(task: Task, language: str, split: str) -> None:
    """Raise `UnknownName` for a language or split that the page does not declare."""
    if split not in task.splits:
        raise UnknownName(f"split of {task.name}", split, task.splits)
    known = {*task.languages, *(task.translations.languages if _is_training(task, split) else ())}
    if language not in known:
        raise UnknownName(f"language of {task.name}", language, known)


def fitted(task: Task, source: Source) -> Task:
    """Return the task as a source has it, where that is not as its page says.

    A folder lists labels that a page leaves to it, one a line; the embedded world has labels and languages of its own.
    Raises `Missing` where the source is no folder or the file is not there.
    """
    if isinstance(source, MiniSource) and not task.mixes:
        return _in_mini(task)
    if task.labels_file is None or task.labels:
        return task
    if not isinstance(source, FolderSource):
        raise Missing(f"{task.name} is read from a folder of yours: it may not be passed on", hint="--source FOLDER")
    path = source.labels_path(task)
    return replace(task, labels=labels_in(path, source.read(path)))


def labels_in(path: Path, content: bytes) -> tuple[str, ...]:
    """Return the labels that a file lists, each once; raise `DataFault` where it is not UTF-8."""
    listed = (label for line in lines_of(path, content) for label in line.split())
    return tuple(dict.fromkeys(listed))


def _in_mini(task: Task) -> Task:
    spoken, translated = suite.languages(task.base), suite.translations(task.base)
    return replace(
        task,
        labels=task.labels or suite.LABELS.get(task.base, ()),
        languages={tag: tag for tag in spoken},
        translations=HubOverride(languages={tag: tag for tag in translated}),
        extra_languages=(),
    )


def split_files(folder: Path, split: str) -> list[Path]:
    """Return the files of an upstream split, shards in order, none where there are none.

    Raises `DataFault` where the split is there in two forms, since nothing says which one is meant.
    """
    whole = [path for suffix in SUFFIXES if (path := folder / f"{split}{suffix}").is_file()]
    cut = _shard_of(split)
    shards = sorted(path for path in folder.glob(f"{split}-*.parquet") if cut(path))
    if len(whole) + bool(shards) > 1:
        raise DataFault(f"{folder} has {split} twice: {', '.join(path.name for path in (*whole, *shards))}")
    return whole or shards


def is_whole(files: list[Path]) -> bool:
    """Return whether a split is all there: a single file, or each shard that their names promise, once."""
    shards = [shard for path in files if (shard := SHARD.search(path.name))]
    if not shards:
        return len(files) == 1
    count = int(shards[0][2])
    return [(int(shard[1]), int(shard[2])) for shard in shards] == [(number, count) for number in range(count)]


def _shard_of(split: str) -> Callable[[Path], bool]:
    return lambda path: SHARD.fullmatch(path.name.removeprefix(split)) is not None


def _spoken(task: Task, split: str, *, translated: bool = False) -> list[str]:
    """Return the languages of a split: only the training languages of a page train, unless others are asked for."""
    if not _is_training(task, split):
        return [language for language in task.languages if language not in task.extra_languages]
    own = [language for language in task.languages if language in task.training_languages]
    others = (*task.languages, *task.translations.languages) if translated else ()
    return list(dict.fromkeys((*own, *(tag for tag in others if tag not in task.extra_languages))))


def _is_training(task: Task, split: str) -> bool:
    """Return whether a split is training rows, or a dev split that is cut from them."""
    return task.splits[split] == task.splits.get("train")
