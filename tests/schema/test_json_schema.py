"""Types become the JSON Schema of what `json.dumps` makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from jsonschema import Draft202012Validator

from adaptx.schema.json_schema import json_schema
from adaptx.spec import neutral


class Inner(TypedDict):
    """Two values."""

    name: str
    share: Annotated[float, ("minimum", 0), ("maximum", 1)]


class Outer(TypedDict):
    rows: list[Inner]
    by_tag: dict[str, Inner | None]
    state: Literal["ok", "fault"]
    note: NotRequired[str]
    anything: object


@dataclass(frozen=True)
class Asked:
    """A request."""

    pair: tuple[int, str]
    several: tuple[str, ...]
    limit: int | None = neutral(None)
    hidden: str = field(default="", repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    written: Annotated[Mapping[str, int], bool | None] = field(default_factory=dict)


ROW = {"name": "a", "share": 0.5}
WHOLE = {"rows": [ROW], "by_tag": {"de": ROW, "fr": None}, "state": "ok", "anything": [1, None]}
REQUEST = {"pair": [1, "x"], "several": ["a"], "options": {"b": []}, "written": None}


def is_valid(kind: Any, value: object) -> bool:
    schema = json_schema(kind, "a test")
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("value", [WHOLE, WHOLE | {"note": "x"}, WHOLE | {"rows": []}])
def test_a_value_of_the_type_is_valid(value: dict[str, Any]) -> None:
    assert is_valid(Outer, value)
    assert is_valid(list[Outer] | None, [value])
    assert is_valid(list[Outer] | None, None)


@pytest.mark.parametrize(
    "value",
    [
        {key: item for key, item in WHOLE.items() if key != "anything"},
        WHOLE | {"state": "else"},
        WHOLE | {"more": 1},
        WHOLE | {"note": None},
        WHOLE | {"rows": [ROW | {"share": 1.5}]},
        WHOLE | {"rows": [{"name": "a"}]},
        WHOLE | {"by_tag": {"de": "x"}},
        WHOLE | {"rows": ROW},
    ],
)
def test_a_value_that_is_not_of_the_type_is_refused(value: dict[str, Any]) -> None:
    assert not is_valid(Outer, value)


def test_a_field_may_be_left_out_at_its_neutral_value_and_one_without_repr_never_stands() -> None:
    assert is_valid(Asked, REQUEST)
    assert is_valid(Asked, REQUEST | {"limit": 3, "written": True})
    assert not is_valid(Asked, REQUEST | {"hidden": ""})
    assert not is_valid(Asked, REQUEST | {"written": {"a": 1}}), "the type beside says how it is written"
    assert not is_valid(Asked, REQUEST | {"pair": [1, "x", 2]})
    assert not is_valid(Asked, {key: item for key, item in REQUEST.items() if key != "options"})


def test_whole_numbers_are_numbers_and_true_is_none() -> None:
    assert is_valid(float, 1)
    assert not is_valid(int, 1.5)
    assert not is_valid(int, True)


def test_a_type_is_described_once_by_its_docstring() -> None:
    schema: Any = json_schema(Outer, "a test")
    assert sorted(schema["$defs"]) == ["Inner", "Outer"]
    assert schema["$defs"]["Inner"]["description"] == "Two values."
    assert schema["title"] == "a test"


@pytest.mark.parametrize("kind", [set[str], bytes, Draft202012Validator])
def test_what_json_cannot_hold_is_an_error(kind: Any) -> None:
    with pytest.raises(TypeError, match="no JSON of its own"):
        json_schema(kind, "a test")
