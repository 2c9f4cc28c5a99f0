"""One table of options: every value ends typed, whoever gives it, and every default is that of what it ends in."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from adaptx.errors import UnknownName, UsageError
from adaptx.execution.job import Job
from adaptx.planning.choices import Choices, PerTask
from adaptx.planning.options import (
    DEFAULTS,
    NAMES,
    OPTIONS,
    SECTIONS,
    HowOptions,
    WorkOptions,
    choices_of,
    read_options,
    settings_of,
    spelling,
    with_options,
)
from adaptx.store import Store
from adaptx.training.settings import ComputeSettings


def test_nothing_said_is_the_default_of_what_the_options_end_in() -> None:
    assert choices_of({}) == Choices()
    assert settings_of({}) == ComputeSettings()
    job = Job(how=ComputeSettings())
    assert (DEFAULTS["strict"], DEFAULTS["keep"]) == (job.strict, job.keep)


def test_none_is_not_said() -> None:
    assert choices_of(dict.fromkeys(OPTIONS)) == Choices()


def test_every_option_has_a_section_and_words() -> None:
    assert list(dict.fromkeys(option.section for option in OPTIONS.values())) == list(SECTIONS)
    assert all(option.help for option in OPTIONS.values())
    assert {option.names for option in OPTIONS.values()} - {""} <= set(NAMES)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({"seed": 3}, {"seed": "3"}),
        ({"lr": 1e-3}, {"lr": ("1e-3",)}),
        ({"lr": {"squad": 2e-3, "default": 1e-3}}, {"lr": ("squad=2e-3", "1e-3")}),
        ({"max_train": 400}, {"max_train": ("400",)}),
        ({"languages": ["en", "zh"]}, {"languages": ("en,zh",)}),
        ({"attack": "charswap:rate=0.2,tries=3"}, {"attack": ("charswap:rate=0.2,tries=3",)}),
        ({"mlm_text": Path("text")}, {"mlm_text": "text"}),
        ({"max_eval": 40.0}, {"max_eval": "40"}),
    ],
    ids=str,
)
def test_a_typed_value_is_the_text_that_the_command_line_has(typed: dict, text: dict) -> None:
    assert choices_of(typed) == choices_of(text) != Choices()


def test_numbers_of_a_library_are_numbers() -> None:
    np = pytest.importorskip("numpy")
    assert choices_of({"seed": np.int64(3), "lr": np.float64(0.1)}) == choices_of({"seed": 3, "lr": 0.1})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("seed", True),
        ("max_eval", 0),
        ("max_eval", 2.5),
        ("max_eval", "many"),
        ("rank", []),
        ("zero", 4),
        ("method", "loraa"),
        ("precision", "fp16"),
        ("lr", True),
        ("lr", "fast"),
        ("lr", {"squad": 0}),
        ("languages", 3j),
        ("backbone", " "),
        ("backbone", 3),
        ("offload", "yes"),
        ("store", 3),
    ],
)
def test_a_value_that_an_option_cannot_have_is_refused_by_the_name_of_the_option(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=spelling(name)):
        choices_of({name: value})


def test_a_misspelt_option_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown option 'bakbone'") as caught:
        choices_of({"bakbone": "nano"})
    assert "backbone" in str(caught.value.hint)


def test_a_command_that_does_not_choose_what_has_no_such_option() -> None:
    with pytest.raises(UnknownName, match="'rank'"):
        read_options({"rank": 4}, known=HowOptions.__annotations__)


def test_an_open_store_is_a_store(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert read_options({"store": store})["store"] is store
    assert read_options({"store": str(tmp_path)})["store"] == tmp_path


def test_a_function_shows_the_options_that_it_takes_with_their_defaults() -> None:
    @with_options(HowOptions)
    def run(recipe: str, **options: object) -> object:
        return recipe, options

    shown = inspect.signature(run).parameters
    assert next(iter(shown)) == "recipe"
    assert set(shown) == {"recipe", *HowOptions.__annotations__}
    assert shown["processes"].default == 1
    assert run("r", device="cpu") == ("r", {"device": "cpu"})
    assert set(WorkOptions.__annotations__) | set(HowOptions.__annotations__) == set(OPTIONS)


def test_languages_to_complete_are_those_of_the_tasks_that_are_named() -> None:
    assert NAMES["tags"](["pawsx"]) == ["de", "en", "es", "fr", "ja", "ko", "zh"]
    assert set(NAMES["tags"](["xqu"])) == set(), "half a word names no task"
    assert {"de", "sw", "gn"} <= set(NAMES["tags"]([]))


def test_a_number_by_task_is_read_for_its_task() -> None:
    assert choices_of({"epochs": {"squad": 2, "default": 1}}).epochs == PerTask(1.0, {"squad": 2.0})
