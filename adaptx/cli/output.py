"""What reaches stdout and stderr: the result alone on stdout, everything else on stderr.

Heavy work runs with file descriptor 1 pointed at stderr, because DeepSpeed and its compilers print; the result is
written to the kept descriptor when the work is done.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from adaptx.errors import Interrupted
from adaptx.escaping import LONGEST, one_line, printable

if TYPE_CHECKING:
    from pathlib import Path

    from adaptx.reporting.result import Result
    from adaptx.store import Store

__all__ = ["catch_interrupts", "emit", "emit_text", "open_and_announce", "quiet_stdout", "tell", "tell_faults"]

MOST_LINES = 100


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Point file descriptor 1 at stderr for the time of the block."""
    sys.stdout.flush()
    stdout_copy = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(stdout_copy, 1)
        os.close(stdout_copy)


@contextmanager
def catch_interrupts() -> Iterator[None]:
    """Let SIGTERM interrupt like Ctrl-C: work in progress is left resumable and the exit code is 130.

    A library that swallows the interrupt and fails for it (loading a tokenizer, say) has been interrupted too.
    """
    came: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as in the background of a shell
    numbers = (signal.SIGTERM,) if ignored else (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    except Exception as error:
        if came:
            raise Interrupted("interrupted", hint="the same command goes on from the last checkpoint") from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def tell(text: str) -> None:
    """Print a line, or several, on stderr: printable, none longer than a screen."""
    lines = [one_line(line) if len(line) > LONGEST else printable(line) for line in text.splitlines()]
    shown = (
        lines if len(lines) <= MOST_LINES else [*lines[:MOST_LINES], f"... and {len(lines) - MOST_LINES} lines more"]
    )
    click.echo("\n".join(shown), err=True)


def tell_faults(notes: Iterable[str]) -> None:
    """Print a line on stderr for each fault that did not stop the command."""
    for note in notes:
        tell(note)


def open_and_announce(path: Path | str | None) -> Store:
    """Open the store (asked for, or found by searching upward) and say where it is, first of all, on stderr."""
    from adaptx import api

    store = api.open_store(path)
    tell(f"store: {store.root}")
    return store


def emit(answer: Result[Any], *, as_json: bool) -> None:
    """Print an answer: as JSON, or as its table."""
    if as_json:
        emit_text(answer.to_json())
    else:
        answer.show()
    tell_faults(answer.notes)


def emit_text(text: str) -> None:
    """Print a text on stdout."""
    click.echo(text.rstrip("\n"))
