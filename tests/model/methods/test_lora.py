from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from peft import LoraConfig, PeftModel
from peft.tuners.lora import Linear

from adaptx.errors import Incompatible, StoreCorrupt, UsageError
from adaptx.families import FAMILIES, linear_paths
from adaptx.methods.lora import settings
from adaptx.model import backbone, stack
from adaptx.model.methods.lora import Lora, LoraLinear, LowRankSum, lora_modules
from adaptx.spec import MethodSpec


def run(encoder, tiny):
    batch = tiny.batch()
    with torch.no_grad():
        return encoder.eval()(input_ids=batch.input_ids, attention_mask=batch.attention_mask)[0]


def trained(tiny, folder, method, below=()):
    model = stack.trainable(
        tiny.ref("xlm-roberta"), below, method, tiny.task(folder.name), precision="fp32", seed=0, device="cpu"
    )
    tiny.train(model)
    return tiny.commit(model, folder)


def test_concatenated_stack_is_the_live_sum_of_peft_to_1e_10(tiny, tmp_path):
    uneven = MethodSpec(name="lora", version=1, parameters={"rank": 3, "alpha": 5.0, "targets": "query+ffn_out"})
    plain = MethodSpec(name="lora", version=1, parameters={"rank": 4})
    layers = [trained(tiny, tmp_path / "one", plain)]
    layers.append(trained(tiny, tmp_path / "two", uneven, layers))
    layers.append(trained(tiny, tmp_path / "three", plain, layers))

    ours = backbone.load(tiny.ref("xlm-roberta"), dtype=torch.float64).encoder
    Lora().attach_frozen(ours, layers)

    live = backbone.load(tiny.ref("xlm-roberta"), dtype=torch.float64).encoder
    peft = PeftModel.from_pretrained(live, str(layers[0].path), adapter_name="0")
    for index, layer in enumerate(layers[1:], start=1):
        peft.load_adapter(str(layer.path), adapter_name=str(index))
    peft.base_model.set_adapter(["0", "1", "2"])
    peft.double()

    difference = (run(ours, tiny) - run(peft, tiny)).abs().max()
    assert difference < 1e-10
    assert (
        run(ours, tiny) - run(backbone.load(tiny.ref("xlm-roberta"), dtype=torch.float64).encoder, tiny)
    ).abs().max() > 1e-2


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_peft_itself_opens_a_committed_layer(family, tiny, tmp_path):
    layer = tiny.layer("lora", tmp_path / "one", family=family)
    ours = tiny.evaluated([layer], family=family).encoder
    plain = backbone.load(tiny.ref(family), dtype=torch.float32).encoder
    theirs = PeftModel.from_pretrained(plain, str(layer.path))
    assert torch.allclose(run(ours, tiny), run(theirs, tiny), atol=1e-5)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_exactly_the_attention_and_feed_forward_linears_carry_a_lora(family, tiny):
    ref = tiny.ref(family)
    encoder = backbone.load(ref, dtype=torch.float32, pooler=True).encoder
    Lora().attach_trainable(encoder, tiny.methods["lora"])
    config = encoder.config.to_dict()
    wanted = linear_paths(config, settings(tiny.methods["lora"], config).targets)
    assert [path for path, _ in lora_modules(encoder, "top")] == sorted(
        wanted, key=[n for n, _ in encoder.named_modules()].index
    )
    assert not [path for path, _ in lora_modules(encoder, "top") if "pooler" in path]


def test_in_fp32_the_layer_is_pefts_own(tiny):
    torch.manual_seed(0)
    base, x = torch.nn.Linear(16, 24), torch.randn(2, 5, 16)
    layers = []
    for kind in (LoraLinear, Linear):
        layer = kind(base, "top", config=LoraConfig(r=4, lora_alpha=6), r=4, lora_alpha=6)
        torch.manual_seed(1)
        torch.nn.init.normal_(layer.lora_A["top"].weight)
        torch.nn.init.normal_(layer.lora_B["top"].weight)
        layers.append(layer)
    ours, theirs = (layer(x) for layer in layers)
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_bf16_trains_fp32_masters_with_fp32_gradients(tiny):
    model = tiny.fresh("lora", precision="bf16")
    before = {name: tensor.clone() for name, tensor in model.adapter_state().items()}
    tiny.train(model)
    batch = tiny.batch()
    model.form.loss(model(batch), batch).backward()
    assert {p.grad.dtype for p in model.parameters() if p.grad is not None} == {torch.float32}
    assert not any(torch.equal(before[name], tensor) for name, tensor in model.adapter_state().items())


