from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from adaptx import backbone
from adaptx.backbone import ALIASES, ENCODERS, BackboneRef
from adaptx.errors import AdaptxError, DataFault, Incompatible, Missing, UsageError
from adaptx.store import Store

LARGE = "FacebookAI/xlm-roberta-large"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return what `save_pretrained` leaves of a small encoder, and a README."""
    made = tmp_path / "encoder"
    made.mkdir()
    configure(made, model_type="bert", hidden_size=8)
    for name in ("tokenizer.json", "vocab.txt", "tokenizer_config.json", "model.safetensors", "README.md"):
        (made / name).write_text(name)
    return made


def configure(folder: Path, **content: Any) -> None:
    (folder / "config.json").write_text(json.dumps(content))


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    return cache


def cached(cache: Path, hub_id: str, commit: str, **content: Any) -> None:
    snapshot = cache / f"models--{hub_id.replace('/', '--')}" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    configure(snapshot, **content)


def test_nano_is_a_folder_of_the_package(store: Store) -> None:
    ref = backbone.resolve("nano", store)
    assert ref.name == "nano"
    assert re.fullmatch(r"files:[0-9a-f]{64}", ref.revision)
    assert backbone.config(ref)["model_type"] == "xlm-roberta"


def test_the_revision_of_a_folder_is_a_hash_of_what_decides_the_model(folder: Path, store: Store) -> None:
    ref = backbone.resolve(str(folder), store)
    assert ref.path == str(folder)
    assert re.fullmatch(r"files:[0-9a-f]{64}", ref.revision)
    (folder / "README.md").write_text("rewritten")
    moved = folder.rename(folder.parent / "elsewhere")
    assert backbone.resolve(str(moved), store).revision == ref.revision


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
def test_a_change_of_what_decides_the_model_changes_the_revision(folder: Path, store: Store, name: str) -> None:
    before = backbone.resolve(str(folder), store).revision
    with (folder / name).open("a") as stream:
        stream.write(" ")
    assert backbone.resolve(str(folder), store).revision != before


def test_renaming_or_adding_a_weight_file_changes_the_revision(folder: Path, store: Store) -> None:
    before = backbone.resolve(str(folder), store).revision
    shutil.copy(folder / "model.safetensors", folder / "more.safetensors")
    assert backbone.resolve(str(folder), store).revision != before


def test_weights_are_not_hashed_twice(folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = backbone.resolve(str(folder), store)
    monkeypatch.setattr("adaptx.store.atomic.sha256", lambda _: pytest.fail("hashed again"))
    assert backbone.resolve(str(folder), store) == first


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (["config.json"], "no config.json"),
        (["tokenizer.json", "vocab.txt"], "no tokenizer"),
        (["model.safetensors"], r"no \*\.safetensors"),
    ],
)
def test_what_a_folder_lacks_is_named(folder: Path, store: Store, lost: list[str], told: str) -> None:
    for name in lost:
        (folder / name).unlink()
    with pytest.raises(Missing, match=told) as caught:
        backbone.resolve(str(folder), store)
    assert str(folder) in str(caught.value)
    assert "save_pretrained" in str(caught.value.hint)


def test_pickled_weights_are_refused_with_the_way_to_convert(folder: Path, store: Store) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(Incompatible, match="no pickle is ever loaded") as caught:
        backbone.resolve(str(folder), store)
    assert "save_pretrained" in str(caught.value.hint)


@pytest.mark.parametrize("kind", ["gpt2", "t5", "vit", "llama", "mbart", None])
def test_what_is_not_an_encoder_is_refused_with_what_works(folder: Path, store: Store, kind: str | None) -> None:
    configure(folder, model_type=kind)
    with pytest.raises(Incompatible, match=f"model_type {kind!r}") as caught:
        backbone.resolve(str(folder), store)
    assert "xlm-roberta" in str(caught.value.hint)


@pytest.mark.parametrize("switch", ["is_decoder", "is_encoder_decoder"])
def test_an_encoder_configured_as_a_decoder_is_refused(folder: Path, store: Store, switch: str) -> None:
    configure(folder, model_type="bert", **{switch: True})
    with pytest.raises(Incompatible, match="configured as a decoder"):
        backbone.resolve(str(folder), store)


@pytest.mark.parametrize("content", ["{", "[1]", "\udcff"])
def test_a_configuration_that_is_not_a_json_object_is_named(folder: Path, store: Store, content: str) -> None:
    (folder / "config.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataFault, match=r"config\.json is not"):
        backbone.resolve(str(folder), store)


@pytest.mark.parametrize("kind", ENCODERS)
def test_every_encoder_is_accepted(folder: Path, store: Store, kind: str) -> None:
    configure(folder, model_type=kind)
    assert backbone.config(backbone.resolve(str(folder), store))["model_type"] == kind


def test_the_model_room_knows_the_inside_of_every_encoder() -> None:
    from adaptx.families import FAMILIES

    assert set(FAMILIES) == set(ENCODERS)


@pytest.mark.parametrize("name", ["/no/such/folder", "./none", "../x", "a/b/c", "~/none-of-this-name"])
def test_a_folder_that_is_not_there_is_missing(store: Store, name: str) -> None:
    with pytest.raises(Missing, match="no such folder"):
        backbone.resolve(name, store)


@pytest.mark.parametrize("name", ["", " ", "two words", "owner/", "owner/na me", "@" + "1" * 40])
def test_what_cannot_be_a_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="neither a folder nor a hub id"):
        backbone.resolve(name, store)


def test_the_default_backbone_is_pinned(store: Store, hub_cache: Path) -> None:
    ref = backbone.resolve("xlm-roberta-large", store)
    expected = BackboneRef(name=LARGE, path=LARGE, revision="commit:c23d21b0620b635a76227c604d44e43a9f0ee389")
    assert ref == expected
    assert backbone.resolve(LARGE, store) == expected


def test_a_hub_id_is_found_at_its_locked_commit(store: Store, hub_cache: Path) -> None:
    with pytest.raises(Missing) as caught:
        backbone.resolve("owner/name", store)
    assert caught.value.hint == "adaptx fetch --backbone owner/name"
    store.set_lock("model", "owner/name", "1" * 40)
    assert backbone.resolve("owner/name", store).revision == "commit:" + "1" * 40


def test_a_commit_that_is_given_wins(store: Store, hub_cache: Path) -> None:
    store.set_lock("model", "owner/name", "1" * 40)
    ref = backbone.resolve("owner/name@" + "2" * 40, store)
    assert (ref.name, ref.path, ref.revision) == ("owner/name", "owner/name", "commit:" + "2" * 40)
    assert backbone.resolve("xlm-roberta-large@" + "2" * 40, store).revision == "commit:" + "2" * 40


@pytest.mark.parametrize("revision", ["main", "", "1" * 39, "G" * 40])
def test_a_branch_is_not_a_revision(store: Store, revision: str) -> None:
    with pytest.raises(UsageError, match="is not a commit") as caught:
        backbone.resolve(f"owner/name@{revision}", store)
    assert "40 hex digits" in str(caught.value.hint)


def test_a_misspelt_short_name_is_answered_with_the_nearest(store: Store, hub_cache: Path) -> None:
    with pytest.raises(Missing) as caught:
        backbone.resolve("xlm-roberta-larg", store)
    assert str(caught.value.hint).endswith("did you mean xlm-roberta-large?")


def test_the_configuration_of_a_hub_id_comes_from_the_cache(store: Store, hub_cache: Path) -> None:
    ref = backbone.resolve("owner/name@" + "3" * 40, store)
    with pytest.raises(Missing, match="not on this machine") as caught:
        backbone.config(ref)
    assert caught.value.hint == "adaptx fetch --backbone owner/name"
    cached(hub_cache, "owner/name", "3" * 40, model_type="xlm-roberta", hidden_size=768)
    assert backbone.config(ref)["hidden_size"] == 768


def test_a_cached_hub_model_that_is_not_an_encoder_is_refused_before_any_work(store: Store, hub_cache: Path) -> None:
    cached(hub_cache, "owner/speaks", "4" * 40, model_type="gpt2")
    with pytest.raises(Incompatible, match="'gpt2'"):
        backbone.resolve("owner/speaks@" + "4" * 40, store)


def test_short_names_stand_for_hub_ids() -> None:
    assert ALIASES["xlm-roberta-large"] == LARGE
    assert all(target.count("/") == 1 and target.endswith(name) for name, target in ALIASES.items())


def test_a_refused_backbone_leaves_the_store_untouched(tmp_path: Path, store: Store) -> None:
    for name in ("../x", "owner/name", "owner/name@main", str(tmp_path)):
        with pytest.raises(AdaptxError):
            backbone.resolve(name, store)
    assert not store.root.exists()


def test_a_real_encoder_folder_resolves(minilm: Path, store: Store) -> None:
    ref = backbone.resolve(str(minilm), store)
    assert backbone.config(ref)["hidden_size"] == 384


def test_resolving_does_not_need_torch(folder: Path, tmp_path: Path) -> None:
    import subprocess

    source = """
import sys
from pathlib import Path
from adaptx import backbone
from adaptx.store import Store
backbone.config(backbone.resolve(sys.argv[1], Store(Path(sys.argv[2]))))
print(sorted({"torch", "transformers", "numpy", "huggingface_hub"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", source, str(folder), str(tmp_path / "runs")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
