from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

from adaptx.backbone import BackboneRef, files_of, revision_of
from adaptx.errors import DataFault, Incompatible, Missing
from adaptx.families import FAMILIES
from adaptx.model import backbone
from adaptx.store.atomic import sha256


def copied(tiny, family, folder):
    """Return a copy of a tiny backbone that a test may break."""
    shutil.copytree(tiny.ref(family).path, folder)
    return as_is(folder)


def as_is(folder):
    """Return a folder as a backbone at the revision of whatever lies there, also where it is none."""
    hashes = {name: sha256(folder / name) for name in files_of(folder)}
    return BackboneRef(name="broken", path=str(folder), revision=revision_of(hashes))


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_family_loads_without_its_pooler_in_the_asked_dtype(family, dtype, tiny):
    loaded = backbone.load(tiny.ref(family), dtype=dtype)
    assert {p.dtype for p in loaded.encoder.parameters()} == {dtype}
    assert not [name for name, _ in loaded.encoder.named_parameters() if "pooler" in name]
    assert not loaded.encoder.training
    assert loaded.hidden_size == 32
    batch = tiny.batch()
    states = loaded.encoder(input_ids=batch.input_ids, attention_mask=batch.attention_mask)[0]
    assert states.shape == (3, 9, 32)


def test_the_pooler_is_there_when_its_form_needs_it(tiny):
    loaded = backbone.load(tiny.ref("bert"), dtype=torch.float32, pooler=True)
    assert [name for name, _ in loaded.encoder.named_parameters() if "pooler" in name]


@pytest.mark.parametrize(("family", "length"), [("xlm-roberta", 38), ("roberta", 38), ("bert", 40), ("xlnet", 512)])
def test_longest_input_leaves_out_reserved_positions_and_fits(family, length, tiny):
    loaded = backbone.load(tiny.ref(family), dtype=torch.float32)
    assert loaded.max_length == length
    ids = torch.full((1, length), 5)
    assert loaded.encoder(input_ids=ids)[0].shape[1] == length


@pytest.mark.parametrize(
    ("family", "types"),
    [("bert", True), ("xlm-roberta", False), ("deberta-v2", False), ("distilbert", False), ("xlnet", True)],
)
def test_token_types_only_where_the_encoder_tells_them_apart(family, types, tiny):
    loaded = backbone.load(tiny.ref(family), dtype=torch.float32)
    assert ("token_type_ids" in loaded.tokenizer("w1", "w2")) == types


def test_a_missing_encoder_tensor_is_a_fault_and_not_a_fresh_layer(tiny, tmp_path):
    ref = copied(tiny, "xlm-roberta", tmp_path / "copy")
    path = Path(ref.path) / "model.safetensors"
    tensors = load_file(path)
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(DataFault, match=r"1 encoder tensors.*encoder\.layer\.1\.output\.dense\.weight"):
        backbone.load(as_is(Path(ref.path)), dtype=torch.float32)


def test_weights_under_a_language_model_head_are_found(tiny, tmp_path):
    ref = copied(tiny, "xlm-roberta", tmp_path / "copy")
    path = Path(ref.path) / "model.safetensors"
    bare = load_file(path)
    save_file({f"roberta.{name}": tensor for name, tensor in bare.items()}, path, metadata={"format": "pt"})
    loaded = backbone.load(as_is(Path(ref.path)), dtype=torch.float32)
    assert all(torch.equal(tensor, bare[name]) for name, tensor in loaded.encoder.named_parameters())


def test_a_folder_with_only_a_pickle_is_refused(tiny, tmp_path):
    ref = copied(tiny, "bert", tmp_path / "copy")
    folder = Path(ref.path)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(Incompatible, match="pickled ones are never loaded") as caught:
        backbone.load(as_is(Path(ref.path)), dtype=torch.float32)
    assert "safe_serialization" in str(caught.value.hint)


@pytest.mark.parametrize(("model_type", "said"), [("gpt2", "'gpt2' model"), ("t5", "'t5' model")])
def test_what_is_not_an_encoder_is_refused(model_type, said, tmp_path):
    AutoConfig.for_model(model_type).save_pretrained(tmp_path)
    with pytest.raises(Incompatible, match=said) as caught:
        backbone.load(as_is(tmp_path), dtype=torch.float32)
    assert "xlm-roberta" in str(caught.value.hint)


def test_an_encoder_configured_as_a_decoder_is_refused(tiny, tmp_path):
    ref = copied(tiny, "bert", tmp_path / "copy")
    path = Path(ref.path) / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "is_decoder": True}))
    with pytest.raises(Incompatible, match="decoder"):
        backbone.load(as_is(Path(ref.path)), dtype=torch.float32)


@pytest.mark.parametrize("content", ["", "{", '{"model_type": "no-such-model"}', "{}"])
def test_an_unreadable_configuration_is_a_short_error(content, tmp_path):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(Incompatible, match="no configuration of a known model"):
        backbone.load(as_is(tmp_path), dtype=torch.float32)


def test_code_in_a_backbone_folder_is_never_run(tiny, tmp_path):
    ref = copied(tiny, "bert", tmp_path / "copy")
    folder, mark = Path(ref.path), tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w')\nclass Config: ...\nclass Model: ...\n")
    path = folder / "config.json"
    auto = {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": auto}))
    backbone.load(as_is(Path(ref.path)), dtype=torch.float32)
    assert not mark.exists()


def test_a_folder_without_a_tokenizer_is_refused(tiny, tmp_path):
    AutoModel.from_config(AutoConfig.for_model("bert", **tiny.configs["bert"])).save_pretrained(tmp_path)
    with pytest.raises(Incompatible, match="no usable tokenizer"):
        backbone.load(as_is(tmp_path), dtype=torch.float32)


def test_an_unfetched_commit_is_missing_with_the_command_that_fetches_it():
    ref = BackboneRef(name="owner/name", path="owner/name", revision=f"commit:{'0' * 40}")
    with pytest.raises(Missing) as caught:
        backbone.load(ref, dtype=torch.float32)
    assert "adaptx fetch" in str(caught.value.hint)


def test_a_real_encoder_loads(minilm):
    loaded = backbone.load(as_is(minilm), dtype=torch.bfloat16)
    assert (loaded.hidden_size, loaded.max_length) == (384, 512)
    assert len(loaded.tokenizer("one " * 300)["input_ids"]) == 302


def test_nano_loads_from_the_package_in_full_precision(nano):
    loaded = backbone.load(as_is(nano), dtype=torch.float32)
    assert loaded.max_length == 512
    assert {weight.dtype for weight in loaded.encoder.parameters()} == {torch.float32}


CUTS = [(family, layers) for family in sorted(FAMILIES) for layers in (0, 1, 2)]


@pytest.mark.parametrize(("family", "layers"), [cut for cut in CUTS if cut != ("deberta-v2", 0)])
def test_a_cut_encoder_gives_the_hidden_states_of_its_last_layer_to_the_bit(family, layers, tiny):
    batch = tiny.batch()
    given = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
    encoder = backbone.load(tiny.ref(family), dtype=torch.float32).encoder
    with torch.inference_mode():
        wanted = encoder(**given, output_hidden_states=True).hidden_states[layers]
        backbone.truncate(encoder, layers)
        found = encoder(**given)[0]
    assert torch.equal(found, wanted)


def test_the_embeddings_of_a_deberta_are_refused(tiny):
    encoder = backbone.load(tiny.ref("deberta-v2"), dtype=torch.float32).encoder
    with pytest.raises(Incompatible, match="cannot be read alone"):
        backbone.truncate(encoder, 0)
