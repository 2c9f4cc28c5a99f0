"""Every ``version`` in an id is read from what carries it: raise it there, and the ids move."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adaptx import registry
from adaptx.metrics import accuracy
from adaptx.planning import layers
from adaptx.planning.choices import Choices
from adaptx.planning.planner import plan
from adaptx.planning.request import Request
from adaptx.store import Store
from adaptx.tasks.catalog import task_named
from adaptx.tasks.forms.classification import Classification


@pytest.fixture
def ids(tmp_path: Path):
    def of(kind: str) -> set[str]:
        choices = Choices(source="mini", backbone="nano", attacks=("charswap",), languages=("de",))
        found = plan(Request(choices=choices, names=("pawsx",)), Store(tmp_path)).plan
        return {step.id for step in found.steps if step.kind == kind}

    return of


def page(monkeypatch: pytest.MonkeyPatch) -> None:
    later = replace(task_named("pawsx"), version=2)
    monkeypatch.setattr(layers, "tasks_named", lambda _name: (later,))


def form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classification, "version", Classification.version + 1)


def metric(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Classification.metrics["accuracy"] == accuracy.VERSION
    monkeypatch.setattr(Classification, "metrics", {"accuracy": accuracy.VERSION + 1})


def registered(group: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load
    later = replace(load(group, name), version=load(group, name).version + 1)
    monkeypatch.setattr(registry, "load", lambda g, n: later if (g, n) == (group, name) else load(g, n))


def method(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(registry.METHODS, "lora", monkeypatch)


def attack(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(registry.ATTACKS, "charswap", monkeypatch)


def search(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(registry.SEARCHES, "random", monkeypatch)


@pytest.mark.parametrize(
    ("carrier", "first"),
    [(page, "train"), (form, "train"), (method, "train"), (metric, "eval"), (attack, "attack"), (search, "attack")],
)
def test_a_raised_version_changes_every_id_from_the_step_that_it_is_part_of(
    carrier: Any, first: str, ids: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ["train", "eval", "attack"]
    before = {kind: ids(kind) for kind in kinds}
    carrier(monkeypatch)
    for place, kind in enumerate(kinds):
        assert (before[kind] == ids(kind)) == (place < kinds.index(first)), f"{kind} by {carrier.__name__}"
