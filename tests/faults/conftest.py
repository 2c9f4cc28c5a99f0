"""What the harness of faults counts, told as a table at the end: nothing may end in a traceback, in a wrong result that
looks like a right one, or not at all.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from adaptx.errors import AdaptxError

SECONDS = 20  # that a case may take before it counts as one without end; each takes milliseconds
COUNTS: dict[str, Counter[str]] = defaultdict(Counter)  # area -> outcome -> cases
WRONG = ("traceback", "silently wrong", "unbounded")


class Silent(AssertionError):
    """A damaged input was taken for a good one, or another row for the one that was damaged."""


class Unbounded(BaseException):
    """A case did not end; no handler of the product may catch it."""


@dataclass
class Tally:
    """Runs cases, counts what becomes of them, and keeps what went wrong."""

    area: str
    wrong: list[str] = field(default_factory=list)

    def case(self, name: str, run: Callable[[], str]) -> None:
        """Run one case; ``run`` returns what became of it and raises `Silent` where that is wrong."""
        told = ""
        try:
            with _limited():
                outcome = run()
        except AdaptxError:
            outcome = "refused"
        except Silent as fault:
            outcome, told = "silently wrong", str(fault)
        except Unbounded:
            outcome = "unbounded"
        except Exception as fault:  # noqa: BLE001 - to be counted is what it is caught for
            last = traceback.extract_tb(fault.__traceback__)[-1]
            outcome, told = "traceback", f"{type(fault).__name__}: {fault} at {Path(last.filename).name}:{last.lineno}"
        COUNTS[self.area][outcome] += 1
        if outcome in WRONG:
            self.wrong.append(f"{name}: {outcome} {told[:200]}")


@contextmanager
def _limited() -> Iterator[None]:
    def end(*_: object) -> None:
        raise Unbounded

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def tally() -> Callable[[str], Tally]:
    return Tally


@pytest.fixture(scope="session")
def is_long() -> bool:
    """Return whether every case is tried (``ADAPTX_FAULTS=long``), and not a sample."""
    return IS_LONG


@pytest.fixture(scope="session")
def silent() -> type[Silent]:
    return Silent


IS_LONG = os.environ.get("ADAPTX_FAULTS") == "long"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table of all areas, a column an outcome."""
    if not COUNTS:
        return
    outcomes = [*sorted({kind for counts in COUNTS.values() for kind in counts} - set(WRONG)), *WRONG]
    terminalreporter.section("faults")
    terminalreporter.line("| area | cases | " + " | ".join(outcomes) + " |")
    terminalreporter.line("|---" * (len(outcomes) + 2) + "|")
    for area, counts in [*sorted(COUNTS.items()), ("all", sum(COUNTS.values(), Counter()))]:
        cells = " | ".join(str(counts[kind]) for kind in outcomes)
        terminalreporter.line(f"| {area} | {counts.total()} | {cells} |")
