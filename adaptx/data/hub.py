"""The hub: files of data sets at one commit, and backbones at one commit, into the hub client's own cache.

Owns every request to the hub (``HF_ENDPOINT``) and is the only importer of datasets, which reads the downloaded Parquet
or JSON files: a loading script is never run, and a plan's commit is exactly what was read. A backbone is its
configuration, tokenizer and safetensors: a pickle is not even downloaded. What is whole in the cache costs no request.
Whatever comes is held against the size and the hash that the hub states (`adaptx.data.hub_files`); a wrong file is
removed and fetched once more, and never kept.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from adaptx.data.hub_files import Stated, is_intact, remove_copy
from adaptx.data.source import SUFFIXES, HubLocation, HubSource, is_whole, location_of, split_files
from adaptx.errors import DataFault, Missing
from adaptx.validation import COMMIT

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoSibling

    from adaptx.store import Store
    from adaptx.tasks.task import Task

__all__ = ["commit_of", "fetch", "fetch_model", "files", "model_at", "read"]

Kind = Literal["dataset", "model"]

TIMEOUT = 10.0  # seconds until the hub counts as out of reach
LARGEST = 50 * 10**9  # bytes of one file: what the client downloads in one piece; XLM-R XXL has 43
SHARD = re.compile(r"[\w-][\w.-]*\.safetensors")
FIRST_TROUBLE = 500  # the statuses from here on are the hub's own faults
STATUS = {
    401: "log in with an account that may read it (hf auth login, or HF_TOKEN)",
    403: "ask for access on its page, then log in with that account (hf auth login, or HF_TOKEN)",
    404: "the commit or file is not there: is the id right, and the commit one of it?",
    429: "the hub takes no more requests for now: wait some minutes, or log in",
}
TROUBLE = "the hub has trouble of its own: try again later"
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
            _lock("dataset", other.hub, None, store, hint)
    return task.revision or _lock("dataset", task.hub, None, store, hint)


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
    place = location_of(task, language, split)
    assert place.hub is not None, "a commit belongs to a hub id"
    cached = _snapshot("dataset", place.hub, commit)
    found = _intact(_files_at(cached, place)) if cached else []
    if not found:
        snapshot = _download("dataset", place.hub, commit, _filter(place), ELSEWHERE.format(task.name))
        found = _files_at(snapshot, place)
    if not found:
        raise DataFault(
            f"{place.hub} at {commit[:8]} has no {place.config}/{'+'.join(place.splits)} as Parquet or JSON lines",
            hint="an older commit may hold a loading script, which is never run",
        )
    return found


def _intact(found: list[Path]) -> list[Path]:
    """Return the files if each is what its name in the cache says; else remove those that are not, and return none."""
    damaged = [path for path in found if not is_intact(path)]
    for path in damaged:
        remove_copy(path)
    return [] if damaged else found


def _files_at(snapshot: Path, place: HubLocation) -> list[Path]:
    """Return the files of every upstream split of a place, in order; none where one is not there or not whole."""
    for folder in _folders(place):
        found = [split_files(snapshot / folder, name) for name in place.splits]
        if all(files and is_whole(files) for files in found):
            return [path for files in found for path in files]
    return []


def _folders(place: HubLocation) -> tuple[str, ...]:
    """Return where a repository may keep a config: a lone one, named "default", has no folder of its own."""
    return ("data", ".") if place.config == "default" else (place.config, f"data/{place.config}")


def _filter(place: HubLocation) -> Callable[[str], bool]:
    def is_wanted(path: str) -> bool:
        folder, _, file = path.rpartition("/")
        begins = [f"{name}-" if "-of-" in file else f"{name}." for name in place.splits]
        return (folder or ".") in _folders(place) and file.startswith(tuple(begins)) and _readable(file)

    return is_wanted


def read(path: Path) -> Iterator[dict[str, object]]:
    """Yield the rows of a downloaded file as the `datasets` library reads them, which knows what the hub's files hold.

    Raises `DataFault` naming the file where it cannot be read.
    """
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    kind = "parquet" if path.suffix == ".parquet" else "json"
    try:
        yield from load_dataset(kind, data_files=str(path), split="train", streaming=True)
    except (DatasetGenerationError, OSError, ValueError, OverflowError, TypeError) as fault:
        raise DataFault(
            f"{path} cannot be read: {fault}", hint="remove it from the hub's cache and fetch it again"
        ) from fault


def fetch_model(hub_id: str, revision: str | None, store: Store, *, verify: bool = False) -> Path:
    """Return the folder of a backbone in the hub's cache, downloading what is missing.

    ``revision`` is a commit, a branch or None for the locked commit; a branch is resolved and locked on first use.
    With ``verify`` a damaged copy is fetched again. Raises `Missing` without network and where the repository has no
    safetensors.
    """
    hint = _model_hint(hub_id)
    commit = revision if revision and _is_commit(revision) else _lock("model", hub_id, revision, store, hint)
    cached = _snapshot("model", hub_id, commit)
    if cached and verify:
        _intact([path for path in cached.iterdir() if _is_model_file(path.name) and path.is_file()])
    return model_at(hub_id, commit)


def model_at(hub_id: str, commit: str) -> Path:
    """Return the folder of a backbone at a commit, downloading what is missing; raises as `fetch_model`."""
    hint = _model_hint(hub_id)
    cached = _snapshot("model", hub_id, commit)
    if cached and _has_weights(cached):
        return cached
    snapshot = _download("model", hub_id, commit, _is_model_file, hint)
    if not _has_weights(snapshot):
        raise Missing(
            f"{hub_id} at {commit[:8]} has no model.safetensors, and a pickle is never loaded",
            hint="convert the weights to safetensors in a folder and give --backbone FOLDER",
        )
    return snapshot


def _model_hint(hub_id: str) -> str:
    return f"adaptx fetch --backbone {hub_id} on a machine with network and the same cache, or --backbone FOLDER"


def _lock(kind: Kind, hub_id: str, revision: str | None, store: Store, hint: str) -> str:
    held = store.lock(kind, hub_id)
    if held:
        return held
    with _report_hub_errors(hub_id, f"its {revision or 'newest'} commit", hint):
        found = _api().repo_info(hub_id, repo_type=kind, revision=revision, timeout=TIMEOUT).sha
    if not isinstance(found, str) or not _is_commit(found):
        raise Missing(f"the hub names no commit of {hub_id} ({found!r})", hint=f"{TROUBLE}, or {hint}")
    return store.set_lock(kind, hub_id, found)


def _download(kind: Kind, hub_id: str, commit: str, wanted: Callable[[str], bool], hint: str) -> Path:
    """Download the wanted files of a commit, weights last, and return the snapshot's folder."""
    with _report_hub_errors(hub_id, f"commit {commit[:8]}", hint):
        listed = (
            _api().repo_info(hub_id, repo_type=kind, revision=commit, timeout=TIMEOUT, files_metadata=True).siblings
        )
    files = sorted(
        (file for file in listed or () if wanted(file.rfilename)),
        key=lambda file: (file.rfilename.endswith(".safetensors"), file.rfilename),
    )
    for file in files:
        _fetch_file(kind, hub_id, commit, file, hint)
    return _snapshot(kind, hub_id, commit) or Path()


