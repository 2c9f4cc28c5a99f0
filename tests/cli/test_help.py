"""Help: five named sections and examples that work, styled on a terminal and plain text elsewhere."""

from __future__ import annotations

import re
import sys
from io import StringIO

import click
import pytest

from adaptx.cli.help import HEADINGS
from adaptx.cli.main import COMMANDS, cli, main
from adaptx.planning.options import DEFAULTS, OPTIONS, SECTIONS, spelling

WORKING = ("train", "stack", "compare")
ESCAPE = "\x1b["


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(monkeypatch):
    """Return what prints the help of words on a terminal."""

    def shown(*words: str) -> str:
        out = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setenv("TERM", "xterm")
            patch.setenv("COLUMNS", "100")
            patch.delenv("NO_COLOR", raising=False)
            assert main(list(words)) == 0
        return out.getvalue()

    return shown


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def section(text: str, heading: str) -> str:
    """Return the lines under a heading."""
    return re.split(r"\n(?=\S)", text.partition(f"\n{heading}:\n")[2])[0]


def test_every_section_of_the_table_has_a_heading() -> None:
    assert tuple(HEADINGS) == SECTIONS


@pytest.mark.parametrize("name", WORKING)
def test_a_working_command_shows_every_option_in_its_section(name: str, capsys) -> None:
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    places = [out.index(f"\n{heading}:\n") for heading in HEADINGS.values()]
    assert places == sorted(places)
    for option, row in OPTIONS.items():
        assert f"  {spelling(option)}" in section(out, HEADINGS[row.section]), option
    assert ESCAPE not in out


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_one_to_three_examples_that_it_can_read(name: str, capsys) -> None:
    found = command(name)
    assert 1 <= len(found.examples) <= 3
    for line, what in found.examples.items():
        words = line.partition(" > ")[0].split()
        assert words[:2] == ["adaptx", name]
        found.make_context(name, words[2:]).close()
        assert what[0].islower() or not what[0].isalpha() or what.split()[0].isupper() or what[0].isupper()
    assert main([name, "--help"]) == 0
    assert all(line in capsys.readouterr().out for line in list(found.examples)[:1])


def test_a_default_is_shown_where_there_is_one_also_nought(capsys) -> None:
    main(["stack", "--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert "Seed of the attacks. [default: 0]" in out
    assert f"[default: {DEFAULTS['backbone']}]" in out
    assert "At most N training rows. --max-eval" in out, "no default is no default"


def test_help_on_a_terminal_is_styled_and_says_the_same(on_terminal, capsys) -> None:
    styled = on_terminal("stack", "--help")
    assert ESCAPE in styled
    plain = re.sub(r"\x1b\[[0-9;]*m", "", styled)
    assert all(heading in plain for heading in (*HEADINGS.values(), "Examples"))
    assert all(f" {spelling(option)}" in plain for option in OPTIONS)
    assert all(line in plain for line in command("stack").examples)
    assert max(map(len, plain.splitlines())) <= 100


def test_a_terminal_that_cannot_show_styles_gets_plain_text(monkeypatch) -> None:
    out = Terminal()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setenv("TERM", "dumb")
        main(["stack", "--help"])
    assert ESCAPE not in out.getvalue()


def test_adaptx_alone_is_its_help(on_terminal, capsys) -> None:
    assert main([]) == 0
    alone = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == alone
    assert all(f"  {name} " in alone for name in COMMANDS)
    assert all(name in on_terminal() for name in COMMANDS)
