"""The tables of a run: a summary of all comparisons first, and flags that can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptx.reporting.comparison import flags_of, print_run, summary
from adaptx.reporting.provenance import GENERATED

if TYPE_CHECKING:
    import pytest


def test_the_summary_has_a_row_for_each_comparison_method_and_measure(comparison) -> None:
    sheet = summary([comparison(), comparison(backbone="other")])
    assert [row[:4] for row in sheet.rows] == [
        (backbone, "<s> → pawsx", method, measure)
        for backbone in ("nano", "other")
        for method in ("lora", "full")
        for measure in ("clean", "charswap")
    ]
    assert sheet.rows[0][4:] == ("60.0 [55.0, 65.0]", "70.0 [65.0, 75.0]", "10.0 [5.0, 15.0]", "0.0 [-5.0, 5.0]")


def test_flags_of_an_arm_are_one_line_with_the_languages_of_each(comparison) -> None:
    assert flags_of(comparison()) == ["few-seeds", "lora rank 32: tiny (en de), chance (de)"]


def test_a_run_is_printed_with_its_world_first_and_its_report_last(result, capsys: pytest.CaptureFixture[str]) -> None:
    print_run(result)
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[-1]) == (GENERATED, "report: reports/study/report.html")
    assert sum("effect of the intermediate task" in line for line in lines) == 1
