"""The tutorial is run as a reader runs it: files written, commands typed, Python in one session, tables compared."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import pytest

from adaptx.cli.main import main

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KINDS = {"toml", "console", "text", "python"}
INSTALL = "pip install "  # what the tests stand on already


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "tutorial.md").read_text(encoding="utf-8")


class Reader:
    """Does what the page says, in the working folder."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self.capfd = capfd
        self.session: dict[str, object] = {"__name__": "tutorial"}
        self.printed = ""

    def toml(self, text: str) -> None:
        name = text.partition("\n")[0].removeprefix("# ")
        Path(name).write_text(text, encoding="utf-8")

    def console(self, text: str) -> None:
        for line in text.splitlines():
            assert line.startswith("$ "), line
            if not line.startswith(f"$ {INSTALL}"):
                program, *words = shlex.split(line.removeprefix("$ "))
                assert program == "adaptx"
                self.capfd.readouterr()
                code = main(words)
                self.printed, told = self.capfd.readouterr()
                assert code == 0, f"{line}: {told}"
                assert self.printed, line

    def text(self, text: str) -> None:
        """Compare the words of every line with those that were printed last, box lines left out."""
        printed = [" ".join(re.sub(r"[│┃]", " ", line).split()) for line in self.printed.splitlines()]
        for line in text.splitlines():
            assert any(told.startswith(line) for told in printed), f"{line!r} is not in\n{self.printed}"

    def python(self, text: str) -> None:
        with contextlib.redirect_stdout(None):
            exec(compile(text, "docs/tutorial.md", "exec"), self.session)


@pytest.mark.slow
@pytest.mark.e2e
def test_the_tutorial_does_what_it_says(page: str, tmp_path: Path, monkeypatch, capfd) -> None:
    import torch

    torch.set_num_threads(1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    reader = Reader(capfd)
    for kind, text in BLOCK.findall(page):
        getattr(reader, kind)(text)
    assert (tmp_path / "page" / "report.html").is_file()
    assert (tmp_path / "runs" / "reports" / "study" / "report.html").is_file()


def test_every_block_of_the_tutorial_is_of_a_kind_that_is_run(page: str) -> None:
    kinds = re.findall(r"^```(\w+)$", page, re.MULTILINE)
    assert set(kinds) == KINDS
    assert len(kinds) == len(BLOCK.findall(page))


def test_both_files_and_the_session_ask_for_the_same(page: str) -> None:
    """A setting that differs between them would train twice, and the page says that it does not."""
    blocks = BLOCK.findall(page)
    stated = [text for kind, text in blocks if kind == "toml"] + [
        text for kind, text in blocks if "settings = {" in text
    ]
    for name in ("epochs", "lr", "budget", "source"):
        values = {
            re.search(rf'^\W*{name}\W+(?:= |: )?"?([^",\s#]+(?:,[a-z]+=\d+)*)', text, re.MULTILINE)[1]
            for text in stated
        }
        assert len(values) == 1, (name, values)
