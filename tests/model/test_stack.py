"""The contract of composition: what a stack starts from, what training may touch, what is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
import torch

from adaptx.errors import Incompatible, StoreCorrupt
from adaptx.families import FAMILIES
from adaptx.methods import method_named, method_names
from adaptx.model import backbone, forms, stack
from adaptx.model.methods import heavy_method
from adaptx.spec import MethodSpec
from adaptx.tasks.catalog import task_named

METHODS = method_names()  # of a stranger's package too, where one is installed
FROZEN = [name for name in METHODS if not method_named(name).trains_all]
ADDED = ("lora", "bottleneck")  # whose layers add up; of the others the topmost counts


def carries(method, family):
    """Say whether a method works on a family of encoders."""
    try:
        method_named(method).check({"model_type": family}, method_named(method).values())
    except Incompatible:
        return False
    return True


EVERY = [(method, family) for method in METHODS for family in sorted(FAMILIES) if carries(method, family)]


def states(model, tiny):
    """Return the encoder's output alone: heads of different stacks differ."""
    batch = tiny.batch()
    model.eval()
    with torch.no_grad(), model.autocast("cpu"):
        return model.encoder(input_ids=batch.input_ids, attention_mask=batch.attention_mask)[0]


@pytest.mark.parametrize(("method", "family"), EVERY)
def test_a_fresh_stack_starts_exactly_at_its_source(method, family, tiny, tmp_path):
    source = tiny.layer(method, tmp_path / "source", family=family)
    alone = states(tiny.evaluated([source], family=family), tiny)
    above = states(tiny.fresh(method, [source], family=family), tiny)
    bare = states(tiny.fresh(method, family=family), tiny)
    assert torch.equal(alone, above)
    assert not torch.allclose(alone, bare, atol=1e-3)


@pytest.mark.parametrize(("method", "family"), [pair for pair in EVERY if pair[0] in FROZEN])
def test_training_moves_only_top_and_head(method, family, tiny, tmp_path):
    source = tiny.layer(method, tmp_path / "source", family=family)
    before = {path.name: path.read_bytes() for path in source.path.iterdir()}
    model = tiny.fresh(method, [source], family=family)
    frozen_before = model.fingerprint()
    kept = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    tiny.train(model)
    moved = {name for name, tensor in model.named_parameters() if not torch.equal(tensor, kept[name])}
    assert moved == model.trainable_names()
    assert model.fingerprint() == frozen_before
    assert {path.name: path.read_bytes() for path in source.path.iterdir()} == before


@pytest.mark.parametrize(("method", "family"), EVERY)
def test_gradients_reach_exactly_the_trainable_set(method, family, tiny, tmp_path):
    source = tiny.layer(method, tmp_path / "source", family=family)
    model = tiny.fresh(method, [source], family=family)
    tiny.train(model, steps=1)  # moves B and up off zero, where the other matrix gets no gradient
    batch = tiny.batch()
    model.form.loss(model(batch), batch).backward()
    reached = {name for name, tensor in model.named_parameters() if tensor.grad is not None}
    unused = {"encoder.mask_emb", "encoder.layer.0.rel_attn.seg_embed", "encoder.layer.1.rel_attn.seg_embed"}
    biases = {f"encoder.layer.{index}.rel_attn.r_s_bias" for index in (0, 1)}
    assert reached | (unused | biases) & model.trainable_names() == model.trainable_names()


@pytest.mark.parametrize("method", METHODS)
def test_trainable_set_is_top_and_head_and_nothing_else(method, tiny, tmp_path):
    source = tiny.layer(method, tmp_path / "source")
    model = tiny.fresh(method, [source])
    top = {f"encoder.{name}" for name in model.method.top(model.encoder)}
    assert model.trainable_names() == top | {"head.out.weight", "head.out.bias"}
    assert tiny.evaluated([source]).trainable_names() == set()


@pytest.mark.parametrize("method", ADDED)
def test_lower_adapters_run_without_their_dropout(method, tiny, tmp_path):
    wet = replace(tiny.methods[method], parameters={**tiny.methods[method].parameters, "dropout": 0.5})
    ref, task = tiny.ref("xlm-roberta"), tiny.task("source")
    model = stack.trainable(ref, [], wet, task, precision="fp32", seed=0, device="cpu")
    tiny.train(model)
    source = tiny.commit(model, tmp_path / "source")
    above = stack.trainable(ref, [source], wet, task, precision="fp32", seed=0, device="cpu")
    active = [
        name
        for name, module in above.encoder.named_modules()
        if isinstance(module, torch.nn.Dropout) and module.p == 0.5
    ]
    assert active
    assert not [name for name in active if "below" in name]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_what_is_evaluated_is_what_was_trained(method, precision, tiny, tmp_path):
    source = tiny.layer(method, tmp_path / "source", precision=precision)
    model = tiny.fresh(method, [source], precision=precision)
    tiny.train(model)
    again = tiny.evaluated([source, tiny.commit(model, tmp_path / "a")], precision=precision)
    close = 1e-5 if precision == "fp32" else 0.05
    batch = tiny.batch()
    with torch.no_grad():
        assert torch.allclose(model.eval()(batch), again(batch), atol=close, rtol=close)