def _fetch_file(kind: Kind, hub_id: str, commit: str, file: RepoSibling, hint: str) -> None:
    """Download one file, once more where its bytes are not those that the hub states; then it is `Missing`."""
    from huggingface_hub import hf_hub_download

    stated, name = Stated.of(file), file.rfilename
    fault: str | None = None
    for again in (False, True):
        with _report_hub_errors(hub_id, name, hint):
            _check_length(kind, hub_id, commit, name, stated, hint)
            path = Path(
                hf_hub_download(
                    hub_id,
                    name,
                    repo_type=kind,
                    revision=commit,
                    endpoint=_api().endpoint,
                    etag_timeout=TIMEOUT,
                    force_download=again,
                )
            )
        fault = stated.fault(path)
        if fault is None:
            return
        remove_copy(path)
    raise Missing(f"{hub_id}, {name}: twice there came {fault}; nothing was kept", hint=f"{TROUBLE}, or {hint}")


def _check_length(kind: Kind, hub_id: str, commit: str, name: str, stated: Stated, hint: str) -> None:
    """Raise `Missing` for a file that would be larger than the hub states, or than any file here may be."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(hub_id, name, repo_type=kind, revision=commit, endpoint=_api().endpoint)
    size = get_hf_file_metadata(url, timeout=TIMEOUT).size
    if size is not None and stated.size not in (None, size):
        told = f"would send {size:,} bytes where it states {stated.size:,}"
    elif max(size or 0, stated.size or 0) > LARGEST:
        told = f"would send {max(size or 0, stated.size or 0):,} bytes, more than {LARGEST:,}"
    else:
        return
    raise Missing(f"{hub_id}, {name}: the hub {told}", hint=f"{TROUBLE}, or {hint}")


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
def _report_hub_errors(hub_id: str, what: str, hint: str) -> Iterator[None]:
    """Turn what the hub client raises into `Missing`: what was to be fetched, and how to go on without."""
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        yield
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise Missing(f"the hub does not have {hub_id}, {what} (or not for you)", hint=hint) from error
    except (HfHubHTTPError, OSError) as error:
        status = _status(error)
        reason = f"the hub answers {status}" if status else str(error).partition("\n")[0]
        advice = STATUS.get(status, TROUBLE if status >= FIRST_TROUBLE else "")
        raise Missing(
            f"cannot fetch {hub_id}, {what}: {reason}", hint=f"{advice}; or {hint}" if advice else hint
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # of the client, on an answer that is none
        told = f"cannot fetch {hub_id}, {what}: the answer of the hub makes no sense: {error!r}"[:300]
        raise Missing(told, hint=f"{TROUBLE}, or {hint}") from error


def _status(error: BaseException | None) -> int:
    """Return the HTTP status behind an error of the client, 0 where there is none (no answer at all)."""
    while error is not None:
        found = getattr(getattr(error, "response", None), "status_code", None)
        if isinstance(found, int):
            return found
        error = error.__cause__ or error.__context__
    return 0


def _readable(file: str) -> bool:
    return file.endswith(SUFFIXES)


def _is_model_file(path: str) -> bool:
    return "/" not in path and path.endswith((*TOKENIZERS, ".safetensors"))


def _has_weights(folder: Path) -> bool:
    """Return whether a snapshot is whole: weights are downloaded last, and an index names every shard."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return (folder / "model.safetensors").is_file()
    try:
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataFault(f"{index} is not an index of safetensors files: {error!r}"[:300]) from error
    if not all(isinstance(shard, str) and SHARD.fullmatch(shard) for shard in shards):
        raise DataFault(f"{index} names files that are not safetensors of its own folder")
    return all((folder / shard).is_file() for shard in shards)


def _is_commit(revision: str) -> bool:
    return COMMIT.fullmatch(revision) is not None
