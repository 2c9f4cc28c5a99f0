from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from adaptx.mini.facts import Fact
from adaptx.mini.lexicon import Language

sys.path.insert(0, str(Path(__file__).parent))  # parser.py is shared by the tests of this folder

Meanings = Mapping[str, Fact]


@pytest.fixture
def meanings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Meanings]:
    """Sentence or question -> its fact, filled while rows are made."""
    heard: dict[str, Fact] = {}

    def listening(method):
        def said(self, fact, form):
            found = method(self, fact, form)
            heard[found.text] = fact
            return found

        return said

    monkeypatch.setattr(Language, "say", listening(Language.say))
    monkeypatch.setattr(Language, "ask", listening(Language.ask))
    return heard