@pytest.mark.parametrize("method", METHODS)
def test_saved_and_loaded_tensors_are_bit_equal(method, tiny, tmp_path):
    model = tiny.fresh(method)
    tiny.train(model)
    trained = {name: tensor.clone() for name, tensor in (model.adapter_state() | model.head_state()).items()}
    layer = tiny.commit(model, tmp_path / "a")
    files = list(layer.path.glob("*.safetensors"))
    stored = {name: tensor for file in files for name, tensor in stack.read_tensors(file).items()}
    assert stored.keys() == trained.keys()
    assert all(torch.equal(stored[name], trained[name]) for name in trained)
    assert all(tensor.dtype == torch.float32 for tensor in stored.values())


@pytest.mark.parametrize("method", METHODS)
def test_artefact_is_no_larger_than_what_was_trained(method, tiny, tmp_path):
    source = tiny.layer(method, tmp_path / "source")
    layer = tiny.commit(tiny.fresh(method, [source]), tmp_path / "a")
    model = tiny.fresh(method, [source])
    trained = sum(p.numel() * 4 for name, p in model.named_parameters() if name in model.trainable_names())
    assert sum(path.stat().st_size for path in layer.path.iterdir()) <= 1.1 * trained + 16 * 1024


def test_the_embedding_matrix_has_one_name_under_bottlenecks(tiny):
    model = tiny.fresh("bottleneck")
    holders = [name for name in model.state_dict() if "embedding" in name and "word" in name]
    assert holders == ["encoder.embeddings.word_embeddings.weight"]
    assert not [name for name in model.state_dict() if "prompt_tuning" in name]


@pytest.mark.parametrize(("method", "family"), [pair for pair in EVERY if not method_named(pair[0]).in_fp32])
def test_bf16_keeps_frozen_weights_in_bf16_and_trained_ones_in_fp32(method, family, tiny, tmp_path):
    source = tiny.layer(method, tmp_path / "source", family=family, precision="bf16")
    model = tiny.fresh(method, [source], family=family, precision="bf16")
    tiny.train(model)
    dtypes = {(name in model.trainable_names(), p.dtype) for name, p in model.named_parameters()}
    assert dtypes == {(True, torch.float32), (False, torch.bfloat16)}
    output = model(tiny.batch())
    assert output.dtype == torch.float32
    assert output.isfinite().all()


def test_full_in_bf16_keeps_fp32_weights_and_computes_in_bf16(tiny):
    model = tiny.fresh("full", precision="bf16")
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    exact, rounded = tiny.fresh("full"), model
    assert not torch.equal(states(exact, tiny), states(rounded, tiny))


@pytest.mark.parametrize("method", METHODS)
def test_seed_and_task_alone_decide_the_fresh_parts(method, tiny):
    torch.manual_seed(1)
    one = tiny.fresh(method, seed=7)
    torch.manual_seed(2)
    mark = torch.get_rng_state()
    two = tiny.fresh(method, seed=7)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert not torch.equal(one.head_state()["out.weight"], tiny.fresh(method, seed=8).head_state()["out.weight"])
    other = tiny.fresh(method, seed=7, task="b").head_state()["out.weight"]
    assert not torch.equal(one.head_state()["out.weight"], other)
    assert torch.equal(mark, torch.get_rng_state())


def test_restore_brings_back_an_earlier_state(tiny):
    model = tiny.fresh("lora")
    adapter = {name: tensor.clone() for name, tensor in model.adapter_state().items()}
    head = {name: tensor.clone() for name, tensor in model.head_state().items()}
    before = model(tiny.batch()).detach()
    tiny.train(model)
    model.restore(adapter, head)
    model.train()
    assert all(torch.equal(tensor, adapter[name]) for name, tensor in model.adapter_state().items())
    assert torch.equal(model.eval()(tiny.batch()), model.eval()(tiny.batch()))
    assert before.shape == model(tiny.batch()).shape


def test_fingerprint_sees_one_changed_frozen_number_and_no_trained_one(tiny):
    model = tiny.fresh("lora", precision="bf16")
    before = model.fingerprint()
    with torch.no_grad():
        model.head.out.bias.add_(1.0)
    assert model.fingerprint() == before
    with torch.no_grad():
        model.encoder.embeddings.word_embeddings.weight[0, 0] += 1.0
    assert model.fingerprint() != before


