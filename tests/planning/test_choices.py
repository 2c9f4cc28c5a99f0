"""Choices: per-task numbers, and the JSON that the processes of a launch read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.errors import AdaptxError, UnknownName, UsageError
from adaptx.methods import method_names
from adaptx.planning.choices import Choices, PerTask, names_of, sampling_of, text_mix_of
from adaptx.spec import Sampling
from adaptx.tasks.catalog import task_named, task_names

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
    with pytest.raises(UsageError, match=f"{option} 32.5 is not a whole number"):
        PerTask.parse(option, ["32.5"])


@given(st.dictionaries(st.text("abcdefgh", min_size=1), positive), st.none() | positive)
def test_choices_survive_the_journey_to_another_process(tasks: dict[str, float], everywhere: float | None) -> None:
    choices = Choices(lr=PerTask(everywhere, tasks), languages=("de", "zh"), attacks=("charswap:rate=0.2",))
    import json

    assert Choices.from_json(json.loads(json.dumps(choices.to_json()))) == choices


def refusal(kind: type[AdaptxError], call: Callable[[], object]) -> tuple[str, str | None]:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value), caught.value.hint


def test_a_number_that_is_none_says_how_one_is_written() -> None:
    assert refusal(UsageError, lambda: PerTask.parse("--epochs", ["pawsx=much"])) == (
        "--epochs 'much' is not a number above 0, at most 10,000",
        "--epochs VALUE, --epochs TASK=VALUE or --epochs METHOD=VALUE",
    )


@pytest.mark.parametrize("texts", [["1", "2"], ["a=1", "2", "a=3"]])
def test_of_values_for_the_same_the_last_counts(texts: list[str]) -> None:
    parsed = PerTask.parse("--lr", texts)
    assert parsed.everywhere == 2.0
    assert dict(parsed.named) == ({} if len(texts) == 2 else {"a": 3.0})


def test_a_path_with_an_equals_sign_is_a_name() -> None:
    assert dict(PerTask.parse("--lr", ["a=b.toml=2"]).named) == {"a=b.toml": 2.0}


@pytest.mark.parametrize(
    ("text", "sampling"),
    [
        ("proportional", Sampling()),
        ("proportional:300", Sampling(cap=300)),
        ("proportional:1e3", Sampling(cap=1000)),
        ("temperature:2", Sampling(kind="temperature", temperature=2.0)),
        ("temperature:0.5", Sampling(kind="temperature", temperature=0.5)),
        ("uniform", Sampling(kind="uniform")),
    ],
)
def test_a_sampling_is_read_as_it_is_written(text: str, sampling: Sampling) -> None:
    found = sampling_of(text)
    assert found == sampling
    assert isinstance(found.cap, int | None)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("propotional", UnknownName, "unknown sampling 'propotional'"),
        ("", UnknownName, "unknown sampling ''"),
        ("temperature", UsageError, "--sampling temperature:T '' is not a positive number"),
        ("temperature:hot", UsageError, "--sampling temperature:T 'hot' is not a positive number"),
        ("proportional:0", UsageError, "--sampling proportional:CAP 0 is not a whole number from 1 to 1,000,000,000"),
    ],
)
def test_a_sampling_that_means_nothing_is_refused(text: str, kind: type[AdaptxError], message: str) -> None:
    assert refusal(kind, lambda: sampling_of(text))[0] == message


@pytest.mark.parametrize(
    ("text", "languages", "rate"),
    [("de:0.5", ("de",), 0.5), ("de,sw,zh-Hant:0.25", ("de", "sw", "zh-Hant"), 0.25), ("de:1e-3", ("de",), 0.001)],
)
def test_a_text_mix_is_languages_and_a_share(text: str, languages: tuple[str, ...], rate: float) -> None:
    assert text_mix_of(text) == (languages, rate)


@pytest.mark.parametrize("text", ["", "de", "0.5", ":0.5", "de:1", "de:1.5", "de,:0.5", "DE_de!:0.5", "de;sw:0.5"])
def test_a_text_mix_without_languages_or_with_a_share_of_all_is_refused(text: str) -> None:
    assert refusal(UsageError, lambda: text_mix_of(text)) == (
        f"--mlm {text!r} is not LANG,...:RATE with a rate between 0 and 1",
        "for example --mlm de,sw:0.5",
    )


@pytest.mark.parametrize("text", ["de:0", "de:-1", "de:none"])
def test_a_share_that_is_no_number_names_the_option(text: str) -> None:
    number = text.partition(":")[2]
    message = refusal(UsageError, lambda: text_mix_of(text))[0]
    assert message == f"--mlm LANG,...:RATE {number!r} is not a positive number"


def test_a_number_may_be_given_for_methods_all_tasks_the_text_and_pages_of_ones_own() -> None:
    own = replace(task_named("pawsx"), name="mine@de")
    known = names_of([own, task_named("pawsx@de")])
    assert {*method_names(), *task_names(), "mlm", "mine"} <= known
    assert "mine@de" not in known
    assert "pawsx@de" not in known


def test_choices_may_be_changed_and_keep_the_rest() -> None:
    usual = Choices(seed=3, rank=4)
    assert usual.with_(rank=8) == Choices(seed=3, rank=8)
    assert usual == Choices(seed=3, rank=4)
