"""Texts of strangers by their shapes: a terminal, a page, a table and a file show them and obey none of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.escaping import LONGEST, csv_cell, json_text, latex, markdown, one_line, printable, told

ODD = "\x1b\x07\r\x00\x9b\u2028\u202e\u2066\ufeff\ud800\udfff"
ANY = st.text(max_size=40) | st.text(ODD + "a \n\t", max_size=12)
MARKED = st.text("ab1 *_`~#+->|[]()!<&:/@.\\$=w\n\t0", max_size=25)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY, inner, max_size=3),
    max_leaves=8,
)


@given(ANY)
def test_what_is_printed_holds_nothing_that_a_terminal_would_obey(text: str) -> None:
    shown = printable(text)
    assert not set(shown) & set(ODD)
    assert "\x7f" not in shown
    shown.encode("utf-8")


@given(st.text("aé字ع नी👍🏽 \n\t", max_size=20))
def test_ordinary_letters_of_all_scripts_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


def test_what_is_not_shown_is_spelt_as_python_spells_it() -> None:
    assert printable("\x1b[31m\u202e\ud800") == "\\x1b[31m\\u202e\\ud800"
    assert printable("joined\u200dhere") == "joined\u200dhere", "scripts and emoji need their joiners"


@given(ANY, st.integers(10, 60))
def test_a_line_is_one_line_and_not_much_longer_than_allowed(text: str, longest: int) -> None:
    line = one_line(text, longest)
    assert len(line.splitlines()) <= 1
    assert line.strip() == line
    assert len(line) <= longest + len(" [...] ")


def test_the_middle_of_a_long_line_is_left_out() -> None:
    assert one_line("a" * 50 + "b" * 50, 20) == "a" * 10 + " [...] " + "b" * 10
    assert len(one_line("x" * 5000)) == LONGEST + 7


def test_an_exception_is_told_by_kind_and_message_and_one_that_cannot_speak_too() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise KeyError("no words")

    assert told(ValueError("a\nb\x1b[31m")) == "ValueError: a b\\x1b[31m"
    assert told(Mute()) == "Mute: a message that raises KeyError"
    assert told(SystemExit(3)) == "SystemExit: 3"
    assert len(told(ValueError("x" * 9999))) < 520


def plain(html: str) -> str:
    for name, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        html = html.replace(name, character)
    return html


@given(MARKED | ANY)
def test_markdown_shows_the_text_and_makes_nothing_of_it(text: str) -> None:
    renderer = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable(["table", "strikethrough"])
    line = one_line(text)
    html = renderer.render(markdown(text)).strip()
    assert plain(re.sub(r"^<p>|</p>$", "", html)) == line


@given(MARKED)
def test_a_cell_of_a_markdown_table_stays_one_cell(text: str) -> None:
    renderer = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
    html = renderer.render(f"| a | b |\n|---|---|\n| {markdown(text)} | end |\n")
    cells = re.findall(r"<td>(.*?)</td>", html, re.DOTALL)
    assert [plain(cell) for cell in cells] == [one_line(text), "end"]


LATEX_SPECIAL = set("&%$#_{}~^\\")


@given(st.text("ab &%$#_{}~^\\→<>|[*", max_size=20))
def test_no_special_character_reaches_latex_bare(text: str) -> None:
    line = latex(text)
    bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar)\{\}", "", line)
    bare = bare.replace(r"$\rightarrow$", "").removeprefix("{}")
    bare = re.sub(r"\\[&%$#_{}]", "", bare)
    assert not set(bare) & LATEX_SPECIAL
    assert not line.startswith(("[", "*"))


def test_letters_of_latex_by_hand() -> None:
    assert latex("50 % of a_b & {c}") == r"50 \% of a\_b \& \{c\}"
    assert latex("squad → pawsx") == r"squad $\rightarrow$ pawsx"
    assert latex("[2pt]") == "{}[2pt]"
    assert latex("*") == "{}*"


@given(ANY | st.sampled_from(["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "'=1", " =1"]))
def test_no_text_of_a_table_is_taken_for_a_formula(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in (printable(text), f"'{printable(text)}")


@pytest.mark.parametrize("value", [3, -2.5, None, True])
def test_a_number_of_a_table_stays_a_number(value: object) -> None:
    assert csv_cell(value) is value


@given(JSON)
def test_json_reads_back_and_shows_nothing_that_a_terminal_would_obey(value: Any) -> None:
    text = json_text(value)
    assert json.loads(text) == json.loads(json.dumps(value)), "a pair of surrogates is one character for JSON"
    assert not set(text) & set(ODD)
    text.encode("utf-8")