@pytest.mark.parametrize(("lower", "upper"), [("lora", "bottleneck"), ("bottleneck", "lora"), ("lora", "full")])
def test_mixed_methods_are_refused(lower, upper, tiny, tmp_path):
    source = tiny.layer(lower, tmp_path / "source")
    with pytest.raises(Incompatible, match=f"is '{lower}', the stack is '{upper}'"):
        tiny.fresh(upper, [source])


@pytest.mark.parametrize("method", METHODS)
def test_an_adapter_of_another_backbone_is_refused(method, tiny, tmp_path):
    source = tiny.layer(method, tmp_path / "source", family="bert")
    with pytest.raises(Incompatible, match=f"was trained on backbone {tiny.ref('bert').revision}"):
        tiny.fresh(method, [source], family="roberta")
    with pytest.raises(Incompatible, match=f"was trained on backbone {tiny.ref('bert').revision}"):
        tiny.evaluated([source], family="roberta")


def test_bottleneck_on_a_backbone_without_support_names_what_works(tiny):
    with pytest.raises(Incompatible) as caught:
        tiny.fresh("bottleneck", family="xlnet")
    assert "lora or full" in str(caught.value.hint)
    assert "xlm-roberta" in str(caught.value.hint)


def labels_after_swap(tiny, tmp_path, asked):
    layer = tiny.layer("lora", tmp_path / "source")
    ref = tiny.ref("xlm-roberta")
    plain = stack.stack_for_evaluation(ref, [layer], tiny.task("source"), precision="fp32", device="cpu")
    mapped = stack.stack_for_evaluation(ref, [layer], tiny.task("other", labels=asked), precision="fp32", device="cpu")
    with torch.no_grad():
        return plain(tiny.batch()), mapped(tiny.batch())


def test_labels_are_mapped_by_name_and_not_by_index(tiny, tmp_path):
    plain, mapped = labels_after_swap(tiny, tmp_path, ("maybe", "yes", "no"))
    assert torch.equal(mapped, plain[:, [2, 0, 1]])


def test_labels_that_do_not_match_are_refused_naming_both_lists(tiny, tmp_path):
    with pytest.raises(Incompatible) as caught:
        labels_after_swap(tiny, tmp_path, ("yes", "no", "perhaps"))
    assert "['yes', 'no', 'maybe']" in str(caught.value)
    assert "['yes', 'no', 'perhaps']" in str(caught.value)


def test_a_head_of_another_form_is_refused(tiny, tmp_path):
    layer = tiny.layer("lora", tmp_path / "source")
    with pytest.raises(Incompatible, match=r"classification .* fits task 'qa' \(span"):
        stack.stack_for_evaluation(
            tiny.ref("xlm-roberta"), [layer], tiny.task("qa", form="span"), precision="fp32", device="cpu"
        )


@pytest.mark.parametrize(("method", "file"), [(method, heavy_method(method).weights) for method in METHODS])
class TestBrokenFiles:
    def test_a_folder_with_only_a_pickle_is_refused(self, method, file, tiny, tmp_path):
        layer = tiny.layer(method, tmp_path / "source")
        tensors = stack.read_tensors(layer.path / file)
        (layer.path / file).unlink()
        for name in ("adapter_model.bin", "pytorch_adapter.bin", "pytorch_model.bin"):
            torch.save(tensors, layer.path / name)
        with pytest.raises(StoreCorrupt, match=re.escape(str(layer.path / file))) as caught:
            tiny.evaluated([layer])
        assert "safetensors only" in str(caught.value.hint)

    def test_a_missing_an_extra_and_a_wrongly_shaped_tensor_are_refused(self, method, file, tiny, tmp_path):
        layer = tiny.layer(method, tmp_path / "source")
        tensors = stack.read_tensors(layer.path / file)
        first = next(iter(tensors))
        for broken in (
            {name: tensor for name, tensor in tensors.items() if name != first},
            {**tensors, "stranger": torch.zeros(1)},
            {**tensors, first: torch.zeros(2, 3)},
        ):
            stack.write_tensors(broken, layer.path / file)
            with pytest.raises(StoreCorrupt):
                tiny.evaluated([layer])

    @pytest.mark.parametrize("values", [float("nan"), float("inf"), "int8", "float8"])
    def test_values_that_are_not_finite_or_no_floating_point_are_refused(self, method, file, values, tiny, tmp_path):
        layer = tiny.layer(method, tmp_path / "source")
        for name in (file, "head.safetensors"):
            kept = (layer.path / name).read_bytes()
            tensors = stack.read_tensors(layer.path / name)
            first = next(iter(tensors))
            kinds = {"int8": torch.int8, "float8": torch.float8_e4m3fn}
            odd = tensors[first].to(kinds[values]) if values in kinds else torch.full_like(tensors[first], values)
            stack.write_tensors({**tensors, first: odd}, layer.path / name)
            with pytest.raises(StoreCorrupt, match=r"not finite|quantised or integer") as caught:
                tiny.evaluated([layer])
            assert name in str(caught.value)
            assert first in str(caught.value)
            (layer.path / name).write_bytes(kept)


