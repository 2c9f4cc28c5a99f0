"""The answer of a command: a typed value, with its ways out to JSON, a frame and the terminal.

Owns `Result`, and `RunReport` for what has texts and a page of its own. Values are those of `adaptx.schema`; nothing is
printed but by `show`. pandas and rich are imported when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from adaptx.errors import UnknownName
from adaptx.escaping import json_text
from adaptx.schema.commands import RunResult

if TYPE_CHECKING:
    from pandas import DataFrame


__all__ = ["Result", "RunReport"]

Value = TypeVar("Value")
Rows = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Result(Generic[Value]):
    """What a command answers. ``value`` is plain: what ``--json`` prints, as docs/schema describes it."""

    value: Value
    _rows: Callable[[Value], Rows] = field(repr=False)
    _print: Callable[[Value], None] = field(repr=False)
    notes: tuple[str, ...] = field(default=(), kw_only=True)  # what was found wrong on the way and stopped nothing

    def to_json(self) -> str:
        """Return the JSON text of the command."""
        return json_text(self.value)

    def frame(self) -> DataFrame:
        """Return a pandas frame, one row an estimate (or a thing that is listed); scores are fractions."""
        from pandas import DataFrame

        return DataFrame(list(self._rows(self.value)))

    def show(self) -> None:
        """Print the table of the command on stdout."""
        self._print(self.value)

    def _repr_html_(self) -> str:
        """Return the frame as a notebook shows it."""
        html: str = self.frame()._repr_html_()
        return html


@dataclass(frozen=True, slots=True)
class RunReport(Result[RunResult]):
    """All comparisons of a recipe; ``folder`` is where its page is written unless told."""

    folder: Path

    def text(self, form: str = "md") -> str:
        """Return the tables as ``md``, ``latex`` or ``csv``; raise `UnknownName` for another form."""
        from adaptx.reporting import csv, latex, markdown

        forms = {"md": markdown.text_of, "latex": latex.text_of, "csv": csv.text_of}
        if form not in forms:
            raise UnknownName("form", form, forms)
        return forms[form](self.value)

    def write(self, folder: Path | str | None = None) -> str:
        """Write the page with its figures into ``folder``, whole or not at all; return the path of the page.

        Raises `UsageError` for a folder that holds anything but an earlier report.
        """
        from adaptx.reporting import folder as reports
        from adaptx.reporting import html

        self.value["report"] = reports.write(html.files_of(self.value), Path(folder or self.folder))
        return self.value["report"]
