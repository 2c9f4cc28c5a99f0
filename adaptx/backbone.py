"""Backbones by name: which encoder is meant, at which revision, and what its configuration says. No torch.

Owns `BackboneRef`, the short names, and the revision of a local folder: a hash over exactly the files that decide what
the model computes (``config.json``, tokenizer, safetensors and their index), so that a README or a moved folder changes
no id. Nothing else of a folder is ever read (`adaptx.model.backbone`): no adapter, no code, no second configuration. A
hub id needs a commit before anything is planned: pinned here, given as ``name@<40 hex>``, or locked in the store by
``adaptx fetch``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from adaptx.errors import DataFault, Incompatible, Missing, UsageError
from adaptx.mini import NANO_FOLDER
from adaptx.spec import digest
from adaptx.store import atomic
from adaptx.validation import COMMIT, WORD

if TYPE_CHECKING:
    from adaptx.store import Store

__all__ = [
    "ALIASES",
    "ENCODERS",
    "NANO",
    "TOKENIZER",
    "BackboneRef",
    "config",
    "files_of",
    "folder_ref",
    "hub_name",
    "is_on_hub",
    "resolve",
    "revision_of",
]

NANO = "nano"
ALIASES = {
    "bert-base-multilingual-cased": "google-bert/bert-base-multilingual-cased",
    "bert-base-uncased": "google-bert/bert-base-uncased",
    "mdeberta-v3-base": "microsoft/mdeberta-v3-base",
    "roberta-base": "FacebookAI/roberta-base",
    "roberta-large": "FacebookAI/roberta-large",
    "xlm-roberta-base": "FacebookAI/xlm-roberta-base",
    "xlm-roberta-large": "FacebookAI/xlm-roberta-large",
    "xlnet-base-cased": "xlnet/xlnet-base-cased",
}
# Commits as recorded in embeddings-benchmark/mteb, mteb/models/model_implementations/facebookai.py
PINNED = {
    "FacebookAI/xlm-roberta-base": "e73636d4f797dec63c3081bb6ed5c7b0bb3f2089",
    "FacebookAI/xlm-roberta-large": "c23d21b0620b635a76227c604d44e43a9f0ee389",
}
ENCODERS = (
    "bert",
    "camembert",
    "deberta-v2",
    "distilbert",
    "electra",
    "mpnet",
    "rembert",
    "roberta",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xlnet",
)
"""The ``model_type`` values that can be a backbone; `adaptx.families` knows the inside of each."""

VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "sentencepiece.bpe.model",
    "sentencepiece.model",
    "spiece.model",
    "spm.model",
)  # any one of them makes a tokenizer
TOKENIZER = (*VOCABULARIES, "added_tokens.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json")
INDEX = "model.safetensors.index.json"  # says which shard holds which tensor

ON_HUB = re.compile(rf"({WORD.pattern}/)?{WORD.pattern}")  # of a model, whose owner may be left out


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneRef:
    """An encoder at a revision: ``path`` is a folder or a hub id.

    ``revision`` is ``files:<sha256>`` or ``commit:<40 hex>``, and is what enters a step's id.
    """

    name: str
    path: str
    revision: str


def resolve(name: str, store: Store) -> BackboneRef:
    """Find out which encoder ``name`` means: ``nano``, a local folder, a short name or a hub id, perhaps ``@<commit>``.

    Raises `UsageError` for what can be none of these, `Missing` for a folder or file that is not there or a hub id
    without a known commit, `Incompatible` for pickled weights or a model that is not an encoder.
    """
    folder = NANO_FOLDER if name == NANO else Path(name).expanduser()
    if name and folder.is_dir():
        # nano has 4 MB: nothing to remember, and no store to make
        ref = folder_ref(folder, atomic.sha256 if name == NANO else store.sha256, name=name)
    else:
        ref = _on_hub(name, store)
    if (at_hand := _config_file(ref)) is not None:
        _check_encoder(_read(at_hand), ref.name)
    return ref


def folder_ref(folder: Path, sha256: Callable[[Path], str] = atomic.sha256, *, name: str | None = None) -> BackboneRef:
    """Return the encoder of a folder at the revision of its files now; raises as `resolve` does."""
    _check_files(folder)
    try:
        hashes = {file: sha256(folder / file) for file in files_of(folder)}
    except OSError as error:
        raise DataFault(f"backbone {folder}: {error}", hint="its files cannot be read: check permissions") from error
    return BackboneRef(name=name or folder.name, path=str(folder.resolve()), revision=revision_of(hashes))


def files_of(folder: Path) -> tuple[str, ...]:
    """Return the names of the files that decide what a backbone computes."""
    named = [name for name in ("config.json", *TOKENIZER, INDEX) if (folder / name).is_file()]
    return (*named, *sorted(path.name for path in folder.glob("*.safetensors") if path.is_file()))


def revision_of(hashes: Mapping[str, str]) -> str:
    """Return the revision of a folder whose `files_of` have these sha256."""
    return f"files:{digest(dict(hashes))}"


def is_on_hub(name: str) -> bool:
    """Say whether ``name`` means an encoder of the hub: neither ``nano`` nor a folder that is here."""
    return name != NANO and not Path(name).expanduser().is_dir()


def config(ref: BackboneRef) -> dict[str, object]:
    """Return the content of ``config.json``; raise `Missing` where the hub's copy was not fetched."""
    at_hand = _config_file(ref)
    if at_hand is None:
        raise Missing(f"the configuration of {ref.name} is not on this machine", hint=_fetch(ref.name))
    return _read(at_hand)