def test_a_head_with_other_shapes_is_refused(tiny, tmp_path):
    layer = tiny.layer("lora", tmp_path / "source")
    stack.write_tensors({"out.weight": torch.zeros(2, 32), "out.bias": torch.zeros(2)}, layer.path / "head.safetensors")
    with pytest.raises(StoreCorrupt, match="out"):
        tiny.evaluated([layer])


def test_unknown_precision_names_the_known_ones(tiny):
    with pytest.raises(Incompatible) as caught:
        tiny.fresh("lora", precision="fp8")
    assert caught.value.hint == "known: bf16, fp32"


def test_three_layers_high_every_layer_counts(tiny, tmp_path):
    for method in ADDED:
        layers = []
        for name in ("one", "two", "three"):
            layers.append(tiny.layer(method, tmp_path / method / name, layers))
        whole = states(tiny.evaluated(layers), tiny)
        for gone in range(3):
            rest = [layer for index, layer in enumerate(layers) if index != gone]
            assert not torch.allclose(whole, states(tiny.evaluated(rest), tiny), atol=1e-4)


def test_head_card_holds_labels_by_name(tiny, tmp_path):
    layer = tiny.layer("lora", tmp_path / "source")
    card = json.loads((layer.path / "head.json").read_text())
    assert card == {"form": "classification", "task": "source", "labels": ["yes", "no", "maybe"], "fields": ["text"]}


def test_methods_refuse_an_unknown_name(tiny):
    with pytest.raises(Exception, match="unknown method 'loar'"):
        stack.trainable(
            tiny.ref("bert"),
            [],
            MethodSpec(name="loar", version=1),
            tiny.task("a"),
            precision="fp32",
            seed=0,
            device="cpu",
        )


def test_the_backbone_is_loaded_once_per_stack(tiny, tmp_path, monkeypatch):
    layers = [tiny.layer("full", tmp_path / "one")]
    layers.append(tiny.layer("full", tmp_path / "two", layers))
    loads = []
    real = backbone.load
    monkeypatch.setattr(backbone, "load", lambda *a, **k: loads.append(1) or real(*a, **k))
    read = []
    monkeypatch.setattr(
        "adaptx.model.methods.full.read_tensors", lambda path: read.append(path) or stack.read_tensors(path)
    )
    tiny.evaluated(layers)
    assert loads == [1]
    assert read == [layers[-1].path / "model.safetensors"]


@pytest.mark.parametrize(("learnt", "asked", "shape"), [("mnli", "xnli", (3, 3)), ("squad", "xquad", (3, 9, 2))])
def test_real_heads_carry_over_to_the_tasks_they_serve(learnt, asked, shape, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(stack, "heavy_form", forms.heavy_form)
    ref, how = tiny.ref("xlm-roberta"), {"precision": "bf16", "device": "cpu"}
    model = stack.trainable(ref, [], tiny.methods["lora"], task_named(learnt), seed=0, **how)
    layer = tiny.commit(model, tmp_path / learnt)
    evaluated = stack.stack_for_evaluation(ref, [layer], task_named(asked), **how)
    output = evaluated(tiny.batch())
    assert output.shape == shape
    assert output.dtype == torch.float32
    assert torch.equal(output, model.eval()(tiny.batch()))


def test_a_backbone_that_pads_on_the_left_is_read_at_its_last_token(tiny, monkeypatch):
    monkeypatch.setattr(stack, "heavy_form", forms.heavy_form)
    loaded = backbone.load(tiny.ref("bert"), dtype=torch.float32)
    task = task_named("mnli")
    assert stack.fresh_head(loaded, task).summary == 0
    loaded.tokenizer.padding_side = "left"
    assert stack.fresh_head(loaded, task).summary == -1


def test_of_a_mixture_the_counterparts_head_answers_whatever_languages_it_was_trained_in(tmp_path):
    layer = stack.TrainedLayer(id="0" * 64, path=tmp_path, method=MethodSpec(name="lora", version=1), task="snli")
    labels = task_named("xnli").labels
    cards = [{"form": "classification", "task": name, "labels": labels} for name in ("snli", "mnli@de")]
    assert stack.head_for(cards, task_named("xnli"), layer) == 1
    assert stack.head_for(cards, task_named("snli"), layer) == 0
    assert stack.head_for(cards, task_named("anli"), layer) == 0, "no counterpart: the first that fits"