def test_initial_values_do_not_depend_on_precision(tiny):
    exact, half = (tiny.fresh("lora", precision=p).adapter_state() for p in ("fp32", "bf16"))
    assert all(torch.equal(exact[name], half[name]) for name in exact)


def test_default_alpha_is_twice_the_rank(tiny, tmp_path):
    layer = tiny.layer("lora", tmp_path / "one")
    card = json.loads((layer.path / "adapter_config.json").read_text())
    assert (card["r"], card["lora_alpha"], card["lora_dropout"], card["task_type"]) == (4, 8, 0.0, None)
    assert card["modules_to_save"] is None


@pytest.mark.parametrize("key", ["use_dora", "use_rslora", "rank_pattern", "modules_to_save"])
def test_what_does_not_add_up_is_refused(key, tiny, tmp_path):
    layer = tiny.layer("lora", tmp_path / "one")
    path = layer.path / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: {"x": 1} if key == "rank_pattern" else True}))
    with pytest.raises(Incompatible, match=key):
        tiny.evaluated([layer])


def test_settings_that_contradict_the_spec_are_refused(tiny, tmp_path):
    layer = tiny.layer("lora", tmp_path / "one")
    path = layer.path / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "lora_alpha": 99}))
    with pytest.raises(StoreCorrupt, match="alpha 99"):
        tiny.evaluated([layer])


def test_a_misspelt_target_names_the_known_ones(tiny):
    wrong = MethodSpec(name="lora", version=1, parameters={"targets": "qurey"})
    with pytest.raises(UsageError, match="targets cannot be 'qurey'") as caught:
        stack.trainable(tiny.ref("bert"), [], wrong, tiny.task("a"), precision="fp32", seed=0, device="cpu")
    assert "query, key" in str(caught.value.hint)


BLOCKED = """
import sys
sys.modules["adapters"] = None
from types import SimpleNamespace
from adaptx.errors import Missing
from adaptx.model.forms.heads import TokenHead
from pathlib import Path
from adaptx.backbone import folder_ref
from adaptx.model import stack
from adaptx.spec import MethodSpec

stack.heavy_form = lambda _name: SimpleNamespace(head=lambda hidden, task, summary: TokenHead(hidden, 2))
ref = folder_ref(Path(sys.argv[1]))
task = SimpleNamespace(name="a", form="classification", labels=("a", "b"), range=None, fields={})
how = dict(precision="fp32", seed=0, device="cpu")
model = stack.trainable(ref, [], MethodSpec(name="lora", version=1), task, **how)
print(len(model.trainable_names()))
try:
    stack.trainable(ref, [], MethodSpec(name="bottleneck", version=1), task, **how)
except Missing as missing:
    print(missing.hint)
"""


@pytest.mark.slow
def test_lora_works_and_bottleneck_says_what_to_install_without_the_adapters_package(tiny):
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, tiny.ref("bert").path], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[0] == str(2 * 6 * 2 + 2)
    assert "pip install" in done.stdout.splitlines()[1]


@pytest.mark.parametrize("pairs", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_are_those_of_autograd(pairs, bias):
    torch.manual_seed(0)
    x, weight = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True), torch.randn(4, 5, dtype=torch.float64)
    shift = torch.randn(4, dtype=torch.float64) if bias else None
    shapes = [(2, 5), (4, 2)] * pairs
    matrices = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    scales = (0.5, 2.0)[:pairs]
    assert torch.autograd.gradcheck(lambda x, *m: LowRankSum.apply(x, weight, shift, scales, *m), (x, *matrices))
    plain = torch.nn.functional.linear(x, weight, shift)
    for scale, down, up in zip(scales, matrices[::2], matrices[1::2], strict=True):
        plain = plain + scale * (x @ down.T) @ up.T
    assert torch.allclose(LowRankSum.apply(x, weight, shift, scales, *matrices), plain, atol=1e-12)


def test_what_is_frozen_below_gets_no_gradient():
    x = torch.randn(3, 5)
    frozen, trained = [torch.randn(2, 5), torch.randn(4, 2)], [torch.randn(2, 5), torch.randn(4, 2)]
    for matrix in trained:
        matrix.requires_grad_()
    LowRankSum.apply(x, torch.randn(4, 5), None, (1.0, 1.0), *frozen, *trained).sum().backward()
    assert [matrix.grad is None for matrix in (*frozen, *trained)] == [True, True, False, False]
