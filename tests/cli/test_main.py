"""The front door: which exit code an end has, and that errors are one or two lines on stderr."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adaptx import __version__
from adaptx.cli import main as module
from adaptx.cli.main import COMMANDS, main
from adaptx.errors import AdaptxError, Exit, Incompatible, Interrupted, Missing


def test_help_names_every_command_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == Exit.DONE
    out = " ".join(capsys.readouterr().out.split())
    for name, text in COMMANDS.items():
        assert f"{name} {text}" in out or text in out
    for name in COMMANDS:
        assert main([name, "--help"]) == Exit.DONE
        assert f"adaptx {name}" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == Exit.DONE
    assert __version__ in capsys.readouterr().out


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stac"]) == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "error: unknown command 'stac'"
    assert "stack" in err.splitlines()[1]


def test_an_unknown_option_and_a_value_too_few_are_usage_errors(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wrong_seed = ["stack", "squad", "--seed", "x", "--store", str(tmp_path / "runs")]
    for words in (["ls", "tasks", "--jsn"], ["ls"], ["ls", "nonsense"], wrong_seed):
        assert main(words) == Exit.USAGE, words
        out, err = capsys.readouterr()
        assert out == ""
        assert [line for line in err.splitlines() if line.startswith("error: ")]
        assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AdaptxError("failed", hint="do this"), Exit.FAILED),
        (Incompatible("no", hint="do this"), Exit.USAGE),
        (Missing("gone", hint="do this"), Exit.MISSING),
        (Interrupted("stopped", hint="do this"), Exit.INTERRUPTED),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
    ],
)
def test_every_end_has_its_exit_code_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: Exit
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(module.cli, "main", fail)
    assert main(["ls", "tasks"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.splitlines()[1].startswith("hint: ")


def test_debug_shows_where_an_error_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Missing("gone")

    monkeypatch.setattr(module.cli, "main", fail)
    with pytest.raises(Missing):
        main(["--debug", "ls", "tasks"])
    monkeypatch.setenv("ADAPTX_DEBUG", "1")
    with pytest.raises(Missing):
        main(["ls", "tasks"])


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module.cli, "main", fail)
    with pytest.raises(ZeroDivisionError):
        main(["ls", "tasks"])


def test_a_reader_that_went_away_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BrokenPipeError

    kept = os.dup(1)
    monkeypatch.setattr(module.cli, "main", fail)
    try:
        assert main(["ls", "tasks"]) == Exit.DONE
    finally:
        os.dup2(kept, 1)
        os.close(kept)
