"""The hub: files of data sets at one commit, and backbones at one commit, into the hub client's own cache.

Owns every request to the hub (``HF_ENDPOINT``) and is the only importer of datasets, which reads the downloaded Parquet
or JSON files: a loading script is never run, and a plan's commit is exactly what was read. A backbone is its
configuration, tokenizer and safetensors: a pickle is not even downloaded. What is whole in the cache costs no request.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from adaptx.data.source import SUFFIXES, HubLocation, HubSource, is_whole, place_of, split_files
from adaptx.errors import DataFault, Missing
from adaptx.validation import COMMIT

if TYPE_CHECKING:
    from huggingface_hub import HfApi

    from adaptx.store import Store
    from adaptx.tasks.task import Task

__all__ = ["commit_of", "fetch", "fetch_model", "files", "read"]

Kind = Literal["dataset", "model"]

TIMEOUT = 10.0  # seconds until the hub counts as out of reach
TOKENIZERS = (".json", ".txt", ".model")
ELSEWHERE = "--source FOLDER, --source mini, or adaptx fetch {} on a machine with network and the same cache"


def commit_of(task: Task, store: Store) -> str:
    """Return the commit of a task's data: the page's, else the locked one, else today's, which is then locked.

    Commits of the other data sets that the page names are locked with it, so that a plan can be made offline.
    """
    if task.hub is None:
        raise Missing(f"{task.name} is not on the hub", hint="--source FOLDER")
    hint = ELSEWHERE.format(task.name)
    for other in (task.elsewhere, task.translations):
        if other.hub and other.revision is None:
            _locked("dataset", other.hub, None, store, hint)
    return task.revision or _locked("dataset", task.hub, None, store, hint)


def fetch(task: Task, languages: Sequence[str], splits: Sequence[str], store: Store) -> list[Path]:
    """Download what is missing of some cells and return all their files; raise `Missing` without network."""
    commit_of(task, store)
    source = HubSource(store)
    cells = [(language, split) for language in languages for split in splits]
    commits = {cell: source.revision(task, *cell).removeprefix("commit:") for cell in cells}
    return sorted({path for cell, commit in commits.items() for path in files(task, *cell, commit)})


def files(task: Task, language: str, split: str, commit: str) -> list[Path]:
    """Return the files of one cell at ``commit``, downloading those that the cache lacks.

    Raises `Missing` without network, `DataFault` where the commit has no such files.
    """
    place = place_of(task, language, split)
    assert place.hub is not None, "a commit belongs to a hub id"
    cached = _snapshot("dataset", place.hub, commit)
    found = _of_place(cached, place) if cached else []
    if not found:
        snapshot = _download("dataset", place.hub, commit, _wanted(place), ELSEWHERE.format(task.name))
        found = _of_place(snapshot, place)
    if not found:
        raise DataFault(
            f"{place.hub} at {commit[:8]} has no {place.config}/{'+'.join(place.splits)} as Parquet or JSON lines",
            hint="an older commit may hold a loading script, which is never run",
        )
    return found


def _of_place(snapshot: Path, place: HubLocation) -> list[Path]:
    """Return the files of every upstream split of a place, in order; none where one is not there or not whole."""
    for folder in _folders(place):
        found = [split_files(snapshot / folder, name) for name in place.splits]
        if all(files and is_whole(files) for files in found):
            return [path for files in found for path in files]
    return []


def _folders(place: HubLocation) -> tuple[str, ...]:
    """Return where a repository may keep a config: a lone one, named "default", has no folder of its own."""
    return ("data", ".") if place.config == "default" else (place.config, f"data/{place.config}")


def _wanted(place: HubLocation) -> Callable[[str], bool]:
    def wanted(path: str) -> bool:
        folder, _, file = path.rpartition("/")
        begins = [f"{name}-" if "-of-" in file else f"{name}." for name in place.splits]
        return (folder or ".") in _folders(place) and file.startswith(tuple(begins)) and _readable(file)

    return wanted


def read(path: Path) -> Iterator[dict[str, object]]:
    """Yield the rows of a downloaded file as the `datasets` library reads them, which knows what the hub's files hold.

    Raises `DataFault` naming the file where it cannot be read.
    """
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    kind = "parquet" if path.suffix == ".parquet" else "json"
    try:
        yield from load_dataset(kind, data_files=str(path), split="train", streaming=True)
    except (DatasetGenerationError, OSError, ValueError) as fault:
        raise DataFault(
            f"{path} cannot be read: {fault}", hint="remove it from the hub's cache and fetch it again"
        ) from fault


def fetch_model(hub_id: str, revision: str | None, store: Store) -> Path:
    """Return the folder of a backbone in the hub's cache, downloading what is missing.

    ``revision`` is a commit, a branch or None for the locked commit; a branch is resolved and locked on first use.
    Raises `Missing` without network and where the repository has no safetensors.
    """
    hint = f"adaptx fetch --backbone {hub_id} on a machine with network and the same cache, or --backbone FOLDER"
    commit = revision if revision and _is_commit(revision) else _locked("model", hub_id, revision, store, hint)
    cached = _snapshot("model", hub_id, commit)
    if cached and _has_weights(cached):
        return cached
    snapshot = _download("model", hub_id, commit, _of_model, hint)
    if not _has_weights(snapshot):
        raise Missing(
            f"{hub_id} at {commit[:8]} has no model.safetensors, and a pickle is never loaded",
            hint="convert the weights to safetensors in a folder and give --backbone FOLDER",
        )
    return snapshot


def _locked(kind: Kind, hub_id: str, revision: str | None, store: Store, hint: str) -> str:
    held = store.lock(kind, hub_id)
    if held:
        return held
    with _reaching(hub_id, f"its {revision or 'newest'} commit", hint):
        found = _api().repo_info(hub_id, repo_type=kind, revision=revision, timeout=TIMEOUT).sha
    assert found is not None, "the hub names the commit of a revision"
    return store.set_lock(kind, hub_id, found)


def _download(kind: Kind, hub_id: str, commit: str, wanted: Callable[[str], bool], hint: str) -> Path:
    """Download the wanted files of a commit, weights last, and return the snapshot's folder."""
    from huggingface_hub import hf_hub_download

    with _reaching(hub_id, f"commit {commit[:8]}", hint):
        api = _api()
        listed = api.repo_info(hub_id, repo_type=kind, revision=commit, timeout=TIMEOUT).siblings or ()
        names = sorted(
            (file.rfilename for file in listed if wanted(file.rfilename)),
            key=lambda name: (name.endswith(".safetensors"), name),
        )
        for name in names:
            hf_hub_download(hub_id, name, repo_type=kind, revision=commit, endpoint=api.endpoint, etag_timeout=TIMEOUT)
    return _snapshot(kind, hub_id, commit) or Path()


def _snapshot(kind: Kind, hub_id: str, commit: str) -> Path | None:
    """Return the folder of a commit in the cache; it may hold a part of the files only."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, repo_type=kind, revision=commit, local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def _api() -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"))


@contextmanager
def _reaching(hub_id: str, what: str, hint: str) -> Iterator[None]:
    """Turn what the hub client raises into `Missing`: what was to be fetched, and how to go on without."""
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        yield
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise Missing(f"the hub does not have {hub_id}, {what} (or not for you)", hint=hint) from error
    except (HfHubHTTPError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise Missing(f"cannot fetch {hub_id}, {what}: {reason}", hint=hint) from error


def _readable(file: str) -> bool:
    return file.endswith(SUFFIXES)


def _of_model(path: str) -> bool:
    return "/" not in path and path.endswith((*TOKENIZERS, ".safetensors"))


def _has_weights(folder: Path) -> bool:
    """Return whether a snapshot is whole: weights are downloaded last, and an index names every shard."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return (folder / "model.safetensors").is_file()
    shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    return all((folder / shard).is_file() for shard in shards)


def _is_commit(revision: str) -> bool:
    return COMMIT.fullmatch(revision) is not None
