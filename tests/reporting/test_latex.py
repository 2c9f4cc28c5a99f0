"""LaTeX: escaped, and every table says which world it is of."""

from __future__ import annotations

from adaptx.reporting.latex import text_of
from adaptx.reporting.provenance import GENERATED


def test_the_first_line_and_every_caption_say_the_world(result) -> None:
    latex = text_of(result)
    assert latex.splitlines()[0] == f"% {GENERATED}"
    captions = [line for line in latex.splitlines() if line.startswith("\\caption")]
    assert len(captions) == latex.count("\\begin{table}") == 5
    assert all(GENERATED in caption for caption in captions)


def test_latex_leaves_no_character_that_it_would_obey(result, comparison) -> None:
    text = text_of(result | {"comparisons": [comparison(intermediate="a_b&{c}%")]})
    assert r"a\_b\&\{c\}\% $\rightarrow$ pawsx" in text
    assert text.count("\\begin{tabular}") == text.count("\\end{tabular}")
