"""The arms of a comparison: same seeds, same choices, one control of equal capacity."""

from __future__ import annotations

from typing import Any

from adaptx.planning.arms import Comparison, arms_of, requests_of
from adaptx.planning.choices import Choices
from adaptx.tasks.catalog import task_named


def comparison(target: str = "pawsx", seeds: tuple[int, ...] = (0,), **fields: Any) -> Comparison:
    fields = {"choices": Choices(), **fields}
    return Comparison(intermediate="squad", target=target, seeds=seeds, **fields)


def test_every_method_is_compared_with_and_without_the_intermediate_at_every_seed() -> None:
    arms = arms_of(comparison(seeds=(3, 4)))
    assert [arm.seed for arm in arms] == [3] * 7 + [4] * 7
    assert [(arm.method, arm.intermediate) for arm in arms[:7]] == [
        (method, below) for method in ("lora", "bottleneck", "full") for below in (None, "squad")
    ] + [("lora", None)]
    assert all(arm.request.choices.seed == arm.seed for arm in arms)
    assert all(arm.request.choices.method == arm.method for arm in arms)
    assert [arm.request.names for arm in arms[:2]] == [("pawsx",), ("squad", "pawsx")]


def test_the_control_has_twice_the_rank_that_was_asked_or_the_pages() -> None:
    for asked, rank in ((None, 32), (4, 8)):
        (control,) = (arm for arm in arms_of(comparison(choices=Choices(rank=asked))) if arm.control)
        assert (control.request.choices.rank, control.intermediate, control.name) == (rank, None, f"lora rank {rank}")


def test_a_rank_reaches_lora_alone() -> None:
    ranks = {arm.method: arm.request.choices.rank for arm in arms_of(comparison("xnli", choices=Choices(rank=4)))[:6]}
    assert ranks == {"lora": 4, "bottleneck": None, "full": None}


def test_requests_are_those_of_the_arms_in_their_order() -> None:
    both = comparison("xnli", (0, 1))
    assert requests_of(both) == [arm.request for arm in arms_of(both)]


def test_methods_may_be_chosen_and_the_control_left_out() -> None:
    assert [arm.name for arm in arms_of(comparison(methods=("full",)))] == ["full", "squad → full"]
    assert not [arm for arm in arms_of(comparison(control=False)) if arm.control]


def test_an_arm_is_named_after_what_is_below_and_its_method() -> None:
    assert [arm.name for arm in arms_of(comparison())] == [
        "lora",
        "squad → lora",
        "bottleneck",
        "squad → bottleneck",
        "full",
        "squad → full",
        "lora rank 32",
    ]


def test_the_control_is_direct_lora_of_the_same_choices_but_its_rank() -> None:
    choices = Choices(method="full", max_eval=9)
    (control,) = (arm for arm in arms_of(comparison(seeds=(5,), choices=choices)) if arm.control)
    assert (control.method, control.seed) == ("lora", 5)
    assert control.request.names == ("pawsx",)
    assert control.request.choices == choices.with_(method="lora", rank=32, seed=5)


def test_without_lora_there_is_nothing_to_control() -> None:
    assert not [arm for arm in arms_of(comparison(methods=("bottleneck",))) if arm.control]


def test_the_rank_of_the_control_is_that_of_the_counterpart_that_is_trained() -> None:
    rank = task_named("mnli").defaults_of("lora")["rank"]
    (control,) = (arm for arm in arms_of(comparison("xnli")) if arm.control)
    assert control.request.choices.rank == 2 * rank
    assert control.request.names == ("xnli",)


def test_a_task_that_needs_no_training_has_no_control_for_its_direct_arm_is_the_bare_backbone() -> None:
    arms = arms_of(comparison("tatoeba"))
    assert [arm.control for arm in arms] == [False] * 6


def test_seeds_that_were_asked_for_replace_the_seed_of_the_choices() -> None:
    arms = arms_of(comparison(seeds=(7,), choices=Choices(seed=1)))
    assert {arm.request.choices.seed for arm in arms} == {7}
    assert {arm.request.cells for arm in arms} == {True}
    assert {arm.request.on for arm in arms} == {None}
