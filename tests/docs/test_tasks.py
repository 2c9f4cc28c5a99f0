"""docs/tasks.md says what the pages say."""

from __future__ import annotations

from pathlib import Path

from adaptx.tasks.catalog import task_named
from adaptx.tasks.describe import document, rows_of, summary, to_json


def test_the_document_is_not_stale(repository: Path) -> None:
    found = (repository / "docs" / "tasks.md").read_text(encoding="utf-8")
    assert found == document(), "run: python -m adaptx.tasks.describe > docs/tasks.md"


def test_rows_are_told_as_a_span_where_languages_differ() -> None:
    assert rows_of(task_named("americasnli"), "dev") == "222-743"
    assert rows_of(task_named("xnli"), "test") == "5,010"
    assert rows_of(task_named("squad"), "dev") == ""
    assert summary(task_named("xquad"))["languages"] == 11, "Romanian is extra"


def test_a_page_is_told_as_json_with_nothing_left_out() -> None:
    told = to_json(task_named("mnli"))
    assert told["translations"]["hub"] == "facebook/xnli"
    assert told["elsewhere"] is None
    assert told["splits"] == {"train": ["train"], "dev": ["validation"]}
