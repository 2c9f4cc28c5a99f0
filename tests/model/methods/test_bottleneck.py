from __future__ import annotations

import json

import adapters
import pytest
import torch

from adaptx.methods.bottleneck import SUPPORTED
from adaptx.model import backbone


def run(encoder, tiny):
    batch = tiny.batch()
    with torch.no_grad():
        return encoder.eval()(input_ids=batch.input_ids, attention_mask=batch.attention_mask)[0]


@pytest.mark.parametrize("family", SUPPORTED)
def test_adapterhub_itself_opens_a_committed_layer(family, tiny, tmp_path):
    layer = tiny.layer("bottleneck", tmp_path / "one", family=family)
    ours = tiny.evaluated([layer], family=family).encoder
    theirs = backbone.load(tiny.ref(family), dtype=torch.float32).encoder
    adapters.init(theirs)
    (layer.path / "pytorch_adapter.bin").touch()  # the library looks for this name before it opens the safetensors
    name = theirs.load_adapter(str(layer.path), set_active=True, use_safetensors=True)
    assert name == "top"
    assert torch.equal(run(ours, tiny), run(theirs, tiny))


def test_layers_run_bottom_first(tiny, tmp_path):
    one = tiny.layer("bottleneck", tmp_path / "one")
    two = tiny.layer("bottleneck", tmp_path / "two", [one])
    upright, reversed_ = (tiny.evaluated(order).encoder for order in ([one, two], [two, one]))
    assert str(upright.active_adapters) == "Stack[below0, below1]"
    assert not torch.allclose(run(upright, tiny), run(reversed_, tiny), atol=1e-4)


def test_a_fresh_adapter_is_the_identity_and_can_still_learn(tiny):
    bare = backbone.load(tiny.ref("bert"), dtype=torch.float32).encoder
    model = tiny.fresh("bottleneck", family="bert")
    assert torch.equal(run(bare, tiny), run(model.encoder, tiny))
    down = {name: tensor for name, tensor in model.adapter_state().items() if "adapter_down.0.weight" in name}
    assert all(tensor.abs().sum() > 0 for tensor in down.values())


def test_the_file_says_what_adapterhub_needs(tiny, tmp_path):
    layer = tiny.layer("bottleneck", tmp_path / "one")
    settings = json.loads((layer.path / "adapter_config.json").read_text())
    assert settings["name"] == "top"
    assert settings["config"]["reduction_factor"] == 4.0
    assert settings["model_name"] == "tiny-xlm-roberta"


def test_bf16_gradients_and_masters_are_fp32(tiny):
    model = tiny.fresh("bottleneck", precision="bf16")
    tiny.train(model, steps=1)
    batch = tiny.batch()
    model.form.loss(model(batch), batch).backward()
    assert {p.grad.dtype for p in model.parameters() if p.grad is not None} == {torch.float32}
