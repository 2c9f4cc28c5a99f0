from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from transformers import AutoConfig, AutoModel

from adaptx.errors import Incompatible, UnknownName, UsageError
from adaptx.families import FAMILIES, total_parameters
from adaptx.methods import method_named, method_names
from adaptx.model import backbone, stack
from adaptx.model.footprint import artefact_bytes, count, step_bytes
from adaptx.spec import MethodSpec

XLMR_LARGE = {
    "model_type": "xlm-roberta",
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "vocab_size": 250002,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "pad_token_id": 1,
}


@pytest.mark.parametrize("model_type", sorted(FAMILIES))
def test_the_arithmetic_of_every_family_is_the_built_encoder(model_type, tiny):
    loaded = backbone.load(tiny.ref(model_type), dtype=torch.float32)
    assert total_parameters(loaded.config.to_dict()) == sum(p.numel() for p in loaded.encoder.parameters())


@pytest.mark.parametrize(
    "changes",
    [
        {"share_att_key": False},
        {"conv_kernel_size": 3},
        {"position_biased_input": True},
        {"position_buckets": -1},
        {"type_vocab_size": 2},
        {"embedding_size": 16},
        {"norm_rel_ebd": "none"},
    ],
)
def test_deberta_variants_are_counted(changes, tiny):
    config = AutoConfig.for_model("deberta-v2", **{**tiny.configs["deberta-v2"], **changes})
    assert total_parameters(config.to_dict()) == sum(p.numel() for p in AutoModel.from_config(config).parameters())


def carried() -> list[tuple[str, str]]:
    """Return every registered method with every family of encoders that it works on."""
    return [(name, family) for name in method_names() for family in sorted(FAMILIES) if carries(name, family)]


def carries(name, family):
    try:
        method_named(name).check({"model_type": family}, method_named(name).values())
    except Incompatible:
        return False
    return True


@pytest.mark.parametrize(("method", "family"), carried())
def test_counted_trainables_are_the_trained_ones(method, family, tiny):
    model = tiny.fresh(method, family=family)
    trained = sum(tensor.numel() for tensor in model.adapter_state().values())
    assert count(model.encoder.config.to_dict(), model.spec) == trained


def test_chosen_targets_are_the_only_ones_counted_and_trained(tiny):
    few = MethodSpec(name="lora", version=1, parameters={"rank": 3, "targets": "query+ffn_out"})
    model = stack.trainable(tiny.ref("bert"), [], few, tiny.task("a"), precision="fp32", seed=0, device="cpu")
    trained = sum(tensor.numel() for tensor in model.adapter_state().values())
    assert trained == count(model.encoder.config.to_dict(), few) == 2 * 3 * (32 + 32 + 32 + 48)


def test_trainables_of_xlmr_large_are_the_published_numbers():
    assert count(XLMR_LARGE, MethodSpec(name="lora", version=1, parameters={"targets": "query+value"})) == 786_432
    assert count(XLMR_LARGE, MethodSpec(name="bottleneck", version=1)) == 3_171_840


def test_memory_of_a_step_grows_with_what_is_trained_and_with_tokens():
    lora, full = MethodSpec(name="lora", version=1), MethodSpec(name="full", version=1)
    small = step_bytes(XLMR_LARGE, lora, precision="bf16", tokens=1024)
    assert small < step_bytes(XLMR_LARGE, lora, precision="bf16", tokens=2048)
    assert small < step_bytes(XLMR_LARGE, lora, precision="fp32", tokens=1024)
    assert step_bytes(XLMR_LARGE, full, precision="bf16", tokens=1024) > 18 * total_parameters(XLMR_LARGE)
    assert artefact_bytes(XLMR_LARGE, lora) < artefact_bytes(XLMR_LARGE, full)


def test_unknown_method_and_target_name_the_known_ones():
    with pytest.raises(UnknownName, match="method 'loar'"):
        count(XLMR_LARGE, MethodSpec(name="loar", version=1))
    with pytest.raises(UsageError) as caught:
        count(XLMR_LARGE, MethodSpec(name="lora", version=1, parameters={"targets": "queri"}))
    assert "query" in str(caught.value.hint)


def test_xlnet_attention_cannot_be_wrapped_and_says_what_can(tiny):
    xlnet = AutoConfig.for_model("xlnet", **tiny.configs["xlnet"]).to_dict()
    with pytest.raises(Incompatible) as caught:
        count(xlnet, MethodSpec(name="lora", version=1, parameters={"targets": "query"}))
    assert "ffn_in, ffn_out" in str(caught.value.hint)


def test_sizes_are_known_without_torch():
    names = "adaptx.model.footprint, adaptx.methods.lora, adaptx.methods.bottleneck, adaptx.methods.full"
    code = f"import {names}, sys; print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