def hub_name(name: str) -> tuple[str, str | None]:
    """Return the hub id that ``name`` stands for, and its commit where one was given or is pinned here.

    Raises `Missing` for a name that can only be a folder, `UsageError` for one that can be neither.
    """
    if Path(name).expanduser().is_absolute() or name.startswith(".") or name.count("/") > 1:
        raise Missing(f"backbone {name!r}: there is no such folder", hint="give a folder that exists, or a hub id")
    hub_id, at, asked = name.partition("@")
    hub_id = ALIASES.get(hub_id, hub_id)
    if not ON_HUB.fullmatch(hub_id):
        raise UsageError(f"backbone {name!r} is neither a folder nor a hub id", hint="a hub id reads owner/name")
    if at and not COMMIT.fullmatch(asked):
        raise UsageError(f"backbone {name!r}: {asked!r} is not a commit", hint=f"{hub_id}@ and 40 hex digits")
    return hub_id, asked or PINNED.get(hub_id)


def _check_files(folder: Path) -> None:
    """Raise unless a folder has a configuration, a tokenizer and weights that are no pickle."""
    files = files_of(folder)
    weights = [name for name in files if name.endswith(".safetensors")]
    if not weights and list(folder.glob("pytorch_model*.bin")):
        raise Incompatible(
            f"backbone {folder}: its weights are pickled (pytorch_model.bin), and no pickle is ever loaded",
            hint="where you trust the file, convert it once: AutoModel.from_pretrained(DIR).save_pretrained(DIR)",
        )
    vocabularies = [name for name in files if name in VOCABULARIES]
    needed = {"config.json": "config.json" in files, "tokenizer": vocabularies, "*.safetensors": weights}
    if lacking := [what for what, found in needed.items() if not found]:
        raise Missing(
            f"backbone {folder}: no {', no '.join(lacking)}",
            hint="a backbone folder is what save_pretrained writes for the model and for its tokenizer",
        )


def _on_hub(name: str, store: Store) -> BackboneRef:
    hub_id, pinned = hub_name(name)
    commit = pinned or store.lock("model", hub_id)
    if commit is None:
        raise Missing(f"backbone {name!r} is no folder here, and no commit of it is known", hint=_fetch(hub_id))
    return BackboneRef(name=hub_id, path=hub_id, revision=f"commit:{commit}")


def _fetch(name: str) -> str:
    near = get_close_matches(name, [NANO, *ALIASES], n=1, cutoff=0.8)
    meant = f"; did you mean {near[0]}?" if near and near[0] != name else ""
    return f"adaptx fetch --backbone {name}{meant}"


def _config_file(ref: BackboneRef) -> Path | None:
    """Return where the configuration lies; None where the hub's cache does not have it."""
    kind, _, commit = ref.revision.partition(":")
    if kind == "files":
        return Path(ref.path) / "config.json"
    from huggingface_hub import try_to_load_from_cache  # 0.3 s, and only where a hub id is meant

    found = try_to_load_from_cache(ref.path, "config.json", revision=commit)
    return Path(found) if isinstance(found, str) else None


def _read(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataFault(f"{path} is not JSON: {error}") from error
    except OSError as error:
        raise DataFault(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error
    if not isinstance(value, dict):
        raise DataFault(f"{path} is not a JSON object")
    return value


def _check_encoder(content: dict[str, object], name: str) -> None:
    kind = content.get("model_type")
    works = f"model types that work: {', '.join(ENCODERS)}"
    if kind not in ENCODERS:
        raise Incompatible(f"backbone {name} is of model_type {kind!r}, which is not an encoder known here", hint=works)
    if content.get("is_decoder") or content.get("is_encoder_decoder"):
        raise Incompatible(f"backbone {name} is configured as a decoder", hint=works)
