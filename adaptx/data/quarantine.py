"""Rows that cannot be used: where they stand, why, and how many are too many.

Owns `QuarantinedRow` and the limit; may not read rows. A bad row is counted and listed, never repaired in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adaptx.errors import DataFault, RowFault

__all__ = ["MAX_QUARANTINED", "QuarantinedRow", "bad_row", "check_quarantine"]

MAX_QUARANTINED = 0.01  # share of a split's rows
SHOWN = 500  # characters of a reason


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that is not used: where it stands (upstream row number, from 0), which column, and why."""

    file: str
    row: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file} row {self.row}, field {self.field!r}: {self.reason}"


def bad_row(file: str, row: int, fault: RowFault) -> QuarantinedRow:
    """Return a fault with the place where it stands, in text that any file can hold, of a length that people read."""
    return QuarantinedRow(file, row, _excerpt(fault.field), _excerpt(fault.reason))


def check_quarantine(bad: Sequence[QuarantinedRow], n_rows: int, *, strict: bool) -> None:
    """Raise `DataFault` naming the first of the bad rows, where any is too many or they are above the limit."""
    if bad and (strict or len(bad) > MAX_QUARANTINED * n_rows):
        allowed = "none is allowed with --strict" if strict else f"at most {MAX_QUARANTINED:.0%} may be left out"
        count = f"{len(bad)} of {n_rows} rows" if len(bad) <= n_rows else f"{len(bad)} rows of all files"
        raise DataFault(f"{count} cannot be used, the first is {bad[0]}", hint=f"mend the file: {allowed}")


def _excerpt(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")[:SHOWN]
