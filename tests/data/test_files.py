"""Files that cannot be trusted as a whole are fatal and name the line."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.data.files import LONGEST_LINE, read_file
from adaptx.errors import DataFault, Exit

LINES = b'{"text": "eins"}\n{"text": "zwei"}\n'


def fault(path: Path) -> str:
    with pytest.raises(DataFault) as caught:
        list(read_file(path))
    assert caught.value.exit_code == Exit.FAILED
    return str(caught.value)


def test_the_three_formats_give_the_same_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES))
    pq.write_table(pa.table({"text": ["eins", "zwei"]}), tmp_path / "a.parquet")
    assert [list(read_file(path)) for path in sorted(tmp_path.iterdir())] == [[{"text": "eins"}, {"text": "zwei"}]] * 3


def test_a_last_line_without_newline_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES.rstrip())
    assert len(list(read_file(tmp_path / "a.jsonl"))) == 2


def test_unicode_line_breaks_inside_a_text_do_not_end_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes('{"text": "a\u2028b\u0085c"}\n'.encode())
    assert list(read_file(tmp_path / "a.jsonl")) == [{"text": "a\u2028b\u0085c"}]


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_gzip_names_the_file(tmp_path: Path, kept: float) -> None:
    whole = gzip.compress(LINES * 1000)
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: int(len(whole) * kept)])
    assert "cut.jsonl.gz is a truncated or damaged gzip file" in fault(tmp_path / "cut.jsonl.gz")


def test_a_gzip_that_is_none_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "plain.jsonl.gz").write_bytes(LINES)
    assert "plain.jsonl.gz cannot be read: Not a gzipped file" in fault(tmp_path / "plain.jsonl.gz")


def test_a_damaged_gzip_names_the_file(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(LINES * 1000))
    whole[len(whole) // 2] ^= 0xFF
    (tmp_path / "bad.jsonl.gz").write_bytes(bytes(whole))
    assert "bad.jsonl.gz" in fault(tmp_path / "bad.jsonl.gz")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "\xff"}', "line 3 is not UTF-8: invalid start byte at byte 10"),
        (b'{"text": ', "line 3 is not JSON"),
        (b"", "line 3 is not JSON"),
        (b'["text"]', "line 3 is a JSON list, not an object"),
        (b"[" * 100_000, "line 3 is not JSON"),
        (b'{"label": ' + b"1" * 5000 + b"}", "line 3 is not JSON"),
    ],
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: bytes, reason: str) -> None:
    (tmp_path / "bad.jsonl").write_bytes(LINES + line + b"\n" + LINES)
    assert f"bad.jsonl {reason}" in fault(tmp_path / "bad.jsonl")


@pytest.mark.parametrize("content", [b"", b"PAR1", LINES])
def test_a_parquet_file_that_is_none_names_the_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.parquet").write_bytes(content)
    assert "bad.parquet is not a readable Parquet file" in fault(tmp_path / "bad.parquet")


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("a.jsonl", "a.jsonl.gz", "a.parquet"):
        (folder / name).write_bytes(content)
        with contextlib.suppress(DataFault):
            assert all(isinstance(row, dict) for row in read_file(folder / name))


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "rows.jsonl").write_bytes(LINES)

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "rows.jsonl cannot be read: Permission denied" in fault(tmp_path / "rows.jsonl")


def test_a_row_with_a_key_twice_is_a_bad_row_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'{"a": 1}\n{"a": 1, "b": 2, "a": 3}\n{"a": {"c": 1, "c": 2}}\n{"a": 4}\n')
    first, second, third, last = read_file(tmp_path / "rows.jsonl")
    assert (first, last) == ({"a": 1}, {"a": 4})
    assert [(bad.field, "twice" in bad.reason) for bad in (second, third)] == [("a", True), ("c", True)]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    (tmp_path / "bomb.jsonl.gz").write_bytes(gzip.compress(b"x" * (LONGEST_LINE + 1), 1))
    assert "has a line of more than 67,108,864 bytes" in fault(tmp_path / "bomb.jsonl.gz")
