"""Progress while a plan is walked: which step of how many, by which method."""

from __future__ import annotations

from typing import Any

from adaptx.steps.progress import NumberedProgress


def test_every_event_of_a_step_carries_its_number_and_method() -> None:
    told: list[Any] = []
    numbered = NumberedProgress(told.append, ["a", "b"])
    numbered.begin("b", "pawsx", "train", "full")
    numbered({"step": "pawsx", "phase": "train", "at": 1})
    of = {"method": "full", "number": 2, "total": 2, "step": "pawsx", "phase": "train"}
    assert told == [of, of | {"at": 1}]


def test_a_step_that_is_made_again_has_no_number() -> None:
    told: list[Any] = []
    NumberedProgress(told.append, ["a"]).begin("let go", "pawsx", "train", "full")
    assert told[0]["number"] is None
