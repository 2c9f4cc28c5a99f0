"""What reaches stdout and stderr: the result alone on stdout, everything else on stderr.

Heavy work runs with file descriptor 1 pointed at stderr, because DeepSpeed and its compilers print; the result is
written to the kept descriptor when the work is done.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from adaptx.reporting.result import Result
    from adaptx.store import Store

__all__ = ["emit", "emit_text", "interrupt_on_sigterm", "open_and_announce", "quiet_stdout"]


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
def interrupt_on_sigterm() -> Iterator[None]:
    """Let SIGTERM interrupt like Ctrl-C: work in progress is left resumable and the exit code is 130."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def open_and_announce(path: Path | str | None) -> Store:
    """Open the store (asked for, or found by searching upward) and say where it is, first of all, on stderr."""
    from adaptx import api

    store = api.open_store(path)
    click.echo(f"store: {store.root}", err=True)
    return store


def emit(answer: Result[Any], *, as_json: bool) -> None:
    """Print an answer: as JSON, or as its table."""
    if as_json:
        emit_text(answer.to_json())
    else:
        answer.show()


def emit_text(text: str) -> None:
    """Print a text on stdout."""
    click.echo(text.rstrip("\n"))
