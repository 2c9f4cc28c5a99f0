"""The table of `adaptx score`: one row a language, then the task's mean; the benchmark's means below.

Owns columns and number formats; may not compute a score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from adaptx.reporting.lists import console
from adaptx.reporting.numbers import points
from adaptx.reporting.provenance import print_world

if TYPE_CHECKING:
    from adaptx.schema.commands import SubmissionScores, SubmittedTask

__all__ = ["print_scores"]


def print_scores(value: SubmissionScores) -> None:
    """Print the scores of a submission, in points."""
    print_world(value["source"])
    for name, task in value["tasks"].items():
        console().print(Text(f"{name} ({task['metric']}, source {value['source']}, points)", style="bold"))
        console().print(task_table(task))
    for benchmark, means in value["overall"].items():
        for group, mean in means.items():
            console().print(f"{benchmark} {group}: {points(mean)}")
    for name, gaps in value["missing"].items():
        for gap in gaps:
            console().print(Text(f"missing: {name}, {gap}; no mean over tasks", style="yellow"))


def task_table(task: SubmittedTask) -> Table:
    """Return the rows of one task: its languages, and their mean under the names of its metrics."""
    names = list(next(iter(task["languages"].values())))
    table = Table(header_style="bold")
    table.add_column("language", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    rows = list(task["languages"].items())
    for position, (language, scores) in enumerate(rows, start=1):
        cells = [str(scores[name]) if name == "n" else points(scores[name]) for name in names]
        table.add_row(language, *cells, end_section=position == len(rows))
    table.add_row("mean, as XTREME counts it", "", points(task["averages"]["avg_metric"]))
    return table
