"""Numbers: points are per cent with one decimal, and what is not known is not written."""

from __future__ import annotations

from adaptx.reporting.numbers import interval_text, points, with_interval


def test_points_are_per_cent_and_nothing_for_nothing() -> None:
    assert [points(value) for value in (0.7125, None, -1e-9)] == ["71.2", "", "0.0"]


def test_an_interval_stands_in_brackets_behind_its_value_or_not_at_all() -> None:
    assert with_interval(0.5, [0.4, 0.625]) == "50.0 [40.0, 62.5]"
    assert with_interval(0.5, None) == "50.0"
    assert with_interval(None, [0.4, 0.6]) == ""
    assert interval_text(None) == ""
