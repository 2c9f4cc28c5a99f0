from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
import typing
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adaptx.spec
from adaptx.errors import UsageError
from adaptx.spec import (
    AttackSpec,
    EvalSpec,
    MethodSpec,
    Optimisation,
    PartSpec,
    RowsSpec,
    Sampling,
    Spec,
    TrainSpec,
    canonical,
    coerce,
    content_id,
    digest,
    neutral,
    request,
)

ROWS = RowsSpec(
    source="hub",
    revision="commit:" + "1" * 40,
    task="pawsx",
    task_version=1,
    form="classification",
    form_version=1,
    language="de",
    split="test",
)
TRAIN = TrainSpec(
    backbone="commit:" + "2" * 40,
    method=MethodSpec(name="lora", version=1, parameters={"rank": 16, "targets": "query+value"}),
    rows=ROWS,
    dev=None,
    optimisation=Optimisation(lr=1e-4, epochs=3.0, batch=32, max_length=128),
    below=None,
    seed=0,
    precision="bf16",
)
EVAL = EvalSpec(stack="3" * 64, rows=ROWS, metric="accuracy", metric_version=1, max_length=128, precision="bf16")
ATTACK = AttackSpec(
    cell="4" * 64,
    attack="charswap",
    attack_version=1,
    parameters={"unit": "cluster"},
    search="random",
    search_version=1,
    budget=64,
)

