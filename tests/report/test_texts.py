"""Tables for other programs: whole, escaped, and never without the world that they are of."""

from __future__ import annotations

import csv
import io

import pytest

from adaptx.errors import Incompatible
from adaptx.report.provenance import GENERATED
from adaptx.report.texts import FORMS, text_of


def test_markdown_and_latex_say_the_world_first_and_every_latex_caption_says_it(result) -> None:
    assert text_of("md", result).splitlines()[0] == f"**{GENERATED}**"
    latex = text_of("latex", result)
    assert latex.splitlines()[0] == f"% {GENERATED}"
    captions = [line for line in latex.splitlines() if line.startswith("\\caption")]
    assert len(captions) == latex.count("\\begin{table}") == 5
    assert all(GENERATED in caption for caption in captions)


def test_every_row_of_a_markdown_table_has_as_many_cells_as_its_head(result, comparison) -> None:
    text = text_of("md", result | {"comparisons": [comparison(intermediate="a|b")]})
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 5
    for rows in tables:
        assert len({row.replace("\\|", "").count("|") for row in rows}) == 1
    assert "a\\|b → pawsx" in text
    assert "<s>" not in text


def test_latex_leaves_no_character_that_it_would_obey(result, comparison) -> None:
    text = text_of("latex", result | {"comparisons": [comparison(intermediate="a_b&{c}%")]})
    assert r"a\_b\&\{c\}\% $\rightarrow$ pawsx" in text
    assert text.count("\\begin{tabular}") == text.count("\\end{tabular}")


def test_csv_has_a_line_for_every_estimate_as_a_fraction_with_its_source(result) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of("csv", result))))
    assert len(rows) == (5 + 2) * 2 * 4, "arms and effects, clean and attacked, two languages and two means"
    assert {row["source"] for row in rows} == {"mini"}
    (found,) = (
        row
        for row in rows
        if (row["kind"], row["name"], row["measure"], row["language"]) == ("arm", "<s> → lora", "clean", "en")
    )
    assert [float(found[key]) for key in ("value", "low", "high")] == pytest.approx([0.8, 0.75, 0.85])
    assert found["new_seed_low"] == ""


@pytest.mark.parametrize("form", FORMS)
def test_results_of_two_sources_are_never_in_one_text(result, comparison, form: str) -> None:
    with pytest.raises(Incompatible, match="hub and mini cannot be in one table"):
        text_of(form, result | {"comparisons": [comparison(), comparison(source="hub")]})
