"""Dot plots with intervals as SVG: groups of lines, each line with its marks on one horizontal scale.

Owns the drawing; knows nothing of arms or languages. The same plot is the same bytes. Colours have a contrast of three
to one or more with the ground, light and dark, and every mark tells its numbers (`title`) where a pointer rests on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import NamedTuple

from adaptx.reporting.markup import Element, element

__all__ = ["DARK", "GROUNDS", "LIGHT", "Group", "Line", "Mark", "Plot", "draw"]

# In pairs: an arm without and with an intermediate task have one hue.
LIGHT = ("#4a90d9", "#0b3d91", "#2a9d5c", "#0b5a2a", "#d97706", "#8a3b00", "#8250b5", "#555555")
DARK = ("#3f87d6", "#a8d0ff", "#2f9e5f", "#a5e8be", "#d07a1a", "#ffd29c", "#c29be8", "#aaaaaa")
GROUNDS = ("#ffffff", "#16181c")

WIDTH, RIGHT, LINE, PAD, HEAD, FOOT = 760.0, 24.0, 13.0, 7.0, 20.0, 40.0  # pixels
CHARACTER = 7.0  # pixels, about, of a letter at this size
RADIUS = 3.6
APART = 5.0  # pixels between the marks of one line, which may have equal values
TICKS = 8  # at most


@dataclass(frozen=True, slots=True)
class Mark:
    """One value with its interval, in the unit of the axis; ``hollow`` marks are drawn as rings."""

    value: float
    low: float
    high: float
    told: str
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Marks on one line, in the colour of a series (numbered from 0)."""

    series: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under one label."""

    label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What is drawn. ``name`` is unique on a page; ``series`` are (colour, label) of the legend."""

    name: str
    title: str
    description: str
    axis: str
    groups: tuple[Group, ...]
    series: tuple[tuple[int, str], ...]
    filled: str  # what a filled mark is
    hollow: str  # what a hollow mark is; empty where there are none
    reference: float | None = None  # a value to compare with, drawn as a dashed line


class Scale(NamedTuple):
    """From values to pixels."""

    low: float
    high: float
    step: float
    left: float

    def x(self, value: float) -> float:
        """Return where a value lies, in pixels from the left edge."""
        return self.left + (value - self.low) / (self.high - self.low) * (WIDTH - RIGHT - self.left)

    def ticks(self) -> list[float]:
        """Return the values that the axis names."""
        return [self.low + number * self.step for number in range(round((self.high - self.low) / self.step) + 1)]


def draw(plot: Plot) -> Element:
    """Return the plot as an ``svg`` element, with title and description for those who do not see it."""
    scale, rows = _scale(plot), _legend(plot)
    top = HEAD + LINE * 1.5 * len(rows) + PAD
    bottom = top + sum(_height(group) for group in plot.groups)
    return element(
        "svg",
        element("title", plot.title, id=f"{plot.name}-title"),
        element("desc", plot.description, id=f"{plot.name}-desc"),
        element("style", STYLE),
        element("rect", class_="ground", width=WIDTH, height=bottom + FOOT),
        element("text", plot.title, class_="head", x=8, y=15),
        *(part for number, row in enumerate(rows) for part in _legend_row(row, HEAD + LINE * 1.5 * (number + 0.6))),
        *_axis(plot, scale, top, bottom),
        *_groups(plot, scale, top),
        class_="plot",
        role="img",
        viewBox=f"0 0 {WIDTH:g} {bottom + FOOT:g}",
        width=WIDTH,
        height=bottom + FOOT,
        aria_labelledby=f"{plot.name}-title {plot.name}-desc",
    )


def _scale(plot: Plot) -> Scale:
    """Return a scale from tick to tick around all intervals and the reference."""
    marks = [mark for group in plot.groups for line in group.lines for mark in line.marks]
    edges = [edge for mark in marks for edge in (mark.low, mark.high)]
    edges += [] if plot.reference is None else [plot.reference]
    low, high = min(edges), max(edges)
    rough = max(high - low, 1e-6) / TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(nice * power for nice in (1, 2, 5, 10) if nice * power >= rough)
    low, high = step * floor(low / step), step * ceil(high / step)
    left = 2 * PAD + CHARACTER * max(len(group.label) for group in plot.groups)
    return Scale(low, high if high > low else low + step, step, left)


