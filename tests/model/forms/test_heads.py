"""What heads say of themselves: what they read beside hidden states, and at which depth."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

from adaptx.model.forms import FORMS, Batch, heavy_form
from adaptx.tasks.catalog import task_named
from adaptx.tasks.forms import FORMS as LIGHT
from adaptx.tasks.forms import form_named
from adaptx.tasks.mlm import MLM

if TYPE_CHECKING:
    from adaptx.model.forms.heads import Head

TASKS = {"classification": "pawsx", "choice": "copa", "span": "squad", "tagging": "panx", "retrieval": "tatoeba"}


@pytest.fixture(params=FORMS)
def head(request: pytest.FixtureRequest) -> Head:
    task = MLM if request.param == MLM.form else task_named(TASKS[request.param])
    return heavy_form(request.param).head(32, task)


def test_what_a_head_reads_is_in_a_batch_and_is_what_its_forward_takes(head: Head) -> None:
    assert set(head.reads) <= set(Batch.__dataclass_fields__)
    assert len(inspect.signature(head.forward).parameters) == 1 + len(head.reads)


def test_a_form_says_that_it_reads_a_layer_where_its_head_chooses_one() -> None:
    for form in LIGHT:
        head = heavy_form(form).head(32, task_named(TASKS[form]))
        assert (head.depth(12, 7) == 7) == form_named(form).reads_layer
        assert head.depth(12, None) == (7 if form_named(form).reads_layer else None)
