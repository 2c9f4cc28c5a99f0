"""Names, recipes and flags that try to be markup, code or commands: every report and table shows them as text."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from adaptx.reporting import csv as csv_report
from adaptx.reporting import latex, lists, markdown
from adaptx.reporting.comparison import print_run
from adaptx.reporting.html import PAGE, files_of

HOSTILE = {
    "html": "<img src=x onerror=alert(1)>",
    "link": "[click](http://evil.org) ![i](http://evil.org/i.png)",
    "code": "`x` *em* **b** _u_ ~~s~~",
    "heading": "# big\n\n## bigger\n- item",
    "cell": "a | b | c",
    "latex": r"\input{/etc/passwd} $x$ %",
    "formula": "=HYPERLINK(1)",
    "escape": "\x1b]0;owned\x07\x1b[31mred\x9b1m",
    "markup": "[red]x[/red] [link=http://evil.org]y[/link] :boom:",
    "turned": "\u202eabc",
    "closing": "[/] [/bold]",
}


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE)
def hostile(request: Any, result: dict[str, Any], comparison: Any) -> dict[str, Any]:
    """Return a result in which every text of a stranger is one hostile text."""
    text = request.param
    compared = comparison(backbone=text, backbone_revision=text, intermediate=text, target=text, notes=[text])
    compared["flags"] = [text, *compared["flags"]]
    step = result["steps"][0] | {"name": text}
    return result | {
        "recipe": text,
        "why": text,
        "text": text,
        "commands": [text],
        "comparisons": [compared],
        "steps": [step],
        "report": text,
    }


def plain(text: str) -> bool:
    return not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 or c == "\u202e" for c in text)


def test_markdown_has_nothing_live(hostile: dict[str, Any]) -> None:
    text = markdown.text_of(hostile)
    assert plain(text)
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    kinds = {token.type for token in tokens}
    inner = [child.type for token in tokens for child in token.children or ()]
    assert not kinds & {"html_block", "fence", "code_block", "blockquote_open", "hr", "ordered_list_open"}
    assert set(inner) <= {"text", "text_special", "softbreak", "strong_open", "strong_close", "em_open", "em_close"}
    assert inner.count("strong_open") == 1, "the world, and nothing of a stranger's"
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1", "h2"]
    assert inner.count("em_open") == len([token for token in tokens if token.type == "table_open"]) == 5


def test_csv_has_no_formula_and_no_control_character(hostile: dict[str, Any]) -> None:
    text = csv_report.text_of(hostile)
    assert plain(text)
    for row in csv.reader(io.StringIO(text)):
        for cell in row[:-5]:
            assert not cell.startswith(("=", "+", "-", "@"))


def test_latex_has_no_command_of_a_stranger(hostile: dict[str, Any]) -> None:
    text = latex.text_of(hostile)
    assert plain(text)
    assert r"\input" not in text


def test_the_page_and_every_drawing_hold_the_text_alone(hostile: dict[str, Any]) -> None:
    files = files_of(hostile)
    assert all(map(plain, files.values()))
    assert "<img" not in files[PAGE]
    assert "<a " not in files[PAGE]
    for name, text in files.items():
        if name.endswith(".svg"):
            ET.fromstring(text)


def test_the_terminal_shows_markup_as_text_and_obeys_nothing(hostile: dict[str, Any], capsys: Any) -> None:
    print_run(hostile)
    lists.show([{"name": hostile["why"], "state": "fault"}])
    lists.show_one({"name": hostile["why"], "inner": {"a": hostile["why"]}})
    told = capsys.readouterr().out
    assert plain(told)
    if hostile["why"] == HOSTILE["markup"]:
        assert told.count("[red]x[/red]") >= 5
        assert ":boom:" in told
