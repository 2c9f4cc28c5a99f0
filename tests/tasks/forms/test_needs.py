"""What a form says that it needs, so that nothing above has to know a form by its name."""

from __future__ import annotations

import pytest

from adaptx.tasks.example import Example
from adaptx.tasks.forms import FORMS, form_named
from adaptx.testing import choice, pair, span, tagging, task_of

EXAMPLES = {
    "classification": (pair("a", "en", "one", "two"), [["one", "two"]]),
    "choice": (choice("a", "en", "why", ["x", "y", "z"]), [["why", "x"], ["why", "y"], ["why", "z"]]),
    "span": (span("a", "en", "who", "it was Ann", "Ann"), [["who", "it was Ann"]]),
    "tagging": (tagging("a", "en", ["two", "words"], [0, 1]), [["two\nwords"]]),
}


@pytest.mark.parametrize("form", EXAMPLES)
def test_an_example_is_as_many_inputs_as_its_form_makes_of_it(form: str) -> None:
    example, inputs = EXAMPLES[form]
    assert form_named(form).inputs_of(example, task_of(form)) == inputs


def test_a_query_and_its_item_are_read_as_one_row() -> None:
    texts = {"query": "who", "item": "Ann"}
    example = Example(id="1", parallel="1", group="1", language="en", texts=texts, languages=dict.fromkeys(texts, "en"))
    assert form_named("retrieval").inputs_of(example, task_of("classification")) == [["who", "Ann"]]


def test_only_a_search_has_a_pool_and_a_layer_of_its_own() -> None:
    assert [name for name in FORMS if form_named(name).searches] == ["retrieval"]
    assert [name for name in FORMS if form_named(name).reads_layer] == ["retrieval"]
