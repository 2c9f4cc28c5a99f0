"""CSV: a line for every estimate, as a fraction, with its source."""

from __future__ import annotations

import csv
import io

import pytest

from adaptx.reporting.csv import rows_of, text_of


def test_csv_has_a_line_for_every_estimate_as_a_fraction_with_its_source(result) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of(result))))
    assert len(rows) == (5 + 2) * 2 * 4, "arms and effects, clean and attacked, two languages and two means"
    assert {row["source"] for row in rows} == {"mini"}
    (found,) = (
        row
        for row in rows
        if (row["kind"], row["name"], row["measure"], row["language"]) == ("arm", "<s> → lora", "clean", "en")
    )
    assert [float(found[key]) for key in ("value", "low", "high")] == pytest.approx([0.8, 0.75, 0.85])
    assert found["new_seed_low"] == ""


def test_the_run_that_these_tests_tell_and_its_rows_are_as_published(result, conforms) -> None:
    assert conforms("run", result)
    rows = [row for compared in result["comparisons"] for row in rows_of(compared)]
    assert all(conforms("report-csv", row) for row in rows)
    assert list(rows[0]) == text_of(result).splitlines()[0].split(",")
