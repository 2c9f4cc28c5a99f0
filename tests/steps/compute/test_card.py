"""The card beside a trained adapter."""

from __future__ import annotations

from pathlib import Path

from adaptx.planning.choices import Choices
from adaptx.planning.planner import plan
from adaptx.planning.request import Request
from adaptx.steps.compute.card import card
from adaptx.store import Store


def test_the_card_of_a_mixture_names_every_task_with_its_licence_rows_and_citation(tmp_path: Path) -> None:
    request = Request(choices=Choices(source="mini", backbone="nano"), names=("mnli+squad",), cells=False)
    (step,) = plan(request, Store(tmp_path / "runs")).plan.layers
    told = card(step, "nano", {"score": 0.5, "step": 3})
    for task in (step.task, *step.others):
        assert all(word in told for word in (task.name, task.title, task.licence, task.cite))
    assert "best dev accuracy and f1 | 0.5000 at step 3" in told
    assert told.count("mini, en, train") == 2
