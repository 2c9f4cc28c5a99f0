"""Stored rows: what is written is read back, in order, with nested values as text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptx.errors import StoreCorrupt
from adaptx.tables import read_json, read_rows, write_json, write_rows

REUSED = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text(max_size=5).filter(lambda text: "\x00" not in text),
            "value": st.floats(allow_nan=False),
            "right": st.booleans(),
            "tags": st.lists(st.integers(0, 9), min_size=1, max_size=3),
        }
    ),
    min_size=1,
    max_size=8,
)


@REUSED
@given(ROWS)
def test_rows_read_back_in_their_order(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    write_rows(tmp_path / "rows.parquet", rows)
    assert read_rows(tmp_path / "rows.parquet") == rows


def test_a_nested_mapping_is_kept_as_text_with_sorted_keys(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.parquet", [{"texts": {"b": "ü", "a": "x"}}])
    assert read_rows(tmp_path / "rows.parquet") == [{"texts": '{"a": "x", "b": "ü"}'}]


def test_rows_are_packed(tmp_path: Path) -> None:
    rows = [{"text": "the same text again and again " * 20}] * 500
    write_rows(tmp_path / "rows.parquet", rows)
    assert (tmp_path / "rows.parquet").stat().st_size < 10_000


def test_json_is_written_for_people_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    write_json(path, {"b": 1.5, "a": "größer"})
    text = path.read_text(encoding="utf-8")
    assert text == '{\n "a": "größer",\n "b": 1.5\n}\n'
    assert read_json(path) == json.loads(text)


@pytest.mark.parametrize("content", [None, b"{", b"\xff", b""])
def test_a_file_of_a_result_that_cannot_be_read_is_told_with_what_to_do(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "scores.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreCorrupt) as caught:
        read_json(path)
    assert str(caught.value).startswith(f"{path} cannot be read: ")
    assert caught.value.hint == "run adaptx verify"
