"""A run's tables as text for other programs: Markdown, LaTeX, CSV.

Owns their spelling. Markdown and LaTeX are the tables of the page, in points; CSV has a line for every estimate, as
fractions. Each says which world it is of where it cannot be lost: first of all, in every caption, in every line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from adaptx.analysis.scores import one_source
from adaptx.escaping import csv_cell, latex, markdown, one_line
from adaptx.report.comparison import flags_of, label_of, sheets_of, summary
from adaptx.report.provenance import world_of

if TYPE_CHECKING:
    from adaptx.report.table import Sheet

__all__ = ["FORMS", "text_of"]

Value = Mapping[str, Any]

KINDS = {"effects": "effect", "differences": "difference", "controls": "control"}
COLUMNS = (
    *("source", "backbone", "intermediate", "target", "metric", "split", "kind", "name", "measure", "language"),
    *("value", "low", "high", "new_seed_low", "new_seed_high"),
)


def text_of(form: str, value: Value) -> str:
    """Return the run ``value`` in one of `FORMS`; raise `Incompatible` for comparisons of several sources."""
    one_source(compared["source"] for compared in value["comparisons"])
    return FORMS[form](value)


def _markdown(value: Value) -> str:
    parts = [f"**{markdown(world_of(value))}**", f"# {markdown(value['recipe'], inline=True)}", markdown(value["why"])]
    parts.append(_markdown_table(summary(value["comparisons"])))
    for compared in value["comparisons"]:
        heading = f"{label_of(compared)}, {compared['backbone']} ({compared['metric']}, points)"
        parts.append(f"## {markdown(heading, inline=True)}")
        parts += map(_markdown_table, sheets_of(compared))
        parts.append("\n".join(f"- {markdown(line)}" for line in (*compared["notes"], *flags_of(compared))))
    return "\n\n".join(filter(None, parts)) + "\n"


def _markdown_table(sheet: Sheet) -> str:
    rule = [":--" if name in sheet.words else "--:" for name in sheet.columns]
    head, *rows = [[markdown(text, inline=True) for text in row] for row in (sheet.columns, *sheet.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
    return "\n".join([f"*{markdown(sheet.title, inline=True)}*", "", *lines])


def _latex(value: Value) -> str:
    sheets = [summary(value["comparisons"]), *(sheet for c in value["comparisons"] for sheet in sheets_of(c))]
    return f"% {one_line(world_of(value))}\n" + "\n".join(_latex_table(sheet, world_of(value)) for sheet in sheets)


def _latex_table(sheet: Sheet, world: str) -> str:
    rows = [f"{' & '.join(latex(text) for text in row)} \\\\" for row in (sheet.columns, *sheet.rows)]
    return "\n".join(
        [
            r"\begin{table}",
            f"\\caption{{{latex(sheet.title)}. {latex(world)}}}",
            f"\\begin{{tabular}}{{{''.join('l' if name in sheet.words else 'r' for name in sheet.columns)}}}",
            *(rows[0], r"\hline", *rows[1:]),
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _csv(value: Value) -> str:
    file = io.StringIO()
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(COLUMNS)
    lines.writerows(row for compared in value["comparisons"] for row in _csv_rows(compared))
    return file.getvalue()


def _csv_rows(value: Value) -> Iterator[tuple[Any, ...]]:
    of = tuple(value[key] for key in COLUMNS[:6])
    named = [("arm", name, arm["scores"]) for name, arm in value["arms"].items()]
    named += [(kind, item["name"], item["scores"]) for key, kind in KINDS.items() for item in value[key]]
    for kind, name, scores in named:
        for measure, scopes in scores.items():
            means = {scope: scopes[scope] for scope in ("mean", "mean_zero_shot") if scopes[scope]}
            for language, found in {**scopes["languages"], **means}.items():
                bounds = (*found["these_models"], *(found["a_new_seed"] or ("", "")))
                yield tuple(map(csv_cell, (*of, kind, name, measure, language, found["value"], *bounds)))


FORMS: Mapping[str, Callable[[Value], str]] = {"md": _markdown, "latex": _latex, "csv": _csv}
