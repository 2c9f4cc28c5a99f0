"""Raw values of rows: what is taken, and what is refused in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.data.raw_values import id_of, limits_of, list_of, result_of, spans_in, table_of, whole_numbers
from adaptx.errors import RowFault

TEXT = "ein kurzer Satz"


def reason(call) -> str:
    with pytest.raises(RowFault) as caught:
        call()
    assert caught.value.field == "column"
    return caught.value.reason


def test_what_is_made_of_a_row_or_why_not() -> None:
    assert result_of(lambda row: row["a"], {"a": 3}) == 3
    fault = RowFault("a", "missing")
    assert result_of(lambda _row: 3, fault) is fault

    def refuse(_row: object) -> None:
        raise fault

    assert result_of(refuse, {"a": 3}) is fault
    with pytest.raises(KeyError):
        result_of(lambda row: row["b"], {"a": 3})


def test_an_id_is_text_whatever_it_was() -> None:
    assert id_of({"column": 7}, "column") == "7"
    assert id_of({"column": "q7"}, "column") == "q7"
    for wrong in ({}, {"column": None}, {"column": ""}):
        reason(lambda wrong=wrong: id_of(wrong, "column"))


@pytest.mark.parametrize(("read", "right", "kind"), [(list_of, [1], "list"), (table_of, {"a": 1}, "table")])
def test_a_list_is_a_list_and_a_table_a_table(read, right, kind: str) -> None:
    assert read({"column": right}, "column") == right
    assert reason(lambda: read({}, "column")) == "missing"
    assert reason(lambda: read({"column": None}, "column")) == "missing"
    assert reason(lambda: read({"column": "text"}, "column")) == f"str instead of a {kind}"
    assert reason(lambda: read({"column": 3}, "column")) == f"int instead of a {kind}"


@pytest.mark.parametrize("found", [[1, 2], (0, 5), [-3, 4]])
def test_whole_numbers_are_whole_and_as_many_as_are_wanted(found) -> None:
    assert whole_numbers(found, 2, "column") == tuple(found)


@pytest.mark.parametrize("found", [[1], [1, 2, 3], [1.0, 2], [True, 2], ["1", 2], None, "12", {1, 2}, [None, 2]])
def test_other_numbers_are_refused(found) -> None:
    assert reason(lambda: whole_numbers(found, 2, "column")).endswith("is not 2 whole numbers")


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(reason(lambda: whole_numbers("x" * 9999, 2, "column"))) < 150


@pytest.mark.parametrize("span", [{"start": 4, "end": 10}, [4, 10], (4, 10)])
def test_a_span_lies_in_its_text(span) -> None:
    assert limits_of(span, "column", TEXT) == (4, 10)


@pytest.mark.parametrize(
    "span", [{"start": 4}, {}, None, [4], [10, 4], [4, 4], [-1, 4], [4, 16], {"start": "4", "end": 5}]
)
def test_a_span_that_lies_nowhere_is_refused(span) -> None:
    assert reason(lambda: limits_of(span, "column", TEXT))


def test_spans_come_in_order_and_do_not_overlap() -> None:
    assert spans_in([(0, 3), (3, 10), (11, 15)], TEXT, "column") == [(0, 3), (3, 10), (11, 15)]
    assert spans_in([], TEXT, "column") == []
    told = reason(lambda: spans_in([(0, 5), (4, 8)], TEXT, "column"))
    assert told == "4 to 8 is not after 5 in a text of 15 characters"


@given(st.lists(st.tuples(st.integers(-2, 17), st.integers(-2, 17)), max_size=4))
def test_spans_that_are_taken_hold_something_and_nothing_twice(spans: list[tuple[int, int]]) -> None:
    places = [place for start, end in spans for place in range(start, end)]
    right = (
        all(0 <= start < end <= len(TEXT) for start, end in spans)
        and sorted(places) == places
        and len(set(places)) == len(places)
    )
    try:
        found = spans_in(spans, TEXT)
    except RowFault:
        assert not right
    else:
        assert right
        assert found == spans
