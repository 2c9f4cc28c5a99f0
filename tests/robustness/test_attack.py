from __future__ import annotations

from typing import Annotated

import pytest

from adaptx.errors import PluginError, UnknownName, UsageError
from adaptx.robustness.attack import Between, OneOf, attack, parse_attack, resolve_request
from adaptx.robustness.attacks.charswap import charswap


def proposals(text, *, rng, lang, strength: Annotated[float, Between(0, 1)] = 0.5, twice: bool = False, n: int = 3):
    yield from ()


def searching(example, *, rng, budget, fields, mode: Annotated[str, OneOf(("near", "far"))] = "near"):
    yield []


def listing(text, *, rng, lang):
    return [text, rng, lang]


ONE = attack("one", version=2)(proposals)
TWO = attack("two", needs="scores", version=3)(searching)


def test_the_signature_is_the_schema():
    assert ONE.resolve({}) == {"strength": 0.5, "twice": False, "n": 3}
    assert ONE.resolve({"strength": "0.25", "twice": "yes", "n": "4"}) == {"strength": 0.25, "twice": True, "n": 4}
    assert TWO.resolve({"mode": "far"}) == {"mode": "far"}
    assert TWO.takes == {"example", "rng", "budget", "fields"}


def test_values_typed_in_text_and_in_a_recipe_are_the_same():
    assert ONE.resolve({"strength": "1"}) == ONE.resolve({"strength": 1}) == ONE.resolve({"strength": 1.0})
    assert type(ONE.resolve({"strength": 1})["strength"]) is float
    assert [type(ONE.resolve({"n": n})["n"]) for n in (4, 4.0, "4")] == [int] * 3


def test_an_unknown_key_names_the_nearest():
    with pytest.raises(UnknownName) as caught:
        ONE.resolve({"strenght": 1})
    assert "strength" in caught.value.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("strength", "much"),
        ("strength", 2),
        ("strength", "nan"),
        ("n", "1.5"),
        ("n", 1.5),
        ("n", True),
        ("twice", "perhaps"),
    ],
)
def test_a_wrong_value_is_a_usage_error_that_says_what_would_work(key, value):
    with pytest.raises(UsageError) as caught:
        ONE.resolve({key: value})
    assert key in caught.value.hint


def test_a_choice_and_a_list_of_operations_are_checked():
    with pytest.raises(UsageError, match="mode"):
        TWO.resolve({"mode": "there"})
    for wrong in ("swap+", "", "swap+swap", "swop"):
        with pytest.raises(UsageError, match="operations"):
            charswap.resolve({"operations": wrong})


@pytest.mark.parametrize(
    ("keywords", "function", "message"),
    [
        ({"needs": "gradients"}, searching, "not offered yet"),
        ({"needs": "everything"}, searching, "needs cannot be"),
        ({"unit": "word"}, proposals, "unit cannot be"),
        ({"needs": "labels"}, proposals, "takes"),
        ({}, searching, "takes"),
        ({}, listing, "no generator"),
    ],
)
def test_what_cannot_be_a_door_is_refused_at_registration(keywords, function, message):
    with pytest.raises(PluginError, match=message):
        attack("some", version=1, **keywords)(function)


def test_parameters_must_be_recipe_keys():
    def without_default(text, *, rng, lang, much: float):
        yield from ()

    def of_another_type(text, *, rng, lang, much: list = []):  # noqa: B006
        yield from ()

    def of_the_search(text, *, rng, lang, rate: float = 0.1):
        yield from ()

    for function in (without_default, of_another_type, of_the_search):
        with pytest.raises(PluginError, match=r"much|rate"):
            attack("some", version=1)(function)


def test_names_are_plain():
    for name in ("", "a b", "../x", "a:b"):
        with pytest.raises(PluginError):
            attack(name, version=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("charswap", ("charswap", {})), ("charswap:rate=0.2,tries=4", ("charswap", {"rate": "0.2", "tries": "4"}))],
)
def test_attacks_are_read_from_the_command_line(text, expected):
    assert parse_attack(text) == expected


@pytest.mark.parametrize("text", ["", ":rate=1", "charswap:rate", "charswap:=1", "charswap:rate=1,rate=2"])
def test_what_cannot_be_read_is_a_usage_error(text):
    with pytest.raises(UsageError):
        parse_attack(text)


def test_a_request_holds_every_parameter_of_attack_and_search():
    request = resolve_request(charswap, {"rate": "0.2"}, search="random")
    assert request.parameters == {"operations": "swap", "rate": 0.2, "tries": 8}
    assert (request.search, request.search_version, request.needs) == ("random", 1, "labels")
    greedy = resolve_request(charswap, {}, search="greedy")
    assert greedy.parameters == {"operations": "swap", "rate": 0.1, "width": 4}
    assert greedy.needs == "scores"


def test_a_door_two_attack_brings_its_own_search():
    request = resolve_request(TWO, {}, search="greedy")
    assert (request.search, request.search_version, request.parameters) == ("own", 3, {"mode": "near"})


def test_a_budget_that_asks_nothing_and_an_unknown_search_are_refused():
    with pytest.raises(UsageError):
        resolve_request(charswap, {}, budget=0)
    with pytest.raises(UnknownName, match="search"):
        resolve_request(charswap, {}, search="gredy")
    with pytest.raises(UnknownName):
        resolve_request(charswap, {"tries": 3}, search="greedy")
