"""The keys of a recipe one by one: what each takes, what it refuses and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adaptx.errors import Missing, UsageError
from adaptx.planning.choices import Choices, PerTask
from adaptx.planning.recipe import RULES, is_recipe, read_recipe

LEAST = 'why = "to see"\nintermediates = ["squad"]\ntargets = ["pawsx"]\n'


@pytest.fixture
def read(tmp_path: Path):
    """Return a reader of the least recipe with some lines more."""

    def reading(lines: str = "", text: str = LEAST) -> Any:
        file = tmp_path / "study.toml"
        file.write_text(text + lines, encoding="utf-8")
        return read_recipe(file)

    return reading


@pytest.fixture
def mistakes(read):
    def told(lines: str, text: str = LEAST) -> list[str]:
        with pytest.raises(UsageError) as caught:
            read(lines, text)
        return [line.strip() for line in str(caught.value).splitlines()[1:]]

    return told


TAKEN: dict[str, tuple[str, Any]] = {
    "source": ('"mini"', "mini"),
    "attack_seed": ("7", 7),
    "rank": ("4", 4),
    "layer": ("0", 0),
    "lr": ("0.1", PerTask(0.1)),
    "epochs": ("2", PerTask(2.0)),
    "batch": ("{default = 8, squad = 4}", PerTask(8.0, {"squad": 4.0})),
    "max_length": ("{full = 64}", PerTask(None, {"full": 64.0})),
    "max_train": ("{mlm = 5}", PerTask(None, {"mlm": 5.0})),
    "max_eval": ("9", 9),
    "languages": ('["de", "zh"]', ("de", "zh")),
    "split": ('"dev"', "dev"),
    "attacks": ('["charswap:rate=0.2"]', ("charswap:rate=0.2",)),
    "budget": ("3", 3),
    "search": ('"greedy"', "greedy"),
    "precision": ('"fp32"', "fp32"),
    "select": ('"last"', "last"),
    "sampling": ('"temperature:2"', "temperature:2"),
    "mlm": ('"de:0.5"', "de:0.5"),
    "mlm_text": ('"texts"', "texts"),
}


@pytest.mark.parametrize("key", TAKEN)
def test_a_key_becomes_the_choice_of_its_name_and_leaves_the_others_alone(read, key: str) -> None:
    text, value = TAKEN[key]
    assert read(f"{key} = {text}\n").choices == Choices(**{key: value})


def test_every_key_is_tried_here_or_belongs_to_the_grid() -> None:
    grid = {"why", "backbones", "intermediates", "targets", "methods", "seeds", "control"}
    assert set(RULES) == grid | set(TAKEN)


REFUSED: dict[str, str] = {
    "attack_seed = -1": "-1 is not a whole number from 0",
    "attack_seed = true": "True is not a whole number from 0",
    "layer = 1.0": "1.0 is not a whole number from 0",
    "lr = 0": "0 is not a number above 0",
    "lr = inf": "inf is not a number above 0",
    "lr = true": "True is not a number above 0",
    'lr = "fast"': "'fast' is not a number above 0",
    'search = "gredy"': "unknown search 'gredy'; did you mean greedy?",
    "search = 3": "3 is not a text",
    'sampling = "x"': "unknown sampling 'x'; known: proportional, temperature, uniform",
    'mlm = "de"': "--mlm 'de' is not LANG,...:RATE with a rate between 0 and 1; for example --mlm de,sw:0.5",
    "seeds = [0, -1]": "-1 is not a whole number from 0",
    "seeds = 1000000": "1000000 is not a whole number from 1 to 1,000",
    'attacks = ["charswap:rate=2"]': "charswap: rate cannot be '2'; rate is a number from 0 to 1",
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_wrong_value_is_told_with_its_line_its_key_and_what_would_work(mistakes, line: str) -> None:
    (told,) = mistakes(f"{line}\n")
    key = line.partition(" ")[0]
    assert told.startswith(f"line 4: {key}: ")
    assert REFUSED[line] in told


def test_an_attack_is_checked_with_the_search_that_would_drive_it(mistakes, read) -> None:
    assert read('attacks = ["charswap:tries=3"]\n').choices.attacks == ("charswap:tries=3",)
    (told,) = mistakes('search = "greedy"\nattacks = ["charswap:tries=3"]\n')
    assert "line 5: attacks: unknown parameter of charswap 'tries'" in told


def test_a_number_for_a_task_that_is_not_there_names_the_nearest(mistakes) -> None:
    (told,) = mistakes("[epochs]\nsquod = 3\n")
    assert told.endswith("line 4: epochs: 'squod' is no task or method: did you mean 'squad'?")


def test_a_table_of_numbers_is_checked_number_by_number(mistakes) -> None:
    (told,) = mistakes("batch = {default = 8, squad = 0.5}\n")
    assert "batch" in told
    assert "0.5" in told


def test_a_key_in_quotes_or_of_a_table_has_its_line_too(mistakes) -> None:
    assert "line 5: rank:" in mistakes('\n"rank" = 0\n')[0]
    assert "line 5: lr:" in mistakes("\n[ lr ]\nsquad = -1\n")[0]
    assert "line 5: lr:" in mistakes("\nlr.squad = -1\n")[0]


def test_two_keys_that_begin_alike_are_not_taken_for_each_other(mistakes) -> None:
    told = mistakes("max_eval = 5\nmax_e = 1\n")
    assert told[0].startswith("line 5: max_e: unknown key")


def test_what_is_missing_is_told_without_a_line_and_before_the_rest(mistakes) -> None:
    told = mistakes("", 'source = "mini"\n')
    assert told == [
        "why: is missing",
        "intermediates: is missing",
        "targets: is missing",
    ]


def test_a_language_is_one_that_every_target_has(mistakes) -> None:
    (told,) = mistakes('languages = ["xx"]\n')
    assert "line 4: languages: pawsx is not in 'xx'" in told


def test_reasons_that_run_over_lines_are_one_line(read) -> None:
    assert read("", LEAST.replace('"to see"', '"""to\n   see\n"""')).why == "to see"


def test_the_file_gives_its_name_and_its_text(read, tmp_path: Path) -> None:
    found = read("control = false\nmethods = ['full']\n")
    assert (found.name, found.path, found.control, found.methods) == (
        "study",
        tmp_path / "study.toml",
        False,
        ("full",),
    )
    assert found.text == LEAST + "control = false\nmethods = ['full']\n"


def test_a_file_that_is_not_there_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(Missing) as caught:
        read_recipe(tmp_path / "none.toml")
    assert str(caught.value) == f"no recipe at {tmp_path / 'none.toml'}: No such file or directory"
    assert caught.value.hint == "give the path of a TOML file"
    with pytest.raises(Missing, match="Is a directory"):
        read_recipe(tmp_path)


def test_a_recipe_in_other_letters_is_a_recipe(tmp_path: Path) -> None:
    file = tmp_path / "größe.toml"
    file.write_text('why = "größer"\n', encoding="utf-8")
    assert is_recipe(str(file))
    assert not is_recipe(str(tmp_path / "größe"))
    assert not is_recipe(str(tmp_path))
