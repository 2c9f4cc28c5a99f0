"""Text of strangers in every format: what comes out is the same text, and nothing is obeyed."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from adaptx.escaping import csv_cell, json_text, latex, markdown, one_line, printable, told

LIVE = (
    *("# heading", "## h", "- item", "+ item", "* item", "1. item", "12) item", "> quotation", "===", "---", "***"),
    *("[a](http://x)", "![a](http://x)", "[a][b]", "[a]: http://x", "<http://x>", "http://x.org", "www.x.org"),
    *("a@b.org", "`code`", "``` x", "*em*", "**strong**", "_em_", "~~gone~~", "<img src=x onerror=y>", "&lt;b&gt;"),
    *("a | b", "$x$", "\\*", "a\\", "snake_case_name", "[69.0, 73.4]", "squad → pawsx", "a\n\n# b", "    code", "~~~"),
)
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TEXTS = st.one_of(st.sampled_from(LIVE), st.text("ab[]()!`*_~#-+=>.:@/\\|<&$1 \n", max_size=12), st.text(max_size=8))


def shown(source: str, *blocks: str) -> str:
    """Return what a reader sees of Markdown that must consist of ``blocks`` with plain text in them."""
    tokens = PARSER.parse(source)
    assert [token.type for token in tokens if token.type != "inline"] == list(blocks), source
    inner = [child for token in tokens if token.type == "inline" for child in token.children or ()]
    assert {child.type for child in inner} <= {"text", "text_special", "softbreak"}, source
    return "".join(child.content for child in inner)


@given(TEXTS.filter(str.strip))
@example("1.")
@example("-")
def test_a_paragraph_of_markdown_shows_the_text_and_is_nothing_else(text: str) -> None:
    assert shown(markdown(text), "paragraph_open", "paragraph_close") == one_line(text)


@given(TEXTS.filter(str.strip))
def test_a_heading_and_a_list_item_hold_the_text_alone(text: str) -> None:
    item = ("bullet_list_open", "list_item_open", "paragraph_open", "paragraph_close")
    assert shown(f"- {markdown(text)}", *item, "list_item_close", "bullet_list_close") == one_line(text)
    assert shown(f"# x {markdown(text, inline=True)} y", "heading_open", "heading_close") == f"x {one_line(text)} y"


@given(TEXTS, TEXTS)
def test_a_table_keeps_its_cells(one: str, other: str) -> None:
    cells = " | ".join(markdown(text, inline=True) for text in (one, other))
    tokens = PARSER.parse(f"| a | b |\n|---|---|\n| {cells} |\n")
    assert [token.type for token in tokens].count("td_open") == 2
    texts = [token.content for token in tokens if token.type == "inline"]
    assert len(texts) == 4


@pytest.mark.parametrize("text", ["http://x.org", "https://x.org", "www.x.org", "a@b.org"])
def test_what_forges_link_by_themselves_is_broken(text: str) -> None:
    assert markdown(text) != text


def test_ordinary_names_and_intervals_stay_readable() -> None:
    for text in ("squad → pawsx", "71.3 [69.0, 73.4]", "mean_zero_shot", "charswap:rate=0.2", "lora: tiny (de en)"):
        assert markdown(text) == text
    assert markdown("-1.2 [-3.0, 0.4]", inline=True) == "-1.2 [-3.0, 0.4]"


@given(st.text())
@example("\x1b]0;owned\x07\x1b[31m\x9b31m\r\u202e\ud800")
def test_a_terminal_gets_no_character_that_it_obeys_and_utf8_can_hold_it(text: str) -> None:
    safe = printable(text)
    assert not any(c in "\u202e\u2066" or 127 <= ord(c) < 160 for c in safe)
    assert all(c in "\n\t" for c in safe if ord(c) < 32)
    safe.encode("utf-8")
    assert "\n" not in one_line(text)


def test_scripts_and_emoji_are_left_alone() -> None:
    for text in ("हिन्दी क्\u200dष", "👨\u200d👩\u200d👧", "עברית", "a\u00a0b"):
        assert printable(text) == text


def test_a_long_line_is_cut_in_the_middle() -> None:
    assert len(one_line("x" * 1_000_000)) < 2100
    assert one_line("x" * 1_000_000).startswith("xxx")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_gets_no_formula_and_numbers_stay_numbers(text: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow(map(csv_cell, (text, -0.5, "plain")))
    cell, number, plain = next(csv.reader(io.StringIO(file.getvalue())))
    assert cell.startswith("'")
    assert (number, plain) == ("-0.5", "plain")


@pytest.mark.parametrize("text", ["[1] a", "*x", r"\input{/etc/passwd}", "a_b & 5% of #1 {x} ~ ^ $y$", "a\nb"])
def test_latex_obeys_nothing(text: str) -> None:
    made = latex(text)
    assert not made.startswith(("[", "*"))
    assert "\n" not in made
    left = made.replace(r"\textbackslash{}", "").replace(r"\textasciitilde{}", "").replace(r"\textasciicircum{}", "")
    assert not any(left[at - 1 : at] != "\\" for at, char in enumerate(left) if char in "&%$#_" and at)


@given(st.recursive(st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5))
@example("\x1b\x9b\ud800")
def test_json_is_the_same_value_and_can_be_printed(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    text.encode("utf-8")
    assert printable(text) == text.replace("\ufeff", r"\ufeff")


def test_a_message_is_told_whatever_its_exception_does() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise SystemExit

    assert told(Silent()) == "Silent: a message that raises SystemExit"
    assert told(ValueError("a\n\x1bb")) == r"ValueError: a \x1bb"
