"""What is hashed is what is read: a file that changed between plan and reading is named."""

from __future__ import annotations

import pytest

from adaptx.data.revision import require_revision
from adaptx.errors import DataFault

ONE, OTHER = "files:" + "1" * 64, "files:" + "2" * 64


def refusal(*args, **keywords) -> str:
    with pytest.raises(DataFault) as caught:
        require_revision(*args, **keywords)
    assert caught.value.hint is not None
    assert "it plans with the files as they are now" in caught.value.hint
    return str(caught.value)


def test_the_same_revision_is_all_right_whatever_was_read() -> None:
    require_revision(ONE, ONE, "the rows")
    require_revision("", "", "the rows", ["a"])


def test_another_revision_is_told_in_short_with_what_was_read() -> None:
    told = refusal(ONE, OTHER, "the rows of pawsx in en")
    assert told == f"the rows of pawsx in en changed since the plan: planned files:{'1' * 12}, read files:{'2' * 12}"


def test_files_are_named_in_order_and_not_too_many() -> None:
    assert "the rows (a, b) changed" in refusal(ONE, OTHER, "the rows", ["b", "a"])
    assert "the rows (a, b, c) changed" in refusal(ONE, OTHER, "the rows", "cba")
    assert "the rows (a, b, c and 2 more) changed" in refusal(ONE, OTHER, "the rows", "edcba")


def test_a_revision_without_a_kind_and_one_of_nothing_are_told_too() -> None:
    assert refusal("mini", "", "the pool").endswith("planned mini, read nothing")
    assert refusal("mini:3", ONE, "the pool").endswith(f"planned mini:3, read files:{'1' * 12}")
