"""Rules for TOML values: what is wrong is said in words, with the nearest name, and all of it at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx import validation
from adaptx.errors import UsageError


def test_mistakes_are_told_together_and_no_mistake_is_no_error() -> None:
    validation.refuse("a.toml", [])
    with pytest.raises(UsageError, match=r"^a\.toml has 1 mistake:\n  x$"):
        validation.refuse("a.toml", ["x"])
    with pytest.raises(UsageError, match=r"^a\.toml has 2 mistakes:\n  x\n  y$"):
        validation.refuse("a.toml", ["x", "y"])


@pytest.mark.parametrize(
    ("rule", "value", "wrong"),
    [
        (validation.whole, True, "True is not a whole number above 0"),
        (validation.whole, 0, "0 is not a whole number above 0"),
        (validation.text, " ", "' ' is not a text"),
        (validation.flag, 1, "1 is neither true nor false"),
        (validation.share, 1, "1 is not a fraction in [0, 1)"),
        (validation.one_of("lora", "full"), "lorra", "unknown 'lorra': did you mean 'lora'?"),
        (validation.list_of(validation.whole), [], "[] is not a list of at least 1"),
        (validation.list_of(validation.whole), [1, 1], "[1, 1] names something twice"),
        (
            validation.list_of(validation.whole),
            [0, "a"],
            "0 is not a whole number above 0; 'a' is not a whole number above 0",
        ),
        (validation.table(validation.text, validation.whole), {"a": 0}, "a = 0 is not a whole number above 0"),
    ],
)
def test_what_is_wrong_is_said_in_words(rule: validation.Rule, value: object, wrong: str) -> None:
    assert rule(value) == wrong


def test_a_value_by_itself_or_a_table_of_them() -> None:
    rule = validation.either(validation.whole, validation.table(validation.text, validation.whole), dict)
    assert [rule(value) for value in (3, {"a": 3})] == [None, None]
    assert rule({"a": "b"}) is not None


PLAIN: dict[str, tuple[validation.Rule, list[Any], list[Any], str]] = {
    "text": (validation.text, ["x", " x "], ["", "  ", None, 3, ["x"]], "is not a text"),
    "whole": (validation.whole, [1, 10**30], [0, -1, 1.0, True, "1", None], "is not a whole number above 0"),
    "share": (
        validation.share,
        [0, 0.0, 0.999],
        [1, 1.0, -0.1, True, "0.5", float("nan")],
        "is not a fraction in [0, 1)",
    ),
    "flag": (validation.flag, [True, False], [0, 1, "true", None], "is neither true nor false"),
    "one of": (validation.one_of("near", "far"), ["near", "far"], ["middle", 3, None], "unknown "),
    "word": (
        validation.matching(validation.WORD, "a word"),
        ["a", "A-b_c.d", "0"],
        ["", "../a", "a/b", ".a", "-a", "a b", "a\n", None, 3],
        "is not a word",
    ),
    "hub id": (
        validation.matching(validation.HUB_ID, "a hub id"),
        ["owner/name", "a-b/c.d"],
        ["name", "a/b/c", "/a", "a/", "../a"],
        "is not a hub id",
    ),
    "commit": (
        validation.matching(validation.COMMIT, "a commit"),
        ["a" * 40, "0123456789" * 4],
        ["a" * 39, "a" * 41, "A" * 40, "g" * 40, "main"],
        "is not a commit",
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_rule_takes_what_it_says_and_tells_what_it_does_not(name: str) -> None:
    rule, right, wrong, words = PLAIN[name]
    assert [rule(value) for value in right] == [None] * len(right)
    for value in wrong:
        told = rule(value)
        assert told is not None, value
        assert words in told
        assert repr(value) in told


def test_a_list_holds_different_things_each_of_its_kind() -> None:
    rule = validation.list_of(validation.whole)
    assert rule([1, 2]) is None
    assert rule([]) == "[] is not a list of at least 1"
    assert rule(3) == "3 is not a list of at least 1"
    assert rule([1, 1]) == "[1, 1] names something twice"
    assert rule([0, 1, "x"]) == "0 is not a whole number above 0; 'x' is not a whole number above 0"
    assert validation.list_of(validation.whole, least=0)([]) is None
    assert validation.list_of(validation.whole, least=2)([1]) == "[1] is not a list of at least 2"


def test_a_table_has_names_and_values_each_of_its_kind() -> None:
    rule = validation.table(validation.one_of("near", "far"), validation.whole)
    assert rule({"near": 1, "far": 2}) is None
    assert rule({}) == "{} is not a table of at least one"
    assert rule([]) == "[] is not a table of at least one"
    assert rule({"neer": 0}) == "unknown 'neer': did you mean 'near'?; neer = 0 is not a whole number above 0"


def test_one_thing_or_many_by_what_it_is() -> None:
    rule = validation.either(validation.whole, validation.list_of(validation.text), list)
    assert rule(3) is None
    assert rule(["a"]) is None
    assert rule([3]) == "3 is not a text"
    assert rule("a") == "'a' is not a whole number above 0"


def test_a_record_has_the_key_it_needs_and_no_other_than_its_own() -> None:
    rule = validation.record({"languages": validation.text, "hub": validation.text}, "languages")
    assert rule({"languages": "de"}) is None
    assert rule({"languages": "de", "hub": "a/b"}) is None
    assert rule({"hub": "a/b"}) == "{'hub': 'a/b'} is not a table with 'languages'"
    assert rule("de") == "'de' is not a table with 'languages'"
    assert rule({"languages": "", "hbu": "x"}) == "unknown key 'hbu': did you mean 'hub'?; languages: '' is not a text"


def test_names_that_are_unknown_are_told_one_by_one() -> None:
    assert validation.unknown(["x", "near"], ["near", "far"]) == ["unknown key 'x' (known: far, near)"]
    assert validation.unknown([], ["near"]) == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
RULES = [
    *(rule for rule, *_ in PLAIN.values()),
    validation.list_of(validation.text),
    validation.table(validation.text, validation.whole),
    validation.either(validation.text, validation.list_of(validation.text), list),
    validation.record({"a": validation.text}, "a"),
]


@given(st.sampled_from(RULES), ANYTHING)
def test_no_value_of_any_type_crashes_a_rule(rule: validation.Rule, value: Any) -> None:
    told = rule(value)
    assert told is None or told.strip()
