"""Defaults: an option wins over ADAPTX_*, that over adaptx.toml, that over the task's page.

Seen through ids: with the settings of a stored stack every step is reused, with any other one is missing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx.errors import Exit

pytestmark = pytest.mark.e2e

RIGHT = """
source = "mini:train=400,dev=60,test=60"
languages = ["en", "zh"]
backbone = "nano"
device = "cpu"
max-train = 400
epochs = 1
max-eval = 40
budget = 6
attack = ["charswap"]
lr = {squad = 2e-3, pawsx = 2e-3}
"""


@pytest.fixture
def missing(made, adaptx):
    """Return a counter of the steps of the stack that the settings in force do not find in the store."""

    def count(*args: str) -> int:
        done = adaptx("stack", "squad", "pawsx", *args, "--store", made, "--dry-run", "--json")
        return sum(step["status"] != "done" for step in done.json["steps"])

    return count


def settings(text: str) -> None:
    Path("adaptx.toml").write_text(text, encoding="utf-8")


def test_the_file_gives_every_default(folder, missing) -> None:
    settings(RIGHT)
    assert missing() == 0


def test_the_environment_gives_every_default(folder, missing, monkeypatch) -> None:
    given = "BACKBONE=nano DEVICE=cpu MAX_TRAIN=400 EPOCHS=1 MAX_EVAL=40 BUDGET=6 LR=2e-3 LANGUAGES=en,zh"
    for setting in (*given.split(), "ATTACK=charswap", "SOURCE=mini:train=400,dev=60,test=60"):
        name, _, value = setting.partition("=")
        monkeypatch.setenv(f"ADAPTX_{name}", value)
    assert missing() == 0


def test_the_environment_wins_over_the_file_and_an_option_over_both(folder, missing, monkeypatch) -> None:
    settings(RIGHT.replace("budget = 6", "budget = 7"))
    assert missing() == 2, "the attacks at the file's budget"
    monkeypatch.setenv("ADAPTX_BUDGET", "6")
    assert missing() == 0
    monkeypatch.setenv("ADAPTX_BUDGET", "8")
    assert missing("--budget", "6") == 0


def test_a_table_of_the_command_wins_over_the_top_of_the_file(folder, missing) -> None:
    settings(RIGHT.replace("budget = 6", "budget = 7") + "[stack]\nbudget = 6\n")
    assert missing() == 0


def test_the_file_wins_over_the_page(folder, missing) -> None:
    settings(RIGHT)
    assert missing() == 0
    settings(RIGHT.replace("lr = {squad = 2e-3, pawsx = 2e-3}", "lr = {squad = 2e-3}"))
    assert missing() == 5, "pawsx at the learning rate of its page, and all that stands on it"


def test_an_unknown_setting_and_a_wrong_value_in_the_file_are_named(folder, adaptx, made) -> None:
    settings(RIGHT + "bugdet = 3\n")
    done = adaptx("stack", "squad", "--store", made)
    assert (done.code, "bugdet" in done.err, "budget" in done.err) == (Exit.USAGE, True, True)
    settings('budget = "many"\n')
    done = adaptx("stack", "squad", "--store", made)
    assert (done.code, "many" in done.err) == (Exit.USAGE, True)
