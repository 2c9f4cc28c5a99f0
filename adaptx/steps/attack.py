"""Attack steps: one evaluated cell under one attack. The light half; `compute.attack` asks the model.

Owns how an attack becomes a spec, and its scores as stored outcomes give them. The random-edit baseline at the same
budget belongs to the same step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from adaptx.errors import Incompatible
from adaptx.robustness.attack import request_of_spec
from adaptx.robustness.baseline import random_edits
from adaptx.robustness.outcomes import summarise
from adaptx.spec import AttackSpec
from adaptx.steps.evaluate import score_in_store
from adaptx.steps.step import Load, Step, step
from adaptx.tables import read_rows

if TYPE_CHECKING:
    from adaptx.robustness.attack import AttackRequest
    from adaptx.robustness.outcomes import OutcomeRow
    from adaptx.steps.step import Planned, Pricing, ResolvedRequest
    from adaptx.store import StoredStep

__all__ = ["Attack", "attack_spec"]

ROW_BYTES = 900  # of a stored outcome, compressed


class Attack:
    """Attack every row of a cell that the stack answers rightly."""

    name = "attack"
    after: tuple[str, ...] = ("eval",)
    makes_layers = False
    compute = "adaptx.steps.compute.attack:compute"

    def plan(self, asked: ResolvedRequest, planned: Planned) -> Iterator[Step]:
        """Yield one step for each cell and attack; raise `Incompatible` for a task that opens no field."""
        if asked.attacks and not asked.target.attackable:
            raise Incompatible(
                f"{asked.target.name} cannot be attacked: its page opens no field",
                hint="where pairs are mined (bucc), no query is answered by itself: attack a search, e.g. tatoeba",
            )
        for cell in planned["eval"]:
            for label, request in asked.attacks:
                spec = _spec(cell, request)
                yield step(spec, f"{cell.name} {label}", cell.task, {"cell": cell.id}, cell.language, label=label)

    def price(self, step: Step, pricing: Pricing) -> Load:
        """Return as many passes over the cell as the search asks questions a row."""
        spec, clean = attack_spec(step), pricing.load(step.parents["cell"])
        asked = request_of_spec(spec)
        passes = asked.driver.questions(spec.budget, asked.searching) if asked.driver else spec.budget
        return Load(rows=clean.rows, tokens=clean.tokens, passes=float(passes), disk_bytes=clean.rows * ROW_BYTES)

    def recompute(self, record: StoredStep) -> Mapping[str, float]:
        """Return the scores of the stored outcomes."""
        return summarise(read_outcomes(record))

    def summary(self, record: StoredStep) -> Mapping[str, object]:
        """Return the accuracy under attack."""
        return {"score": score_in_store(record, "accuracy")}


def read_outcomes(record: StoredStep) -> list[OutcomeRow]:
    """Return the outcomes that a step stored, in the order of the cell's rows."""
    return cast("list[OutcomeRow]", read_rows(record.path / "outcomes.parquet"))


def attack_spec(step: Step) -> AttackSpec:
    """Return the spec of an attack step."""
    assert isinstance(step.spec, AttackSpec), "attacks are attack steps"
    return step.spec


def _spec(cell: Step, asked: AttackRequest) -> AttackSpec:
    return AttackSpec(
        cell=cell.id,
        attack=asked.name,
        attack_version=asked.version,
        parameters=asked.parameters,
        search=asked.search,
        search_version=asked.search_version,
        budget=asked.budget,
        attack_seed=asked.seed,
        baseline_version=random_edits.version,
    )
