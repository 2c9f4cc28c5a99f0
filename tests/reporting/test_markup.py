"""Elements of pages and drawings: names, numbers and texts are spelt in one place."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from adaptx.reporting.markup import element, html_text, svg_text

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=20
)


def test_a_name_that_python_keeps_for_itself_and_one_with_a_dash_are_spelt() -> None:
    made = element("line", class_="grid", stroke_width=2, data_of_a_row="x")
    assert made.attrib == {"class": "grid", "stroke-width": "2", "data-of-a-row": "x"}


def test_numbers_have_two_places_at_most_and_no_empty_ones() -> None:
    made = element("rect", x=1.0, y=0.126, width=10, height=1 / 3, r=0.001, cx=-2.50)
    assert list(made.attrib.values()) == ["1", "0.13", "10", "0.33", "0", "-2.5"]


def test_children_and_texts_keep_their_order() -> None:
    made = element("p", "one ", element("b", "two"), " three", element("i"), "four", " five")
    assert ET.tostring(made, encoding="unicode") == "<p>one <b>two</b> three<i />four five</p>"


def test_a_page_has_its_document_type_and_an_end() -> None:
    assert html_text(element("html", element("br"))) == "<!DOCTYPE html>\n<html><br></html>\n"


def test_a_drawing_alone_says_its_namespace_and_leaves_its_source_as_it_was() -> None:
    drawing = element("svg", element("circle", r=3), width=9)
    text = svg_text(drawing)
    assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg" width="9">')
    assert text.endswith("</svg>\n")
    assert "xmlns" not in drawing.attrib
    assert ET.fromstring(text)[0].get("r") == "3"


@given(TEXT, TEXT)
def test_any_text_is_text_and_never_markup(inside: str, beside: str) -> None:
    text = svg_text(element("svg", element("title", inside, id=beside)))
    (title,) = ET.fromstring(text)
    assert (title.text or "", title.get("id")) == (inside, beside)
