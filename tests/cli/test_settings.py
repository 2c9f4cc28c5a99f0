"""adaptx.toml: defaults for options, and every unknown key told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx.cli.main import COMMANDS
from adaptx.cli.settings import defaults_for
from adaptx.errors import UsageError


def write(folder: Path, text: str) -> Path:
    (folder / "adaptx.toml").write_text(text, encoding="utf-8")
    return folder


def test_no_file_means_no_defaults(tmp_path: Path) -> None:
    assert defaults_for(COMMANDS, tmp_path) == {}


def test_a_key_holds_for_every_command_and_a_table_for_its_own(tmp_path: Path) -> None:
    defaults = defaults_for(COMMANDS, write(tmp_path, "max-eval = 100\n[stack]\nmax-eval = 50\n"))
    assert (defaults["train"]["max_eval"], defaults["stack"]["max_eval"]) == (100, 50)


def test_a_table_of_tasks_is_the_repeated_option(tmp_path: Path) -> None:
    assert defaults_for(COMMANDS, write(tmp_path, "lr = {pawsx = 1e-3}"))["stack"]["lr"] == ["pawsx=0.001"]


def test_one_value_for_a_repeatable_option_is_a_list_of_one(tmp_path: Path) -> None:
    defaults = defaults_for(COMMANDS, write(tmp_path, 'epochs = 1\nlanguages = "en,de"\nattack = ["a", "b"]'))["stack"]
    assert defaults == {"epochs": ["1"], "languages": ["en,de"], "attack": ["a", "b"]}


def test_the_file_is_found_from_a_folder_below(tmp_path: Path) -> None:
    below = write(tmp_path, "seed = 3") / "a" / "b"
    below.mkdir(parents=True)
    assert defaults_for(COMMANDS, below)["train"]["seed"] == 3


def test_every_unknown_key_is_named_in_one_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"sed, stack\.maxeval"):
        defaults_for(COMMANDS, write(tmp_path, "sed = 1\n[stack]\nmaxeval = 1\n"))


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"adaptx\.toml is not TOML"):
        defaults_for(COMMANDS, write(tmp_path, "seed = = 1"))
