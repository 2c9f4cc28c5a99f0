"""The report of a run: one page of HTML that needs nothing else, and its figures as files.

Owns the order of the page; tables come from `report.comparison`, figures from `report.figures`. No script and nothing
from elsewhere: it can be mailed, archived and read offline. The same value is the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from adaptx.reporting.comparison import flags_of, label_of, sheets_of, summary
from adaptx.reporting.figures import effects_of, plots_of
from adaptx.reporting.markup import Element, element, html_text, svg_text
from adaptx.reporting.plot import GROUNDS, Plot, draw
from adaptx.reporting.provenance import world_of_run

if TYPE_CHECKING:
    from adaptx.reporting.table import Sheet
    from adaptx.schema.commands import ComparisonResult, RunResult, StepRow

__all__ = ["PAGE", "files_of"]

PAGE = "report.html"
STYLE = (
    f"body{{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;background:{GROUNDS[0]};"
    "color:#1a1a1a}.world{font-weight:bold;border-left:4px solid #d97706;padding-left:.7rem}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}caption{text-align:left;font-weight:bold}"
    "th,td{padding:.15rem .6rem;text-align:right;border-bottom:1px solid #8884;white-space:nowrap}"
    ".word{text-align:left}.wide{overflow-x:auto;margin:1rem 0}svg{max-width:100%;height:auto}"
    "dt{font-weight:bold}pre{overflow-x:auto;padding:.7rem;border:1px solid #8884}"
    f"@media (prefers-color-scheme:dark){{body{{background:{GROUNDS[1]};color:#e6e6e6}}}}"
)


def files_of(value: RunResult) -> dict[str, str]:
    """Return the report's files by name, the page last; raise `Incompatible` for comparisons of several sources."""
    world = world_of_run(value)
    effects = effects_of(value["comparisons"])
    scores = [plots_of(compared, number) for number, compared in enumerate(value["comparisons"], start=1)]
    drawn = {f"{plot.name}.svg": svg_text(draw(plot)) for group in (effects, *scores) for plot in group}
    return {**drawn, PAGE: html_text(_page(value, world, effects, scores))}


def _page(value: RunResult, world: str, effects: Sequence[Plot], scores: Sequence[Sequence[Plot]]) -> Element:
    body = element("body", element("p", world, class_="world"), *_heading(value), *_figures(effects))
    for compared, own in zip(value["comparisons"], scores, strict=True):
        body.extend(_comparison(compared, own))
    body.extend(_ending(value))
    head = element("head", element("meta", charset="utf-8"), element("title", f"{value['recipe']}: {world}"))
    head.append(element("meta", name="viewport", content="width=device-width"))
    head.append(element("meta", name="color-scheme", content="light dark"))
    head.append(element("style", STYLE))
    return element("html", head, body, lang="en")


def _heading(value: RunResult) -> Iterator[Element]:
    yield element("h1", value["recipe"])
    yield element("p", value["why"])
    yield _facts(value)
    yield _table(summary(value["comparisons"]))


def _facts(value: RunResult) -> Element:
    """Return what ran: names and revisions, versions, and how much was made or reused."""
    comparisons = value["comparisons"]
    told = {
        "backbone": _each(f"{one['backbone']} ({one['backbone_revision']})" for one in comparisons),
        "source": value["source"],
        "precision": _each(one["precision"] for one in comparisons),
        "seeds": _each(str(seed) for one in comparisons for seed in one["seeds"]),
        "steps": _counts(value["steps"]),
        "versions": ", ".join(f"{name} {' and '.join(found)}" for name, found in value["versions"].items()),
    }
    return element("dl", *(part for name, text in told.items() for part in (element("dt", name), element("dd", text))))


def _each(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts))


def _counts(steps: Sequence[StepRow]) -> str:
    made = [step for step in steps if step["status"] == "made"]
    seconds = sum(step["seconds"] for step in made)
    return f"{len(steps)}: {len(made)} made in {seconds:.0f} s, {len(steps) - len(made)} reused"


def _comparison(value: ComparisonResult, plots: Sequence[Plot]) -> Iterator[Element]:
    yield element("h2", f"{label_of(value)}, {value['backbone']} ({value['split']}, {value['metric']}, points)")
    yield from _figures(plots)
    for sheet in sheets_of(value):
        yield _table(sheet)
    if told := [*value["notes"], *(f"flag: {flag}" for flag in flags_of(value))]:
        yield element("ul", *(element("li", line) for line in told))


def _figures(plots: Sequence[Plot]) -> Iterator[Element]:
    return (element("figure", draw(plot)) for plot in plots)


def _ending(value: RunResult) -> Iterator[Element]:
    yield element("h2", "Reproduce")
    yield element("pre", "\n".join(value["commands"]))
    yield element("h3", "The recipe")
    yield element("pre", value["text"])
    yield element("h2", "Steps")
    rows = (element("tr", *(element("td", text, class_="word") for text in _step(step))) for step in value["steps"])
    summary_ = element("summary", f"{len(value['steps'])} steps by id")
    yield element("details", summary_, element("div", element("table", *rows), class_="wide"))


def _step(step: StepRow) -> tuple[str, ...]:
    return step["kind"], step["name"], step["id"]


def _table(sheet: Sheet) -> Element:
    kinds = ["word" if name in sheet.words else "number" for name in sheet.columns]
    head = element(
        "tr", *(element("th", name, class_=kind, scope="col") for name, kind in zip(sheet.columns, kinds, strict=True))
    )
    rows = (
        element("tr", *(element("td", text, class_=kind) for text, kind in zip(row, kinds, strict=True)))
        for row in sheet.rows
    )
    table = element("table", element("caption", sheet.title), element("thead", head), element("tbody", *rows))
    return element("div", table, class_="wide")
