"""Markdown: whole tables, escaped, under the world that they are of."""

from __future__ import annotations

from adaptx.reporting.markdown import text_of
from adaptx.reporting.provenance import GENERATED


def test_the_first_line_says_the_world(result) -> None:
    assert text_of(result).splitlines()[0] == f"**{GENERATED}**"


def test_every_row_of_a_markdown_table_has_as_many_cells_as_its_head(result, comparison) -> None:
    text = text_of(result | {"comparisons": [comparison(intermediate="a|b")]})
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 5
    for rows in tables:
        assert len({row.replace("\\|", "").count("|") for row in rows}) == 1
    assert "a\\|b → pawsx" in text
    assert "<s>" not in text
