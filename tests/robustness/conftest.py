"""Attacked cells without a model: examples and the victim come from the conformance kit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from adaptx.robustness.attack import Attack, resolve_request
from adaptx.robustness.engine import AttackResult, attack_cell
from adaptx.tasks.forms import form_named
from adaptx.testing import HashVictim, task_of

if TYPE_CHECKING:
    from adaptx.tasks.example import Example

Run = Callable[..., AttackResult]


def _form(example: Example) -> str:
    if "option0" in example.texts:
        return "choice"
    return "span" if example.answers else "tagging" if example.tags else "classification"


@pytest.fixture
def run() -> Run:
    """Attack examples of one form with a fresh victim (or the one given) and return the cell."""

    def attacked(
        attack: Attack,
        examples: Sequence[Example],
        given: dict[str, Any] | None = None,
        *,
        search: str = "random",
        budget: int = 24,
        seed: int = 0,
        victim: HashVictim | None = None,
        **how: Any,
    ) -> AttackResult:
        form = _form(examples[0]) if examples else "classification"
        asked = victim or HashVictim(examples)
        clean = asked.predict(examples)
        asked.asked.clear()
        asked.batches.clear()
        request = resolve_request(attack, given or {}, search=search, budget=budget, seed=seed)
        return attack_cell(asked, form_named(form), task_of(form), examples, clean, request, language="xx", **how)

    return attacked
