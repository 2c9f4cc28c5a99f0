"""Lists: a value stands under its own column, whatever the rows before it have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptx.reporting.lists import show

if TYPE_CHECKING:
    import pytest


def test_a_key_that_the_first_row_lacks_has_a_column_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"name": "cell", "score": 0.5}, {"name": "adapter", "method": "lora", "score": 0.75}])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["name", "score", "method"],
        ["cell", "0.5"],
        ["adapter", "0.75", "lora"],
    ]


def test_nothing_to_list_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    show([])
    assert capsys.readouterr().out == "nothing\n"