def _height(group: Group) -> float:
    return LINE * len(group.lines) + 2 * PAD


class Entry(NamedTuple):
    """One entry of the legend: its class, its label, and where it begins, in pixels."""

    kind: str
    label: str
    x: float


def _legend(plot: Plot) -> list[list[Entry]]:
    """Return the legend's entries in rows that fit the width."""
    entries = [(f"s{number % len(LIGHT)}", label) for number, label in plot.series]
    entries += [("plain", plot.filled), ("plain hollow", plot.hollow)] if plot.hollow else []
    rows: list[list[Entry]] = [[]]
    x = 16.0
    for kind, label in entries:
        width = 24 + CHARACTER * len(label)
        if rows[-1] and x + width > WIDTH:
            rows.append([])
            x = 16.0
        rows[-1].append(Entry(kind, label, x))
        x += width
    return rows


def _legend_row(entries: list[Entry], y: float) -> Iterator[Element]:
    for entry in entries:
        yield element("circle", class_=f"dot {entry.kind}", cx=entry.x, cy=y, r=RADIUS)
        yield element("text", entry.label, x=entry.x + 8, y=y + 4)


def _axis(plot: Plot, scale: Scale, top: float, bottom: float) -> Iterator[Element]:
    for tick in scale.ticks():
        x = scale.x(tick)
        yield element("line", class_="grid", x1=x, x2=x, y1=top, y2=bottom)
        yield element("text", f"{tick:g}", class_="tick", x=x, y=bottom + 14)
    if plot.reference is not None:
        x = scale.x(plot.reference)
        yield element("line", class_="reference", x1=x, x2=x, y1=top, y2=bottom)
    yield element("text", plot.axis, class_="tick", x=(scale.left + WIDTH - RIGHT) / 2, y=bottom + 32)


def _groups(plot: Plot, scale: Scale, top: float) -> Iterator[Element]:
    y = top
    for group in plot.groups:
        yield element("line", class_="grid", x1=0, x2=WIDTH, y1=y, y2=y)
        yield element("text", group.label, class_="label", x=scale.left - PAD, y=y + _height(group) / 2 + 4)
        for number, line in enumerate(group.lines):
            middle = y + PAD + LINE * (number + 0.5)
            for place, mark in enumerate(line.marks):
                yield _mark(mark, line.series, scale, middle + APART * (place - (len(line.marks) - 1) / 2))
        y += _height(group)


def _mark(mark: Mark, series: int, scale: Scale, y: float) -> Element:
    kind, x = f"s{series % len(LIGHT)}", scale.x(mark.value)
    return element(
        "g",
        element("title", mark.told),
        element("line", class_=kind, x1=scale.x(mark.low), x2=scale.x(mark.high), y1=y, y2=y),
        element("circle", class_=f"dot {kind}{' hollow' if mark.hollow else ''}", cx=x, cy=y, r=RADIUS),
    )


def _rules(colours: tuple[str, ...], ground: str, ink: str, faint: str) -> str:
    series = "".join(
        f".plot .s{number}{{stroke:{colour}}}.plot .dot.s{number}{{fill:{colour}}}"
        for number, colour in enumerate(colours)
    )
    return (
        f".plot .ground{{fill:{ground}}}.plot text{{fill:{ink}}}.plot .grid{{stroke:{faint}}}"
        f".plot .reference,.plot .plain{{stroke:{ink}}}.plot .dot.plain{{fill:{ink}}}{series}"
        f".plot .dot.hollow{{fill:{ground}}}"
    )


STYLE = (
    ".plot text{font:12px system-ui,sans-serif}.plot .head{font-weight:bold}.plot .tick{text-anchor:middle}"
    ".plot .label{text-anchor:end}.plot line,.plot circle{stroke-width:1.5}.plot .grid{stroke-width:1}"
    ".plot .reference{stroke-dasharray:4 3}"
    + _rules(LIGHT, GROUNDS[0], "#1a1a1a", "#e2e2e2")
    + f"@media (prefers-color-scheme:dark){{{_rules(DARK, GROUNDS[1], '#e6e6e6', '#33363c')}}}"
)
