"""Plots: every mark at its value, on a scale that holds all of them, readable on light and dark ground."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.reporting.markup import svg_text
from adaptx.reporting.plot import DARK, GROUNDS, LIGHT, Group, Line, Mark, Plot, draw

SVG = "{http://www.w3.org/2000/svg}"


def plot(*marks: Mark, reference: float | None = None, hollow: str = "") -> Plot:
    return Plot(
        name="p",
        title="A & <b>",
        description="all of it",
        axis="points",
        groups=(Group("de", tuple(Line(0, (mark,)) for mark in marks)),),
        series=((0, "arm"),),
        filled="clean",
        hollow=hollow,
        reference=reference,
    )


def drawn(plot: Plot) -> ET.Element:
    return ET.fromstring(svg_text(draw(plot)))


VALUES = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))


@given(st.lists(st.tuples(VALUES, VALUES, VALUES).map(sorted), min_size=1, max_size=5), st.none() | VALUES)
def test_every_mark_and_interval_lies_on_the_paper_in_the_order_of_its_values(bounds, reference) -> None:
    root = drawn(plot(*(Mark(value, low, high, "told") for low, value, high in bounds), reference=reference))
    width = float(root.get("width"))
    groups = root.findall(f"{SVG}g")
    assert len(groups) == len(bounds)
    for group in groups:
        line, circle = group.find(f"{SVG}line"), group.find(f"{SVG}circle")
        x1, x, x2 = float(line.get("x1")), float(circle.get("cx")), float(line.get("x2"))
        assert 0 <= x1 <= x <= x2 <= width
    by_value = sorted(zip((value for _, value, _ in bounds), groups, strict=True), key=lambda pair: pair[0])
    places = [float(group.find(f"{SVG}circle").get("cx")) for _, group in by_value]
    assert places == sorted(places)


@given(VALUES, st.floats(0.001, 1e3))
def test_the_axis_has_few_ticks_around_all_values(low: float, reach: float) -> None:
    root = drawn(plot(Mark(low, low, low + reach, "told")))
    ticks = [
        float(text.text) for text in root.iter(f"{SVG}text") if text.get("class") == "tick" and text.text != "points"
    ]
    assert 2 <= len(ticks) <= 11
    assert ticks == sorted(ticks)
    assert ticks[0] <= low + 1e-6 * abs(low)
    assert ticks[-1] >= low + reach - 1e-4 * abs(low + reach)


def test_a_plot_has_a_title_a_description_and_the_numbers_of_each_mark_as_text() -> None:
    root = drawn(plot(Mark(1.0, 0.0, 2.0, "de, <lora>: 1.0")))
    title, description = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert (title.text, description.text) == ("A & <b>", "all of it")
    assert root.find(f"{SVG}g/{SVG}title").text == "de, <lora>: 1.0"


def test_hollow_marks_are_explained_where_there_are_any() -> None:
    assert "charswap" in svg_text(draw(plot(Mark(1.0, 0.0, 2.0, "x", hollow=True), hollow="charswap")))
    assert [c.get("class") for c in drawn(plot(Mark(1.0, 0.0, 2.0, "x"))).iter(f"{SVG}circle")] == ["dot s0", "dot s0"]


def test_the_same_plot_is_the_same_bytes() -> None:
    assert svg_text(draw(plot(Mark(1.0, 0.0, 2.0, "x")))) == svg_text(draw(plot(Mark(1.0, 0.0, 2.0, "x"))))


def luminance(colour: str) -> float:
    channels = [int(part, 16) / 255 for part in re.findall("[0-9a-f]{2}", colour)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("colours", "ground"), [(LIGHT, GROUNDS[0]), (DARK, GROUNDS[1])])
def test_every_colour_has_a_contrast_of_three_to_one_with_its_ground(colours: tuple[str, ...], ground: str) -> None:
    for colour in colours:
        low, high = sorted((luminance(colour), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 3, colour
