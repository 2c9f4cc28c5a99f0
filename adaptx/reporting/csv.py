"""Every estimate of a run as a line of CSV, as fractions; every line says which source it is of."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from adaptx.escaping import csv_cell
from adaptx.reporting.comparison import contrasts_of
from adaptx.schema.commands import EstimateRow
from adaptx.schema.sources import one_source

if TYPE_CHECKING:
    from typing import Literal

    from adaptx.schema.commands import ComparisonResult, RunResult
    from adaptx.schema.scores import Estimate, MeasureEstimates

    Kind = Literal["arm", "effect", "difference", "control"]

__all__ = ["rows_of", "text_of"]


def text_of(value: RunResult) -> str:
    """Return the run as CSV; raise `Incompatible` for comparisons of several sources."""
    one_source(compared["source"] for compared in value["comparisons"])
    file = io.StringIO()
    lines = csv.DictWriter(file, list(EstimateRow.__annotations__), lineterminator="\n")
    lines.writeheader()
    rows = (row for compared in value["comparisons"] for row in rows_of(compared))
    lines.writerows({name: csv_cell(cell) for name, cell in row.items()} for row in rows)
    return file.getvalue()


def rows_of(value: ComparisonResult) -> Iterator[EstimateRow]:
    """Yield every estimate: of the arms, then of the contrasts; by measure, languages and then their means."""
    for name, arm in value["arms"].items():
        yield from _rows(value, "arm", name, arm["scores"])
    for kind, contrast in contrasts_of(value):
        yield from _rows(value, kind, contrast["name"], contrast["scores"])


def _rows(
    value: ComparisonResult, kind: Kind, name: str, scores: Mapping[str, MeasureEstimates]
) -> Iterator[EstimateRow]:
    for measure, found in scores.items():
        means = {"mean": found["mean"], "mean_zero_shot": found["mean_zero_shot"]}
        for language, estimate in {**found["languages"], **means}.items():
            if estimate:
                yield _row(value, kind, name, measure, language, estimate)


def _row(
    value: ComparisonResult, kind: Kind, name: str, measure: str, language: str, estimate: Estimate
) -> EstimateRow:
    low, high = estimate["these_models"]
    new_seed = estimate["a_new_seed"]
    return {
        "source": value["source"],
        "backbone": value["backbone"],
        "intermediate": value["intermediate"],
        "target": value["target"],
        "metric": value["metric"],
        "split": value["split"],
        "kind": kind,
        "name": name,
        "measure": measure,
        "language": language,
        "value": estimate["value"],
        "low": low,
        "high": high,
        "new_seed_low": new_seed[0] if new_seed else "",
        "new_seed_high": new_seed[1] if new_seed else "",
    }
