"""What was asked for, else the page's, else the method's own; a rank takes with it what grows with it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from adaptx.errors import UsageError
from adaptx.methods.lora import LORA
from adaptx.planning.choices import Choices, PerTask
from adaptx.planning.hyperparameters import method_spec, numbers_of, optimisation, takes_rank
from adaptx.tasks.catalog import task_named

PAWSX = task_named("pawsx")


def page(**lora: Any) -> Any:
    """Return PAWS-X with a page that says these hyperparameters for LoRA."""
    shared = {"epochs": 2, "batch": 8, "max_length": 64}
    return replace(PAWSX, defaults=MappingProxyType({**shared, "lora": MappingProxyType({"lr": 1e-3, **lora})}))


def values(task: Any, **choices: Any) -> dict[str, Any]:
    spec = method_spec(task, Choices(**choices))
    return dict(LORA.values(spec.parameters))


def test_a_page_says_what_it_says_and_the_method_the_rest() -> None:
    found = values(page(rank=4, targets="query+value"))
    own = LORA.values({})
    assert (found["rank"], found["targets"]) == (4, "query+value")
    assert found["dropout"] == own["dropout"]


def test_a_page_that_says_nothing_is_learnt_as_the_method_says() -> None:
    assert values(page()) == dict(LORA.values({}))


@pytest.mark.parametrize(("asked", "alpha"), [(None, 24.0), (8, 48.0), (4, 24.0), (2, 12.0), (1, 6.0)])
def test_the_alpha_of_a_page_grows_with_the_rank_that_is_asked_for(asked: int | None, alpha: float) -> None:
    """Six times the rank on this page: neither twice the rank nor the page's own number."""
    found = values(page(rank=4, alpha=24.0), rank=asked)
    assert (found["rank"], found["alpha"]) == (asked or 4, alpha)


def test_an_alpha_that_no_page_says_follows_the_rank_by_itself() -> None:
    assert values(page(rank=4), rank=16)["alpha"] is None


def test_a_rank_is_asked_of_the_methods_that_have_one() -> None:
    assert takes_rank("lora")
    for name in ("bottleneck", "full"):
        assert not takes_rank(name)
        with pytest.raises(UsageError) as caught:
            method_spec(PAWSX, Choices(method=name, rank=4))
        assert str(caught.value) == f"--rank means nothing to method {name}"
        assert caught.value.hint == "use --method lora"


def test_numbers_of_training_are_the_pages_for_the_method() -> None:
    found = numbers_of(page(rank=4), Choices())
    assert {key: found[key] for key in ("lr", "epochs", "batch", "max_length")} == {
        "lr": 1e-3,
        "epochs": 2,
        "batch": 8,
        "max_length": 64,
    }
    assert "rank" not in found


def test_what_is_asked_for_goes_before_the_page_and_only_that() -> None:
    usual = optimisation(PAWSX, Choices())
    asked = optimisation(PAWSX, Choices(lr=PerTask(0.5), batch=PerTask(None, {"pawsx": 3.0}), select="last"))
    assert (asked.lr, asked.batch, asked.select) == (0.5, 3, "last")
    assert replace(asked, lr=usual.lr, batch=usual.batch, select=usual.select) == usual
    other = optimisation(PAWSX, Choices(lr=PerTask(None, {"squad": 0.5}), epochs=PerTask(None, {"full": 9.0})))
    assert other == usual


def test_a_number_in_text_and_a_number_are_one_request() -> None:
    one, other = (optimisation(PAWSX, Choices(epochs=PerTask(value))) for value in (5, 5.0))
    assert one == other
    assert repr(one) == repr(other)
