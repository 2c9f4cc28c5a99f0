"""What a reader is told before the numbers: the world, what was made, and that worlds never meet."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adaptx.errors import Incompatible
from adaptx.reporting import csv, html, latex, markdown
from adaptx.reporting.provenance import GENERATED, print_steps, world_of

STEP = {"id": "a", "kind": "train", "name": "squad", "status": "reused", "seconds": 0.0}


def test_the_generated_world_is_told_from_real_rows() -> None:
    assert world_of("mini") == GENERATED
    assert world_of("hub") == "Real rows: source hub."


@pytest.mark.parametrize("write", [markdown.text_of, latex.text_of, csv.text_of, html.files_of])
def test_results_of_two_sources_are_never_in_one_report(result, comparison, write: Callable[..., object]) -> None:
    with pytest.raises(Incompatible, match="hub and mini cannot be in one table"):
        write(result | {"comparisons": [comparison(), comparison(source="hub")]})


def test_stacks_of_one_name_are_counted_and_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    print_steps([STEP, STEP])
    assert capsys.readouterr().out == "reused: train 2 stacks\n"
