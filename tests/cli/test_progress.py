"""Progress lines: what a person reads where no terminal shows a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptx.cli.progress import line, progress_display

if TYPE_CHECKING:
    import pytest


def test_a_line_holds_the_step_how_far_and_the_numbers() -> None:
    event = {
        "step": "squad → pawsx",
        "phase": "train",
        "at": 10,
        "steps": 40,
        "loss": 0.51234,
        "tokens_per_second": 12345.6,
    }
    assert line(event) == "squad → pawsx  train  10/40  loss 0.5123  12,346 tokens/s"


def test_a_missing_score_is_left_out_and_not_printed_as_none() -> None:
    assert line({"step": "a", "phase": "train", "dev": None}) == "a  train"


def test_a_line_says_which_step_of_how_many_and_which_method() -> None:
    numbered = {"number": 3, "total": 12, "method": "full", "step": "pawsx", "phase": "train", "at": 1, "steps": 4}
    assert line(numbered) == "[3/12]  pawsx  full  train  1/4"
    assert line(numbered | {"number": None}) == "pawsx  full  train  1/4"


def test_steps_of_two_methods_with_one_name_are_both_told(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_display() as tell:
        for number, method in enumerate(("lora", "full"), start=1):
            tell({"step": "pawsx", "phase": "train", "method": method, "number": number, "total": 2})
    assert capsys.readouterr().err.splitlines() == ["[1/2]  pawsx  lora  train", "[2/2]  pawsx  full  train"]


def test_without_a_terminal_progress_is_on_stderr_and_never_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_display() as tell:
        tell({"step": "a", "phase": "eval", "rows": 5})
        tell({"step": "a", "phase": "eval", "rows": 6})
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == ["a  eval  5 rows"]
