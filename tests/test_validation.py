"""Rules for TOML values: what is wrong is said in words, with the nearest name, and all of it at once."""

from __future__ import annotations

import pytest

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
