"""A plugin's signature as its schema: what becomes a key, what a value may be, and the way there and back."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.errors import PluginError, UnknownName, UsageError
from adaptx.parameters import (
    Between,
    OneOf,
    Parameter,
    Subset,
    read_parameter,
    resolve,
    schema,
    to_text,
)


def function(
    text,
    *,
    rng,
    rate: Annotated[float, Between(0, 1)] = 0.5,
    tries: int = 3,
    twice: bool = False,
    mode: Annotated[str, OneOf(("near", "far"))] = "near",
    parts: Annotated[str, Subset(("a", "b", "c"))] = "a+b",
):
    """Return nothing: its signature is what counts."""


KNOWN = schema(function, {"text", "rng"})
BY_NAME = {parameter.name: parameter for parameter in KNOWN}


def value(name: str, given_: object) -> object:
    return resolve(KNOWN, {name: given_}, owner="the attack")[name]


def test_every_parameter_that_is_not_provided_is_a_key_in_order():
    assert [(p.name, p.kind, p.default) for p in KNOWN] == [
        ("rate", float, 0.5),
        ("tries", int, 3),
        ("twice", bool, False),
        ("mode", str, "near"),
        ("parts", str, "a+b"),
    ]
    assert resolve(KNOWN, {}, owner="the attack") == {p.name: p.default for p in KNOWN}


@pytest.mark.parametrize(
    ("name", "given_", "found"),
    [
        ("rate", "0.25", 0.25),
        ("rate", 1, 1.0),
        ("rate", 0, 0.0),
        ("tries", "7", 7),
        ("twice", "YES", True),
        ("twice", "0", False),
        ("twice", 1, True),
        ("twice", False, False),
        ("mode", "far", "far"),
        ("parts", "c", "c"),
        ("parts", "c+a+b", "a+b+c"),
        ("parts", ["c", "a"], "a+c"),
        ("tries", 2.0, 2),
        ("tries", None, 3),
    ],
)
def test_a_value_typed_or_as_text_is_one_value_of_the_right_type(name, given_, found):
    assert value(name, given_) == found
    assert type(value(name, given_)) is BY_NAME[name].kind


@pytest.mark.parametrize(
    ("name", "given_", "hint"),
    [
        ("rate", 1.01, "rate is a number from 0 to 1"),
        ("rate", -0.01, "rate is a number from 0 to 1"),
        ("rate", "nan", "rate is a number from 0 to 1"),
        ("rate", True, "rate is a number from 0 to 1"),
        ("tries", 2.5, "tries is a value of type int"),
        ("tries", "2.5", "tries is a value of type int"),
        ("tries", True, "tries is a value of type int"),
        ("twice", "maybe", "twice is a value of type bool"),
        ("mode", "middle", "mode is one of near, far"),
        ("parts", "a+a", "parts is one or more of a, b, c, joined by '+'"),
        ("parts", "a+d", "parts is one or more of a, b, c, joined by '+'"),
        ("parts", "", "parts is one or more of a, b, c, joined by '+'"),
    ],
)
def test_a_value_that_is_none_says_what_one_would_be(name, given_, hint):
    with pytest.raises(UsageError) as caught:
        value(name, given_)
    assert str(caught.value) == f"the attack: {name} cannot be {given_!r}"
    assert caught.value.hint == hint


def test_an_unknown_key_names_the_owner_and_the_nearest():
    with pytest.raises(UnknownName) as caught:
        resolve(KNOWN, {"trys": 3}, owner="the attack")
    assert str(caught.value) == "unknown parameter of the attack 'trys'"
    assert caught.value.hint == "did you mean tries?"


def positional(text, rate: float = 0.1):
    """Return nothing."""


def without_default(*, rate: float):
    """Return nothing."""


def of_another_type(*, rate: list = ()):
    """Return nothing."""


@pytest.mark.parametrize("wrong", [positional, without_default, of_another_type])
def test_what_cannot_become_a_key_is_refused_with_how_it_could(wrong):
    with pytest.raises(PluginError) as caught:
        schema(wrong, {"text"})
    assert str(caught.value) == f"{wrong.__name__}: parameter 'rate' cannot become a recipe key"
    assert caught.value.hint == "make it keyword-only, annotate it bool, int, float or str, and give it a default"


def with_a_type_for_checkers_alone(thing: NotImportedHere, *, rate: float = 0.1):  # noqa: F821 - so it is
    """Return nothing."""


def test_a_type_that_was_imported_for_checkers_alone_does_not_matter_where_it_is_not_read():
    assert [p.name for p in schema(with_a_type_for_checkers_alone, {"thing"})] == ["rate"]


LIMITS = st.one_of(
    st.none(),
    st.builds(Between, st.integers(-3, 0), st.integers(1, 3)),
    st.builds(OneOf, st.lists(st.text(max_size=3), max_size=3).map(tuple)),
    st.builds(Subset, st.lists(st.text(max_size=3), max_size=3).map(tuple)),
)
VALUES = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)


@given(st.text(max_size=5), st.sampled_from([bool, int, float, str]), VALUES, LIMITS)
def test_a_parameter_reads_back_from_its_json(name, kind, default, limit):
    parameter = Parameter(name=name, kind=kind, default=default, limit=limit)
    assert read_parameter(json.loads(json.dumps(to_text(parameter)))) == parameter


@given(st.floats(0, 1))
def test_a_number_in_text_and_in_a_file_hash_alike(number):
    assert repr(value("rate", repr(number))) == repr(value("rate", number))
