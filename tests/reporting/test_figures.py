"""The figures of a run: which number becomes which mark, in which group, under which name."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from adaptx.reporting.figures import effects_of, plots_of

if TYPE_CHECKING:
    from adaptx.reporting.plot import Mark, Plot

ARMS = ("lora", "<s> → lora", "full", "<s> → full", "lora rank 32")


def without_attack(value: dict[str, Any]) -> dict[str, Any]:
    def clean(part: dict[str, Any]) -> dict[str, Any]:
        return part | {"scores": {"clean": part["scores"]["clean"]}}

    arms = {name: clean(arm) for name, arm in value["arms"].items()}
    return value | {"arms": arms, "effects": [clean(effect) for effect in value["effects"]]}


def marks(plot: Plot, group: str) -> list[tuple[int, list[float], list[bool]]]:
    (found,) = [one for one in plot.groups if one.label == group]
    return [(ln.series, [round(m.value, 6) for m in ln.marks], [m.hollow for m in ln.marks]) for ln in found.lines]


def all_marks(plot: Plot) -> list[Mark]:
    return list(chain.from_iterable(line.marks for group in plot.groups for line in group.lines))


def test_clean_scores_have_one_figure_and_each_attack_has_its_own(comparison) -> None:
    value = comparison()
    assert [plot.hollow for plot in plots_of(value, 3)] == ["charswap"]
    assert [plot.hollow for plot in plots_of(without_attack(value), 3)] == [""]
    for arm in value["arms"].values():
        arm["scores"]["insert"] = arm["scores"]["charswap"]
    assert [plot.hollow for plot in plots_of(value, 3)] == ["charswap", "insert"]
    assert [plot.name for plot in plots_of(value, 3)] == ["scores-3-1", "scores-3-2"]


def test_the_means_come_first_and_then_every_language(comparison) -> None:
    (plot,) = plots_of(comparison(), 1)
    assert [group.label for group in plot.groups] == ["mean, all languages", "mean, zero-shot", "en", "de"]


def test_a_comparison_without_a_zero_shot_mean_has_no_group_for_it(comparison) -> None:
    value = comparison()
    for arm in value["arms"].values():
        for measured in arm["scores"].values():
            measured["mean_zero_shot"] = None
    (plot,) = plots_of(value, 1)
    assert [group.label for group in plot.groups] == ["mean, all languages", "en", "de"]


def test_every_arm_is_a_line_in_its_own_colour_clean_filled_and_attacked_hollow(comparison) -> None:
    (plot,) = plots_of(comparison(), 1)
    assert plot.series == tuple(enumerate(ARMS))
    assert marks(plot, "mean, all languages") == [
        (0, [60.0, 30.0], [False, True]),
        (1, [70.0, 35.0], [False, True]),
        (2, [65.0, 32.5], [False, True]),
        (3, [60.0, 30.0], [False, True]),
        (4, [62.0, 31.0], [False, True]),
    ]
    assert marks(plot, "de")[0] == (0, [50.0, 20.0], [False, True])
    assert marks(plot, "en")[0] == (0, [70.0, 40.0], [False, True])


def test_a_mark_carries_its_interval_in_points_and_tells_all_of_it(comparison) -> None:
    (plot,) = plots_of(comparison(), 1)
    first = plot.groups[0].lines[0].marks[0]
    assert (first.value, first.low, first.high) == pytest.approx((60.0, 55.0, 65.0))
    assert first.told == "mean, all languages, lora, clean: 60.0 [55.0, 65.0]"
    told = [mark.told for mark in all_marks(plot)]
    assert len(set(told)) == len(told) == 4 * 5 * 2


def test_intervals_are_those_over_examples_and_never_over_seeds(comparison) -> None:
    value = comparison()
    for arm in value["arms"].values():
        for measured in arm["scores"].values():
            for estimate in (measured["mean"], measured["mean_zero_shot"], *measured["languages"].values()):
                estimate["a_new_seed"] = [-9.0, 9.0]
    assert plots_of(value, 1) == plots_of(comparison(), 1)


def test_chance_is_a_line_unless_there_is_none(comparison) -> None:
    assert plots_of(comparison(), 1)[0].reference == 50.0
    assert plots_of(comparison(chance=0.0), 1)[0].reference is None


def test_the_title_says_the_comparison_the_metric_and_the_attack(comparison) -> None:
    (plot,) = plots_of(comparison(), 1)
    assert "accuracy by language, clean and charswap" in plot.title
    assert "pawsx" in plot.title
    assert plot.description.startswith(plot.title)
    (clean,) = plots_of(without_attack(comparison()), 1)
    assert clean.title.endswith("accuracy by language")
    assert plot.axis == "accuracy, points"


def test_effects_are_in_points_by_method_in_the_colour_of_the_stacked_arm(comparison) -> None:
    (plot,) = effects_of([comparison()])
    assert plot.series == ((1, "lora"), (3, "full"))
    all_languages, zero_shot = (group.label for group in plot.groups)
    assert (all_languages[-13:], zero_shot[-9:]) == ("all languages", "zero-shot")
    assert marks(plot, all_languages) == [(1, [10.0, 5.0], [False, True]), (3, [-5.0, -2.5], [False, True])]
    assert plot.reference == 0.0
    assert plot.axis == "difference in points"


def test_effects_of_several_comparisons_share_a_figure_and_name_what_differs(comparison) -> None:
    values = [comparison(), comparison(target="xnli")]
    (plot,) = effects_of(values)
    assert len({group.label for group in plot.groups}) == 4
    assert not any("nano" in group.label for group in plot.groups)
    (both,) = effects_of([comparison(), comparison(backbone="other")])
    assert [label.split()[0] for label in (group.label for group in both.groups)] == ["nano"] * 2 + ["other"] * 2


def test_effects_have_one_figure_an_attack_over_all_comparisons(comparison) -> None:
    other = comparison()
    for part in (*other["arms"].values(), *other["effects"]):
        part["scores"]["insert"] = part["scores"]["charswap"]
    plots = effects_of([other])
    assert [(plot.name, plot.hollow) for plot in plots] == [("effects-1", "charswap"), ("effects-2", "insert")]


def test_without_effects_there_is_no_figure(comparison) -> None:
    assert effects_of([comparison(effects=[])]) == []


def test_an_effect_without_a_zero_shot_mean_has_no_group_for_it(comparison) -> None:
    value = comparison()
    for effect in value["effects"]:
        for measured in effect["scores"].values():
            measured["mean_zero_shot"] = None
    (plot,) = effects_of([value])
    assert [group.label.rpartition(", ")[2] for group in plot.groups] == ["all languages"]
