"""A backbone is exactly its hashed files: the same tensors as the library's, whatever else a folder holds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM

from adaptx import backbone as light
from adaptx.data.hub_files import digest_like
from adaptx.errors import AdaptxError, DataFault
from adaptx.families import FAMILIES
from adaptx.model import backbone

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"


def copied(tiny: Any, family: str, folder: Path) -> Path:
    shutil.copytree(tiny.ref(family).path, folder)
    return folder


def loaded(folder: Path, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    return backbone.load(light.folder_ref(folder), dtype=dtype).encoder.state_dict()


def theirs(folder: Path, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    return AutoModel.from_pretrained(folder, dtype=dtype, use_safetensors=True).state_dict()


def same(ours: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Return whether every tensor of ours is the library's; it has a pooler besides."""
    assert {key for key in other if "pooler" not in key} == ours.keys()
    return all(torch.equal(tensor, other[key].to(tensor.dtype)) for key, tensor in ours.items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_tensors_are_those_that_the_library_would_load(family, dtype, tiny):
    folder = Path(tiny.ref(family).path)
    assert same(loaded(folder, dtype), theirs(folder, dtype))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_an_encoder_saved_with_its_masked_word_head_is_the_same_encoder(family, tiny, tmp_path):
    folder = copied(tiny, family, tmp_path / "copy")
    (folder / WHOLE).unlink()
    torch.manual_seed(1)
    kind = AutoConfig.for_model(family, **{**tiny.configs[family], "is_decoder": False})
    if family == "xlnet":
        from transformers import XLNetLMHeadModel

        XLNetLMHeadModel(kind).save_pretrained(folder)
    else:
        AutoModelForMaskedLM.from_config(kind).save_pretrained(folder)
    assert same(loaded(folder), theirs(folder, torch.float32))


@pytest.mark.parametrize("name", ["nano", "minilm"])
def test_the_tensors_of_real_encoders_are_those_that_the_library_would_load(name, request):
    folder = request.getfixturevalue(name)
    assert same(loaded(folder), theirs(folder, torch.float32))


def test_the_forward_pass_is_the_librarys(minilm):
    ours = backbone.load(light.folder_ref(minilm), dtype=torch.float32).encoder
    other = AutoModel.from_pretrained(minilm, attn_implementation="sdpa").eval()
    ids = torch.arange(100, 164).view(2, 32)
    with torch.inference_mode():
        assert torch.equal(ours(input_ids=ids)[0], other(input_ids=ids)[0])


def sharded(folder: Path) -> dict[str, str]:
    """Cut the weights of a folder in two and return the map of the index."""
    tensors = load_file(folder / WHOLE)
    names = sorted(tensors)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, held in parts.items():
        save_file({name: tensors[name].clone() for name in held}, folder / file, metadata={"format": "pt"})
    (folder / WHOLE).unlink()
    mapped = {name: file for file, held in parts.items() for name in held}
    index(folder, mapped)
    return mapped


def index(folder: Path, mapped: Any) -> None:
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": mapped}))


def test_shards_are_read_as_the_index_says_and_the_index_is_hashed(tiny, tmp_path):
    folder = copied(tiny, "bert", tmp_path / "copy")
    whole = loaded(folder)
    mapped = sharded(folder)
    before = light.folder_ref(folder).revision
    assert same(loaded(folder), whole)
    index(folder, dict(reversed(mapped.items())))
    assert light.folder_ref(folder).revision != before


def test_an_adapter_beside_the_model_changes_nothing_and_its_pickle_is_not_opened(tiny, tmp_path):
    folder, other = copied(tiny, "bert", tmp_path / "copy"), tmp_path / "other"
    before, revision = loaded(folder), light.folder_ref(folder).revision
    shutil.copytree(folder, other)
    tensors = load_file(other / WHOLE)
    save_file({key: tensor + 1 for key, tensor in tensors.items()}, other / WHOLE, metadata={"format": "pt"})
    settings = {"base_model_name_or_path": str(other), "peft_type": "LORA", "r": 4, "target_modules": ["query"]}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    (folder / "adapter_model.bin").write_bytes(b"not even a pickle")
    assert light.folder_ref(folder).revision == revision
    assert same(loaded(folder), before)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.4.0.0.json", {"model_type": "roberta"}),
        ("tokenizer.4.0.0.json", {}),
        ("chat_template.jinja", {}),
        ("generation_config.json", {"num_beams": "x"}),
    ],
)
def test_a_second_configuration_that_the_library_would_prefer_is_not_seen(file, content, tiny, tmp_path):
    folder = copied(tiny, "bert", tmp_path / "copy")
    for name, key in (("config.json", "configuration_files"), ("tokenizer_config.json", "fast_tokenizer_files")):
        told = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**told, key: ["config.4.0.0.json", "tokenizer.4.0.0.json"]}))
    (folder / file).write_text(json.dumps(content))
    if file.startswith("tokenizer"):
        with pytest.raises(AdaptxError, match=r"tokenizer\.4\.0\.0\.json|no usable tokenizer"):
            loaded(folder)
    else:
        told = json.loads((folder / "tokenizer_config.json").read_text())
        (folder / "tokenizer_config.json").write_text(json.dumps(dict(told, fast_tokenizer_files=["tokenizer.json"])))
        assert loaded(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", WHOLE])
def test_a_file_that_changed_since_the_plan_is_refused_and_the_old_one_is_right(name, tiny, tmp_path):
    folder = copied(tiny, "bert", tmp_path / "copy")
    ref, old = light.folder_ref(folder), (folder / name).read_bytes()
    before = backbone.load(ref, dtype=torch.float32).encoder.state_dict()
    if name == WHOLE:
        save_file({k: t * 2 for k, t in load_file(folder / name).items()}, folder / name, metadata={"format": "pt"})
    else:
        (folder / name).write_bytes(old + b"\n")
    with pytest.raises(DataFault, match="changed since the plan") as caught:
        backbone.load(ref, dtype=torch.float32)
    assert str(folder) in str(caught.value)
    (folder / name).write_bytes(old)
    assert same(backbone.load(ref, dtype=torch.float32).encoder.state_dict(), before)


def test_weights_do_not_follow_their_file_once_they_are_read(tiny, tmp_path):
    folder = copied(tiny, "bert", tmp_path / "copy")
    ours = loaded(folder)
    before = {key: tensor.clone() for key, tensor in ours.items()}
    with (folder / WHOLE).open("r+b") as stream:
        stream.seek(-4096, 2)
        stream.write(b"\0" * 4096)
    assert same(ours, before)


Spoil = Callable[[Path], object]


def tensors(change: Callable[[dict[str, torch.Tensor]], object], **metadata: str) -> Spoil:
    """Return what rewrites the weights after ``change``."""

    def spoil(folder: Path) -> None:
        found = load_file(folder / WHOLE)
        change(found)
        save_file(found, folder / WHOLE, metadata={"format": "pt", **metadata})

    return spoil


def bytes_of(change: Callable[[bytes], bytes], name: str = WHOLE) -> Spoil:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def settings(**changes: Any) -> Spoil:
    return lambda folder: (folder / "config.json").write_text(
        json.dumps({**json.loads((folder / "config.json").read_text()), **changes})
    )


def first(found: dict[str, torch.Tensor]) -> str:
    return "encoder.layer.0.output.dense.weight"


def put(value: Callable[[torch.Tensor], torch.Tensor]) -> Spoil:
    return tensors(lambda found: found.update({first(found): value(found[first(found)])}))


def replaced(name: str, make: Callable[[Path], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return spoil


def shards(change: Callable[[dict[str, str], Path], Any]) -> Spoil:
    def spoil(folder: Path) -> None:
        mapped = sharded(folder)
        told = change(mapped, folder)
        index(folder, mapped if told is None else told)

    return spoil


def header(change: Callable[[dict[str, Any]], object]) -> Spoil:
    def rewrite(content: bytes) -> bytes:
        length = int.from_bytes(content[:8], "little")
        told = json.loads(content[8 : 8 + length])
        change(told)
        text = json.dumps(told).encode()
        return len(text).to_bytes(8, "little") + text + content[8 + length :]

    return bytes_of(rewrite)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 90868376\n"
DEEP = b"[" * 100_000 + b"]" * 100_000

BROKEN: dict[str, tuple[Spoil, str]] = {
    "a git lfs pointer": (bytes_of(lambda _: POINTER), "Git LFS pointer"),
    "no bytes": (bytes_of(lambda _: b""), "empty or was cut off"),
    "three bytes": (bytes_of(lambda content: content[:3]), "empty or was cut off"),
    "cut in the header": (bytes_of(lambda content: content[:200]), "cut off in its header"),
    "cut in half": (bytes_of(lambda content: content[: len(content) // 2]), "was cut off"),
    "one byte less": (bytes_of(lambda content: content[:-1]), "was cut off"),
    "bytes behind": (bytes_of(lambda content: content + b"\0" * 8), "its header tells of"),
    "a header of 10 GB": (bytes_of(lambda c: (10**10).to_bytes(8, "little") + c[8:]), "does not begin with a header"),
    "a page of HTML": (bytes_of(lambda _: b"<!DOCTYPE html><html>404</html>"), "not a safetensors file"),
    "a pickle under its name": (bytes_of(lambda _: b"\x80\x02}q\x00." * 40), "does not begin with a header"),
    "a header that is no JSON": (bytes_of(lambda c: c[:8] + b"!" + c[9:]), "header is not JSON"),
    "a header of deep JSON": (bytes_of(lambda _: len(DEEP).to_bytes(8, "little") + DEEP), "header is not JSON"),
    "a header that is a list": (bytes_of(lambda _: (2).to_bytes(8, "little") + b"[]"), "header is no table"),
    "a tensor without a place": (header(lambda told: told.update(x={"dtype": "F32"})), "no known type and place"),
    "a tensor of unknown type": (
        header(lambda t: t.update(x={"dtype": "Q4", "shape": [1], "data_offsets": [0, 1]})),
        "no known",
    ),
    "a negative offset": (
        header(lambda t: t.update(x={"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]})),
        "another size",
    ),
    "a shape that is no number": (
        header(lambda t: t.update(x={"dtype": "F32", "shape": ["1"], "data_offsets": [0, 4]})),
        "another size",
    ),
    "two tensors in one place": (
        header(lambda t: t.update(x={"dtype": "F32", "shape": [1], "data_offsets": [0, 4]})),
        "header tells of",
    ),
    "weights of TensorFlow": (tensors(lambda _: None, format="tf"), "format 'tf'"),
    "weights of flax": (tensors(lambda _: None, format="flax"), "format 'flax'"),
    "a tensor less": (tensors(lambda found: found.pop(first(found))), "1 encoder tensors are missing"),
    "a layer more": (
        tensors(lambda f: f.update({"encoder.layer.7.output.dense.bias": torch.zeros(3)})),
        "no place for",
    ),
    "a wrong shape": (put(lambda tensor: tensor[:-1].clone()), "of another shape"),
    "whole numbers": (put(lambda tensor: (tensor * 100).to(torch.int32)), "quantised or integer"),
    "eight bits": (put(lambda tensor: (tensor * 100).to(torch.int8)), "quantised or integer"),
    "eight bits of floating point": (put(lambda tensor: tensor.to(torch.float8_e4m3fn)), "quantised or integer"),
    "a NaN": (put(lambda tensor: tensor.index_fill(0, torch.tensor([1]), float("nan"))), "not finite"),
    "an infinity": (put(lambda tensor: tensor.index_fill(0, torch.tensor([1]), float("inf"))), "not finite"),
    "infinities of both signs": (put(lambda t: t / 0), "not finite"),
    "a folder in place of weights": (replaced(WHOLE, lambda path: path.mkdir()), "no *.safetensors"),
    "a link to nowhere": (replaced(WHOLE, lambda path: path.symlink_to("/none/of/it")), "no *.safetensors"),
    "weights under another name": (
        lambda folder: (folder / WHOLE).rename(folder / "weights.safetensors"),
        "has neither",
    ),
    "a shard less": (shards(lambda _, folder: (folder / "b.safetensors").unlink()), "which is not there"),
    "a shard elsewhere": (
        shards(lambda mapped, _: dict.fromkeys(mapped, "../other/model.safetensors")),
        "of its own folder",
    ),
    "a shard by absolute path": (
        shards(lambda mapped, _: dict.fromkeys(mapped, "/tmp/a.safetensors")),
        "of its own folder",
    ),
    "a shard that is a pickle": (
        shards(lambda mapped, _: dict.fromkeys(mapped, "pytorch_model.bin")),
        "of its own folder",
    ),
    "a shard that is a number": (shards(lambda mapped, _: dict.fromkeys(mapped, 5)), "of its own folder"),
    "every tensor in one shard": (shards(lambda mapped, _: dict.fromkeys(mapped, "a.safetensors")), "the same tensors"),
    "an index of nothing": (shards(lambda *_: {}), "maps no tensor"),
    "an index that is a list": (shards(lambda *_: [1]), "maps no tensor"),
    "an index that is no JSON": (lambda f: (sharded(f), (f / INDEX).write_text("{")), "is not an index"),
    "an index of deep JSON": (lambda f: (sharded(f), (f / INDEX).write_bytes(DEEP)), "is not an index"),
    "a width that is a text": (settings(hidden_size="wide"), "hidden_size"),
    "a negative width": (settings(hidden_size=-8), "hidden"),
    "no layers": (settings(num_hidden_layers=0), "layers"),
    "no heads": (settings(num_attention_heads=0), "heads"),
    "heads that do not divide": (settings(num_attention_heads=5), "no model can be made"),
    "a width of ten million": (settings(hidden_size=10**7), "its weights hold"),
    "a thousand million layers": (settings(num_hidden_layers=10**9), "its weights hold"),
    "words without end": (settings(vocab_size=10**12), "its weights hold"),
    "a fraction of a layer": (settings(num_hidden_layers=1.5), "num_hidden_layers"),
    "true layers": (settings(num_hidden_layers=True), "num_hidden_layers"),
    "an activation of nobody": (settings(hidden_act="sparkle"), "no model can be made"),
    "a norm that is a text": (settings(layer_norm_eps="small"), "layer_norm_eps"),
    "a padding beyond the words": (settings(pad_token_id=10**6), "no model can be made"),
    "quantisation": (
        settings(quantization_config={"quant_method": "bitsandbytes", "load_in_8bit": True}),
        "is quantised",
    ),
    "another model type": (settings(model_type="deberta-v2"), "encoder tensors are missing"),
    "no model type": (settings(model_type=None), "model_type None"),
    "a list as model type": (settings(model_type=["bert"]), "model_type"),
    "a configuration that is a list": (bytes_of(lambda _: b"[1]", "config.json"), "not a JSON object"),
    "a configuration of deep JSON": (bytes_of(lambda _: DEEP, "config.json"), "is not JSON"),
    "a tokenizer that is no JSON": (bytes_of(lambda _: b"{", "tokenizer.json"), "no usable tokenizer"),
    "a tokenizer that is a pointer": (bytes_of(lambda _: POINTER, "tokenizer.json"), "no usable tokenizer"),
}


@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_folder_ends_in_a_sentence_and_never_in_other_weights(damage, tiny, tmp_path, monkeypatch):
    from adaptx.store import Store

    folder = copied(tiny, "bert", tmp_path / "copy")
    spoil, told = BROKEN[damage]
    spoil(folder)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a pickle was opened"))
    with pytest.raises(AdaptxError) as caught:
        backbone.load(light.resolve(str(folder), Store(tmp_path / "runs")), dtype=torch.float32)
    assert told in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_labels_of_other_peoples_heads_are_not_counted_up(tiny, tmp_path):
    folder = copied(tiny, "bert", tmp_path / "copy")
    settings(num_labels=10**9, auto_map={"AutoModel": "evil.Model"}, transformers_weights="other.safetensors")(folder)
    assert loaded(folder)


@pytest.mark.parametrize("spoilt", [None, WHOLE, "config.json"])
def test_a_copy_in_the_hubs_cache_is_what_its_name_says(spoilt, tiny, tmp_path, monkeypatch):
    folder, snapshot = copied(tiny, "bert", tmp_path / "copy"), tmp_path / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (tmp_path / "blobs").mkdir()
    for path in folder.iterdir():
        kind = "f" * 64 if path.name == WHOLE else "f" * 40
        blob = tmp_path / "blobs" / str(digest_like(kind, path.read_bytes()))
        blob.write_bytes(path.read_bytes())
        (snapshot / path.name).symlink_to(blob)
    monkeypatch.setattr("adaptx.data.hub.model_at", lambda *_: snapshot)
    ref = light.BackboneRef(name="owner/name", path="owner/name", revision=f"commit:{'a' * 40}")
    if spoilt is None:
        assert same(backbone.load(ref, dtype=torch.float32).encoder.state_dict(), loaded(folder))
        return
    spoil = put(lambda tensor: tensor * 2) if spoilt == WHOLE else settings(layer_norm_eps=0.1)
    spoil(folder)
    (snapshot / spoilt).resolve().write_bytes((folder / spoilt).read_bytes())
    with pytest.raises(DataFault, match="is not what the hub stated") as caught:
        backbone.load(ref, dtype=torch.float32)
    assert spoilt in str(caught.value)
    assert "adaptx fetch" in str(caught.value.hint)
