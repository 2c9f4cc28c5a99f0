"""Choices: per-task numbers, and the JSON that the processes of a launch read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.errors import UsageError
from adaptx.planning.choices import Choices, PerTask

positive = st.floats(min_value=1e-9, max_value=1e9)


def test_a_task_of_its_own_wins_over_everywhere() -> None:
    lr = PerTask.parse("--lr", ["1e-4", "pawsx=3e-4"])
    assert (lr.of("pawsx", "lora"), lr.of("squad", "lora")) == (3e-4, 1e-4)


def test_a_method_of_its_own_wins_over_everywhere_and_loses_to_the_task() -> None:
    lr = PerTask.parse("--lr", ["1e-4", "full=2e-5", "pawsx=3e-4"])
    assert (lr.of("squad", "full"), lr.of("squad", "lora"), lr.of("pawsx", "full")) == (2e-5, 1e-4, 3e-4)


def test_nothing_asked_is_none_so_that_the_page_decides() -> None:
    assert PerTask.parse("--lr", []).of("squad", "lora") is None


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "pawsx=", "pawsx=-2"])
def test_a_value_that_is_no_positive_number_names_the_option(text: str) -> None:
    with pytest.raises(UsageError, match="--lr"):
        PerTask.parse("--lr", [text])


@pytest.mark.parametrize("option", ["--batch", "--max-length", "--max-train"])
def test_a_part_of_a_row_or_token_is_refused_and_not_cut(option: str) -> None:
    assert PerTask.parse(option, ["32.0"]).everywhere == 32
    with pytest.raises(UsageError, match=f"{option} '32.5' is not a whole number"):
        PerTask.parse(option, ["32.5"])


@given(st.dictionaries(st.text("abcdefgh", min_size=1), positive), st.none() | positive)
def test_choices_survive_the_journey_to_another_process(tasks: dict[str, float], everywhere: float | None) -> None:
    choices = Choices(lr=PerTask(everywhere, tasks), languages=("de", "zh"), attacks=("charswap:rate=0.2",))
    import json

    assert Choices.from_json(json.loads(json.dumps(choices.to_json()))) == choices
