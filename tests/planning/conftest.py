"""Plans of one set of choices: what the tests ask for in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adaptx.planning.choices import Choices
from adaptx.planning.planner import plan
from adaptx.planning.request import PlannedRequest, Request, StackPlan
from adaptx.store import Store


@dataclass(frozen=True)
class Asked:
    """Choices against a store, planned when they are asked for."""

    choices: Choices
    store: Store

    def request(self, names: Sequence[str], on: str | None = None, *, cells: bool = True) -> PlannedRequest:
        return plan(Request(choices=self.choices, names=tuple(names), on=on, cells=cells), self.store)

    def stack(self, names: Sequence[str], on: str | None = None) -> StackPlan:
        return self.request(names, on).plan

    def train(self, names: Sequence[str]) -> StackPlan:
        return self.request(names, cells=False).plan


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


@pytest.fixture
def asked(store: Store):
    """Return a maker of `Asked`."""

    def ask(**choices: Any) -> Asked:
        return Asked(Choices(**choices), store)

    return ask
