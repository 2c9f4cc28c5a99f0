"""The rule of counterparts: what is trained for the tasks that were typed, and what is evaluated above it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.errors import Incompatible, UnknownName, UsageError
from adaptx.planning.layers import layers_of, training_layers
from adaptx.steps.train import layer_name
from adaptx.tasks.catalog import task_named, task_names, tasks_named

TASKS = [task_named(name) for name in task_names()]
TRAINABLE = [task.name for task in TASKS if "train" in task.splits]
TARGETS = [task.name for task in TASKS]


def names(layers) -> list[str]:
    return [layer_name(layer) for layer in layers]


@given(st.lists(st.sampled_from(TRAINABLE), max_size=3), st.sampled_from(TARGETS))
def test_a_stack_keeps_what_was_typed_in_order_and_ends_in_what_answers_its_target(below, target) -> None:
    layers, found = layers_of([*below, target])
    task = task_named(target)
    assert found == task
    found_names = names(layers)
    assert found_names[: len(below)] == below
    added = found_names[len(below) :]
    if not task.trains_on:
        assert added == []
    elif target in task.trains_on:
        assert added == list(task.trains_on)
    else:  # a counterpart that was typed is not trained again
        typed = below[-len(task.trains_on) :] == list(task.trains_on)
        assert added == ([] if typed else list(task.trains_on))
    assert all("train" in part.splits for layer in layers for part in layer)


@given(st.lists(st.sampled_from(TRAINABLE), min_size=1, max_size=4))
def test_layers_that_are_only_trained_are_trained_as_named(typed) -> None:
    assert names(training_layers(typed)) == typed


@pytest.mark.parametrize("task", [task.name for task in TASKS if "train" not in task.splits])
def test_a_task_without_training_rows_is_refused_with_what_to_do_instead(task: str) -> None:
    with pytest.raises(UsageError, match=f"{task} has no training rows") as error:
        training_layers([task])
    counterpart = " ".join(task_named(task).trains_on)
    if counterpart:
        assert error.value.hint == f"train {counterpart} in its place"
    else:
        assert error.value.hint == f"it needs none: adaptx stack {task}"


def test_one_bad_task_of_a_mixture_is_named() -> None:
    with pytest.raises(UsageError, match="xquad has no training rows"):
        training_layers(["pawsx", "mnli+xquad"])


def test_on_takes_the_layers_as_they_were_typed() -> None:
    layers, target = layers_of(["mnli", "mnli"], on="xnli")
    assert (names(layers), target.name) == (["mnli", "mnli"], "xnli")


def test_a_mixture_is_one_layer_and_its_tasks_are_together() -> None:
    layers, target = layers_of(["mnli+squad", "pawsx"])
    assert [len(layer) for layer in layers] == [2, 1]
    assert layer_name(layers[0]) == "mnli+squad"
    assert target.name == "pawsx"


def test_a_mixture_that_was_evaluated_would_not_say_on_which_task() -> None:
    with pytest.raises(UsageError, match=r"mnli\+squad is several tasks") as error:
        layers_of(["mnli+squad"])
    assert error.value.hint == "--on TASK"


def test_any_task_of_a_mixture_may_answer_for_the_target() -> None:
    for mixture in ("squad+mnli", "mnli+squad"):
        layers, _ = layers_of([mixture], on="xnli")
        assert names(layers) == [mixture]


def test_a_head_that_cannot_answer_names_the_forms_and_what_would() -> None:
    with pytest.raises(Incompatible) as error:
        layers_of(["squad"], on="pawsx")
    assert str(error.value) == "a head trained on squad (span) cannot answer pawsx (classification)"
    assert error.value.hint == "end the stack with pawsx"


def test_two_tasks_of_one_form_with_other_labels_are_not_one_head() -> None:
    with pytest.raises(Incompatible):
        layers_of(["pawsx"], on="xnli")


def test_a_task_that_needs_no_training_stands_on_whatever_is_there() -> None:
    for below in ([], ["squad"], ["squad", "mnli"]):
        layers, target = layers_of([*below, "tatoeba"])
        assert (names(layers), target.name) == (below, "tatoeba")


def test_the_languages_of_a_name_are_trained_and_not_its_page() -> None:
    layers, target = layers_of(["pawsx@de"])
    assert names(layers) == ["pawsx@de"]
    assert (target.name, target.base) == ("pawsx@de", "pawsx")
    assert layers[0][0].learning_languages == ("de",)


def test_a_counterpart_in_another_language_counts_as_the_counterpart() -> None:
    layers, _ = layers_of(["mnli@en", "xnli"])
    assert names(layers) == ["mnli"]
    turned, _ = layers_of(["xnli"])
    assert names(turned) == ["mnli"]


def test_a_mixture_may_hold_the_counterpart() -> None:
    assert names(layers_of(["squad+mnli", "xnli"])[0]) == ["squad+mnli"]
    assert names(layers_of(["squad+pawsx", "xnli"])[0]) == ["squad+pawsx", "mnli"]


@pytest.mark.parametrize("asked", [(["pawxs"], None), (["pawxs", "pawsx"], None), (["squad"], "xqaud")])
def test_a_name_that_nobody_knows_is_refused_wherever_it_stands(asked) -> None:
    with pytest.raises(UnknownName):
        layers_of(*asked)


def test_a_name_twice_in_one_mixture_is_refused() -> None:
    with pytest.raises(UsageError, match="names a task twice"):
        layers_of(["mnli+mnli"], on="xnli")


def test_the_name_of_a_layer_is_what_was_typed() -> None:
    for typed in ("squad", "mnli+squad", "squad+mnli+pawsx"):
        assert layer_name(tasks_named(typed)) == typed
