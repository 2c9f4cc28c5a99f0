"""What the system refuses is one sentence with exit 1; an interrupt is an interrupt whoever swallowed it."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import click
import pytest

from adaptx.cli.main import guarded, main
from adaptx.cli.output import catch_interrupts
from adaptx.cli.refusals import REFUSALS, system_fault
from adaptx.errors import Exit, Interrupted


class RustError(Exception):
    """As safetensors and tokenizers raise them."""


def raising(error: BaseException):
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize("number", REFUSALS)
def test_every_refusal_of_the_system_is_one_sentence_with_what_and_where(number: int, capsys) -> None:
    code = guarded(raising(OSError(number, os.strerror(number), "/some/store/file")))
    first, *rest = capsys.readouterr().err.splitlines()
    assert code == Exit.FAILED
    assert first == f"error: {REFUSALS[number][0]}: /some/store/file"
    assert rest == ([f"hint: {REFUSALS[number][1]}"] if REFUSALS[number][1] else [])


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RustError("Error while serializing: I/O error: No space left on device (os error 28)"), "the disk is full"),
        (OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left"), "No space left"),
        (RustError("I/O error: Too many open files (os error 24)"), "too many open files"),
        (MemoryError(), "out of memory"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), "out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 20 GiB"), "out of memory"),
        (EOFError("Compressed file ended before the end-of-stream marker was reached"), "Compressed file ended"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "Connection reset"),
    ],
)
def test_libraries_that_hide_a_refusal_are_heard(error: Exception, told: str, capsys) -> None:
    assert guarded(raising(error)) == Exit.FAILED
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), KeyError("x"), ValueError("(os error 99999)")])
def test_a_bug_keeps_its_traceback(error: Exception) -> None:
    assert system_fault(error) is None
    with pytest.raises(type(error)):
        guarded(raising(error))


def test_debug_shows_the_traceback_of_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        guarded((tmp_path / "none").read_text, debug=True)


def test_a_file_that_ends_too_early_is_no_interrupt_although_click_says_so(capsys) -> None:
    @click.command()
    def command() -> None:
        raise EOFError("the file ended")

    assert guarded(lambda: command.main([], standalone_mode=False)) == Exit.FAILED
    assert "the file ended" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_a_library_swallows_and_retells_is_an_interrupt(number: int) -> None:
    def load() -> None:
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt:
            raise ImportError("requires the protobuf library") from None

    before = signal.getsignal(number)
    with pytest.raises(Interrupted), catch_interrupts():
        load()
    assert signal.getsignal(number) is before


def test_an_error_without_an_interrupt_stays_itself_and_an_ignored_signal_stays_ignored() -> None:
    with pytest.raises(ImportError), catch_interrupts():
        raise ImportError("no such library")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with catch_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


PLAN = ("stack", "pawsx", "--source", "mini", "--backbone", "nano", "--dry-run")


@pytest.mark.parametrize(
    "words",
    [
        ("doctor", "--store", "/proc/nope"),
        ("stack", "pawsx", "--source", "mini", "--backbone", "nano", "--store", "/proc/nope"),
        ("stack", "pawsx", "--source", "mini", "--backbone", "nano", "--store", "/dev/null/x"),
        ("show", "x" * 100_000),
        (*PLAN, "--source", "x" * 100_000),
        (*PLAN, "--backbone", "x" * 100_000),
        (*PLAN, "--store", "x" * 100_000),
        ("run", "x" * 100_000),
        ("run", "."),
        ("stack", "x" * 100_000 + ".toml"),
        ("stack", "a\0b"),
        (*PLAN, "--store", "a\0b"),
        (*PLAN, "--source", "a\0b"),
        (*PLAN, "--backbone", "./a\0b"),
        ("run", "a\0b"),
    ],
    ids=lambda words: " ".join(words)[:40].replace("\0", "0"),
)
def test_places_and_names_that_cannot_be_are_told_in_a_sentence(words, capfd, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = main([*words])
    err = capfd.readouterr().err
    if words[0] != "doctor":
        assert code in (Exit.FAILED, Exit.USAGE, Exit.MISSING)
        assert err.count("error: ") == 1
    assert len(err) < 6000
