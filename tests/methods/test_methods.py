"""The light half of methods: what a record means, and what every registered one must keep."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from adaptx import methods, registry
from adaptx.errors import Incompatible, PluginError, UnknownName, UsageError
from adaptx.families import FAMILIES
from adaptx.methods import Method, method_named, method_names, methods_to_compare
from adaptx.parameters import Between, Parameter
from adaptx.spec import Optimisation, digest, request

BERT = {
    "model_type": "bert",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "vocab_size": 40,
}
SIZED = Method(
    name="sized",
    version=1,
    title="for tests",
    heavy="nowhere:Nothing",
    count=lambda _config, values: 10 * values["width"],
    training={"lr": 1e-3, "batch": 8},
    parameters=(
        Parameter(name="width", kind=int, default=4, limit=Between(1, 100)),
        Parameter(name="scale", kind=float, default=None),
        Parameter(name="fast", kind=bool, default=False),
    ),
    size="width",
    grows=("scale",),
)


@pytest.fixture(params=method_names())
def method(request: pytest.FixtureRequest) -> Method:
    return method_named(request.param)


def test_a_record_says_all_that_a_plan_needs(method: Method) -> None:
    numbers = Optimisation(**method.numbers())
    assert numbers.lr > 0
    assert method.title
    assert method.count(BERT, method.values()) > 0
    assert set(method.stands_on) <= set(method_names())
    assert {method.size, *method.grows} - {None} <= {parameter.name for parameter in method.parameters}
    module, _, attribute = method.heavy.partition(":")
    assert module
    assert attribute


def test_what_is_at_its_default_is_no_part_of_the_id(method: Method) -> None:
    stated = method.spec({name: value for name, value in method.values().items() if value is not None})
    assert stated == method.spec()
    assert request(stated) == {"name": method.name, "version": method.version}


def test_a_number_has_one_id_however_it_is_written(method: Method) -> None:
    for parameter in method.parameters:
        if parameter.kind in (int, float):
            low = max(1, int(parameter.limit.low)) if isinstance(parameter.limit, Between) else 1
            if isinstance(parameter.limit, Between) and not parameter.limit.allows(low):
                continue
            specs = [method.spec({parameter.name: value}) for value in (low, float(low), str(low))]
            assert len({digest(request(spec)) for spec in specs}) == 1


def test_the_version_of_a_method_is_the_one_that_is_hashed(method: Method) -> None:
    later = dataclasses.replace(method, version=method.version + 1)
    assert digest(request(later.spec())) != digest(request(method.spec()))
    assert later.spec().version == method.version + 1


@pytest.mark.parametrize(
    ("page", "asked", "parameters"),
    [
        ({"width": 8, "scale": 32.0}, {"width": 2}, {"width": 2, "scale": 8.0}),
        ({"scale": 6.0}, {"width": 8}, {"width": 8, "scale": 12.0}),  # the page's width is the default's
        ({"width": 8}, {"width": 2}, {"width": 2}),
        ({"width": 8, "scale": 32.0}, {"width": 2, "scale": 5.0}, {"width": 2, "scale": 5.0}),
        ({"width": 8, "scale": 32.0}, {"fast": True}, {"width": 8, "scale": 32.0, "fast": True}),
    ],
)
def test_what_grows_with_the_size_keeps_its_ratio(
    page: dict[str, Any], asked: dict[str, Any], parameters: dict[str, Any]
) -> None:
    assert SIZED.spec(page, asked).parameters == parameters


def test_lora_has_one_spelling_for_what_means_the_same() -> None:
    lora = method_named("lora")
    assert lora.spec({"rank": 4, "alpha": 8.0}) == lora.spec({"rank": 4})
    assert lora.spec({"targets": ["value", "query"]}) == lora.spec({"targets": "query+value"})
    assert lora.spec({"targets": "query+key+value+attention_output+ffn_in+ffn_out"}) == lora.spec()
    assert lora.spec({"rank": 4, "alpha": 12.0}, {"rank": 8}).parameters["alpha"] == 24.0


def test_a_wrong_hyperparameter_names_the_method_and_what_would_work() -> None:
    with pytest.raises(UnknownName, match="parameter of method sized 'widht'") as unknown:
        SIZED.spec({"widht": 3})
    assert unknown.value.hint == "did you mean width?"
    with pytest.raises(UsageError, match="method sized: width cannot be 0"):
        SIZED.spec({}, {"width": 0})


def test_numbers_of_training_are_the_pages_then_the_methods_then_everybodys() -> None:
    assert SIZED.numbers() == {"lr": 1e-3, "batch": 8, "epochs": 3, "max_length": 256}
    assert SIZED.numbers({"lr": 1e-5, "epochs": 1})["lr"] == 1e-5


def test_a_bottleneck_counts_nothing_where_its_library_has_no_adapter() -> None:
    bottleneck = method_named("bottleneck")
    with pytest.raises(Incompatible, match="adapters library lacks it"):
        bottleneck.check({**BERT, "model_type": "camembert"}, bottleneck.values())
    assert "camembert" in FAMILIES


def test_an_unknown_method_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown method 'lara'") as caught:
        method_named("lara")
    assert "lora" in str(caught.value.hint)


def test_what_is_registered_must_be_a_record_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong, told in ((SIZED, "a method called 'sized'"), (SIZED.spec(), "a MethodSpec")):
        monkeypatch.setattr(registry, "load", lambda *_, wrong=wrong: wrong)
        with pytest.raises(PluginError, match=told):
            method_named("bitfit")


def test_a_comparison_that_names_no_methods_is_the_same_whatever_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    own = registry.entries(registry.METHODS)
    foreign = dataclasses.replace(own[0], name="aaa", distribution="adaptx-aaa")
    monkeypatch.setattr(methods.registry, "entries", lambda _group: [foreign, *own])
    assert methods_to_compare() == ("lora", "bottleneck", "full")
