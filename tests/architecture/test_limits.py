"""A test that hangs is told and ended, whatever it does with signals; one of whole commands has longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HANGS = """
import signal, time

def test_that_waits_for_ever():
    signal.setitimer(signal.ITIMER_REAL, 0)  # as the guard of attacks leaves it
    while True:
        time.sleep(0.01)
"""
E2E_LIMIT = 900


def run(folder: Path, repository: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-c", repository / "pyproject.toml", "--rootdir", folder]
    command += ["-p", "no:cacheprovider", *options, folder]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.parametrize("workers", [(), ("-n", "1", "--max-worker-restart", "0")], ids=["alone", "xdist"])
def test_a_test_that_hangs_is_shown_and_ended(tmp_path: Path, repository: Path, workers: tuple[str, ...]) -> None:
    (tmp_path / "test_hangs.py").write_text(HANGS, encoding="utf-8")
    done = run(tmp_path, repository, "--timeout", "2", "-o", "faulthandler_timeout=1", *workers)
    assert done.returncode != 0
    assert "test_that_waits_for_ever" in done.stdout + done.stderr
    assert 'test_hangs.py", line 7 in test_that_waits_for_ever' in done.stderr  # where every thread was


def test_every_test_has_a_limit_and_whole_commands_a_longer_one(
    request: pytest.FixtureRequest, repository: Path, tmp_path: Path
) -> None:
    limit = float(request.config.getini("timeout"))
    (tmp_path / "conftest.py").write_text((repository / "tests" / "conftest.py").read_text(encoding="utf-8"))
    marked = "import pytest\n\n@pytest.mark.e2e\ndef test_whole(request):\n"
    marked += f"    assert request.node.get_closest_marker('timeout').args == ({E2E_LIMIT},)\n"
    marked += "\n@pytest.mark.e2e\n@pytest.mark.timeout(7)\ndef test_own(request):\n"
    marked += "    assert request.node.get_closest_marker('timeout').args == (7,)\n"
    marked += "\ndef test_other(request):\n    assert request.node.get_closest_marker('timeout') is None\n"
    (tmp_path / "test_marks.py").write_text(marked, encoding="utf-8")
    done = run(tmp_path, repository)
    assert done.returncode == 0, done.stdout
    assert 0 < float(request.config.getini("faulthandler_timeout")) < limit < E2E_LIMIT
