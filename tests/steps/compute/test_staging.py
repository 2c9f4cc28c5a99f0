"""The folder that is committed: empty at the start, lines as JSON, bad rows listed where there are any."""

from __future__ import annotations

import json
from pathlib import Path

from adaptx.data.rows import Loaded, QuarantinedRow
from adaptx.steps.compute.staging import empty_staged, write_lines, write_quarantined


def test_what_an_earlier_process_left_is_gone(tmp_path: Path) -> None:
    staged = empty_staged(tmp_path)
    (staged / "deep").mkdir()
    (staged / "deep" / "half").write_text("x")
    (tmp_path / "resume").write_text("kept")
    assert empty_staged(tmp_path) == staged == tmp_path / "staged"
    assert list(staged.iterdir()) == []
    assert (tmp_path / "resume").read_text() == "kept"


def test_lines_are_one_json_value_each_in_their_own_letters(tmp_path: Path) -> None:
    rows = [{"text": "größer\n字"}, {"loss": 0.5}]
    write_lines(tmp_path / "log.jsonl", rows)
    text = (tmp_path / "log.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == rows
    assert "größer" in text
    assert text.endswith("\n")
    write_lines(tmp_path / "none.jsonl", [])
    assert (tmp_path / "none.jsonl").read_bytes() == b""


def loaded(*bad: QuarantinedRow) -> Loaded:
    return Loaded((), bad, 9, "files:x")


def test_bad_rows_of_all_parts_are_listed_by_file_row_field_and_reason(tmp_path: Path) -> None:
    write_quarantined(
        tmp_path, [loaded(), loaded(QuarantinedRow("a", 3, "label", "9")), loaded(QuarantinedRow("b", 0, "x", "y"))]
    )
    lines = (tmp_path / "quarantined.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"file": "a", "row": 3, "field": "label", "reason": "9"},
        {"file": "b", "row": 0, "field": "x", "reason": "y"},
    ]


def test_without_bad_rows_there_is_no_list(tmp_path: Path) -> None:
    write_quarantined(tmp_path, [loaded(), loaded()])
    assert list(tmp_path.iterdir()) == []