# A change of one of these throws away every result that anybody has stored.
GOLDEN = {
    "train": (TRAIN, "1c306296c6646c222f88a28fa966bfb7da46aa33ec38173ed2341084866d3101"),
    "eval": (EVAL, "d60959a863e17f63d40719433d24def0f37926998a0c9aadf8870db8b4c40edf"),
    "attack": (ATTACK, "8bbd41f61b6078b7fc1c300bcda48775c0cafbeadd12674f1e7b2f4feae08005"),
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", GOLDEN)
def test_ids_stay_what_they_were_when_results_were_stored(kind: str) -> None:
    spec, frozen = GOLDEN[kind]
    assert content_id(spec) == frozen


@given(st.dictionaries(st.text(), JSON, max_size=6))
def test_the_order_of_keys_does_not_change_an_id(value: dict[str, Any]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical(value) == canonical(backwards)


@given(JSON)
def test_canonical_json_reads_back_as_the_same_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


def test_canonical_json_is_spelt_in_one_way() -> None:
    assert canonical({"b": [1, 0.1], "a": "é"}) == '{"a":"é","b":[1,0.1]}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"deep": [float("nan")]}])
def test_a_number_that_json_cannot_spell_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest(value)


def test_an_option_at_its_neutral_value_is_not_part_of_the_request() -> None:
    assert "limit" not in request(ROWS)
    assert request(dataclasses.replace(ROWS, limit=7))["limit"] == 7
    assert "attack_seed" not in request(ATTACK)
    stated = {"rank": 16, "targets": "query+value"}
    assert request(TRAIN)["method"] == {"name": "lora", "version": 1, "parameters": stated}
    assert "parameters" not in request(MethodSpec(name="full", version=1))


def test_adding_an_option_at_its_neutral_value_keeps_every_old_id() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Later:
        name: str
        version: int
        parameters: dict[str, Any]
        sparsity: float = neutral(0.0)

    later = Later(name="lora", version=1, parameters=dict(TRAIN.method.parameters))
    assert digest(request(later)) == digest(request(TRAIN.method))
    assert digest(request(dataclasses.replace(later, sparsity=0.5))) != digest(request(TRAIN.method))


OTHERS = PartSpec(rows=ROWS, dev=None, max_length=64)


def _variants(spec: Spec) -> dict[str, Any]:
    """Return one other value for every field."""
    other: dict[type, Any] = {str: "other", int: 99, float: 9.5, type(None): "5" * 64, dict: {"unit": "word"}}
    other[tuple] = (OTHERS,)
    special = {"dev": ROWS, "sampling": Sampling(kind="uniform"), "layer": 3}
    values = {f.name: getattr(spec, f.name) for f in dataclasses.fields(spec)}
    values = {name: value for name, value in values.items() if not dataclasses.is_dataclass(value)}
    return {name: special.get(name, other[type(value)]) for name, value in values.items()}


@pytest.mark.parametrize(("spec", "field"), [(spec, f) for spec, _ in GOLDEN.values() for f in _variants(spec)])
def test_every_field_of_a_request_changes_its_id(spec: Spec, field: str) -> None:
    changed = dataclasses.replace(spec, **{field: _variants(spec)[field]})
    assert content_id(changed) != content_id(spec)


def test_parts_of_a_request_change_its_id() -> None:
    rows = dataclasses.replace(TRAIN, rows=dataclasses.replace(ROWS, language="fr"))
    slower = dataclasses.replace(TRAIN, optimisation=dataclasses.replace(TRAIN.optimisation, warmup=0.0))
    assert len({content_id(spec) for spec in (TRAIN, rows, slower, dataclasses.replace(TRAIN, dev=ROWS))}) == 4


def test_a_tuple_and_a_list_are_one_request() -> None:
    assert request({"x": (1, (2, 3))}) == request({"x": [1, [2, 3]]})


FULL = {
    RowsSpec: dataclasses.replace(ROWS, limit=7),
    MethodSpec: TRAIN.method,
    Optimisation: TRAIN.optimisation,
    PartSpec: PartSpec(rows=ROWS, dev=ROWS, max_length=64, share=0.25),
    Sampling: Sampling(kind="temperature", cap=5, temperature=2.0),
    TrainSpec: TRAIN,
    EvalSpec: dataclasses.replace(EVAL, layer=3),
    AttackSpec: ATTACK,
}


def numeric_fields() -> list[tuple[type, str]]:
    """Return every field of every spec that may be a number."""
    found = [
        (kind, f.name)
        for kind in FULL
        for f in dataclasses.fields(kind)
        if {int, float} & {typing.get_type_hints(kind)[f.name], *typing.get_args(typing.get_type_hints(kind)[f.name])}
    ]
    assert len(found) > 30
    return found


def test_every_spec_is_walked() -> None:
    assert set(FULL) == {kind for kind in vars(adaptx.spec).values() if isinstance(kind, type) and is_spec(kind)}


def is_spec(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) and kind.__module__ == "adaptx.spec"


@pytest.mark.parametrize(("kind", "name"), numeric_fields())
@given(number=st.integers(min_value=0, max_value=2**50))
def test_a_request_has_one_id_however_its_numbers_are_written(kind: Any, name: str, number: int) -> None:
    whole, real = (dataclasses.replace(FULL[kind], **{name: value}) for value in (number, float(number)))
    assert digest(request(whole)) == digest(request(real))
    assert type(getattr(whole, name)) is type(getattr(real, name))
    assert getattr(whole, name) == number


@pytest.mark.parametrize(("kind", "name"), numeric_fields())
@pytest.mark.parametrize("value", [True, "5", float("nan"), float("inf"), [5]])
def test_what_is_no_number_is_refused_by_the_name_of_its_field(kind: Any, name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"{kind.__name__}\.{name} cannot be"):
        dataclasses.replace(FULL[kind], **{name: value})


def test_half_a_row_is_no_batch_and_a_number_no_name() -> None:
    for changes in ({"batch": 2.5}, {"order": 3}, {"select": None}):
        with pytest.raises(UsageError, match="cannot be"):
            dataclasses.replace(TRAIN.optimisation, **changes)


def test_a_zero_has_no_sign() -> None:
    plus, minus = (dataclasses.replace(TRAIN.optimisation, warmup=zero) for zero in (0.0, -0.0))
    assert digest(request(plus)) == digest(request(minus))


def test_a_list_becomes_the_tuple_that_it_means() -> None:
    assert dataclasses.replace(TRAIN, others=[OTHERS]).others == (OTHERS,)
    with pytest.raises(UsageError, match=r"TrainSpec\.others cannot be"):
        dataclasses.replace(TRAIN, others=["mnli"])


PART = PartSpec(rows=ROWS, dev=None, max_length=64)
WHOLE = (ROWS, TRAIN.method, TRAIN.optimisation, PART, Sampling(), TRAIN, EVAL, ATTACK)
NEUTRAL = [(spec, field) for spec in WHOLE for field in dataclasses.fields(spec) if "neutral" in field.metadata]


def _twin(value: Any) -> Any:
    """Return an equal value that is another object wherever Python makes one: as a page or an option brings it."""
    if isinstance(value, str):
        return "".join(list(value))
    return type(value)(repr(value)) if isinstance(value, int | float) else value


@pytest.mark.parametrize(("spec", "field"), NEUTRAL, ids=[f"{type(s).__name__}.{f.name}" for s, f in NEUTRAL])
def test_a_value_that_equals_the_neutral_one_is_left_out_whichever_object_it_is(spec: Any, field: Any) -> None:
    value = field.metadata["neutral"]
    assert value == (field.default if field.default_factory is dataclasses.MISSING else field.default_factory())
    assert field.name not in request(dataclasses.replace(spec, **{field.name: _twin(value)}))


def test_some_of_those_twins_are_other_objects() -> None:
    """Else the test above would not tell equality from identity."""
    neutral_floats = [f.metadata["neutral"] for _, f in NEUTRAL if isinstance(f.metadata["neutral"], float)]
    assert neutral_floats
    assert all(_twin(value) == value and _twin(value) is not value for value in neutral_floats)


def test_a_mapping_with_keys_that_are_no_text_is_written_with_text() -> None:
    assert request({1: {2: (3,)}}) == {"1": {"2": [3]}}


def test_a_class_is_a_value_and_not_a_request() -> None:
    assert request(RowsSpec) is RowsSpec


def test_canonical_json_is_utf_8_and_not_escaped() -> None:
    assert canonical("日本") == '"日本"'.encode()
    assert len(digest("日本")) == 64
    assert digest({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()


REFUSED: dict[Any, tuple[list[Any], str]] = {
    int: ([1.5, "1", True, None, float("inf"), [1]], "a whole number"),
    float: (["1.0", False, None, float("nan"), float("-inf"), 10**400], "a finite number"),
    str: ([1, None, True, ["a"], b"a"], "a text"),
    bool: ([0, 1.0, "true", None], "true or false"),
    Mapping[str, int]: ([1, None, True, [("a", 1)]], "Mapping"),
}


@pytest.mark.parametrize("kind", REFUSED, ids=str)
def test_a_value_that_its_annotation_cannot_mean_is_told_with_what_it_can(kind: Any) -> None:
    wrong, words = REFUSED[kind]
    for value in wrong:
        with pytest.raises(UsageError) as caught:
            coerce(value, kind, "--option")
        assert str(caught.value) == f"--option cannot be {value!r}"
        assert caught.value.hint == f"--option is {words}"


TAKEN = [
    (1.0, int, 1),
    (10**20, int, 10**20),
    (1, float, 1.0),
    (-0.0, float, 0.0),
    (sys.float_info.max, float, sys.float_info.max),
    (-sys.float_info.max, float, -sys.float_info.max),
    ("x", str, "x"),
    (True, bool, True),
    (None, int | None, None),
    (2.0, int | None, 2),
    ([1.0, 2], tuple[int, ...], (1, 2)),
    ((), tuple[str, ...], ()),
    ({"a": 1}, Mapping[str, int], {"a": 1}),
    (object, Any, object),
]


@pytest.mark.parametrize(("value", "kind", "found"), TAKEN, ids=[f"{v!r:.20} as {k}" for v, k, _ in TAKEN])
def test_a_value_is_spelt_in_the_one_way_of_its_annotation(value: Any, kind: Any, found: Any) -> None:
    made = coerce(value, kind, "--option")
    assert repr(made) == repr(found)
    assert type(made) is type(found)


def test_an_item_of_a_list_is_told_as_the_option_itself() -> None:
    with pytest.raises(UsageError, match=r"--option cannot be 1\.5"):
        coerce([1, 1.5], tuple[int, ...], "--option")
    with pytest.raises(UsageError, match="--option cannot be 'ab'"):
        coerce("ab", tuple[str, ...], "--option")


def test_a_field_is_told_by_its_class_and_name() -> None:
    with pytest.raises(UsageError, match=r"Optimisation\.batch cannot be 1\.5") as caught:
        dataclasses.replace(TRAIN.optimisation, batch=1.5)
    assert caught.value.hint == "Optimisation.batch is a whole number"
