"""A disk that is full, limits and permissions, for a command in a process of its own: a sentence, and nothing is lost.

``ADAPTX_FAULTS=long`` tries every limit, a small disk among them where this process may mount one.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adaptx.errors import Exit
from adaptx.store import Store

IS_LONG = os.environ.get("ADAPTX_FAULTS") == "long"
pytestmark = pytest.mark.timeout(7200 if IS_LONG else 300)
NOBODY = 65534
long_only = pytest.mark.skipif(not IS_LONG, reason="ADAPTX_FAULTS=long")


def command(*words: str, before: Callable[[], None] | None = None, out: object = subprocess.PIPE):
    return subprocess.run(
        [sys.executable, "-c", "from adaptx.cli.main import run; run()", *words],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=before,
    )


def limited(kind: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(kind, (most, most))


def told(done) -> str:
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == Exit.FAILED, done.stderr
    assert len(errors) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return errors[0]


def whole(store: Path, tiny: tuple[str, ...], results_before: dict[str, str]) -> None:
    """Carry the command out without a limit: what was there is as it was, and all of it can be verified."""
    assert command("stack", "pawsx", *tiny, "--store", str(store)).returncode == Exit.DONE
    assert command("verify", "--store", str(store)).returncode == Exit.DONE
    assert results_before.items() <= digests(store).items()


def digests(store: Path) -> dict[str, str]:
    return {
        f"{record.id}/{name}": file["sha256"]
        for record in Store(store).all()
        for name, file in record.manifest["files"].items()
    }


@long_only
@pytest.mark.parametrize("most", [2_000, 20_000, 200_000])
def test_a_limit_of_file_sizes(most: int, tmp_path: Path, tiny) -> None:
    done = command(
        "stack", "pawsx", *tiny, "--store", str(tmp_path / "runs"), before=limited(resource.RLIMIT_FSIZE, most)
    )
    assert "larger than is allowed" in told(done)
    whole(tmp_path / "runs", tiny, digests(tmp_path / "runs"))


def test_a_full_disk_behind_stdout(tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        assert "the disk is full" in told(command("ls", "tasks", out=full))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_store_that_may_not_be_written(tmp_path: Path, tiny_copy: Path, tiny) -> None:
    for path in (tiny_copy, *tiny_copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for parent in (tiny_copy, *tiny_copy.parents[:-2]):
        parent.chmod(0o755)

    def become() -> None:
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    try:
        can_run = command("ls", "backbones", before=become).returncode == Exit.DONE
    except PermissionError:
        can_run = False
    if not can_run:
        pytest.skip("another user cannot run this interpreter")
    done = command("stack", "pawsx", *tiny, "--seed", "1", "--store", str(tiny_copy), before=become)
    assert f"not permitted: {tiny_copy}" in told(done)
    assert command("verify", "--store", str(tiny_copy), before=become).returncode == Exit.DONE


@long_only
@pytest.mark.parametrize("most", [24, 32, 48, 64])
def test_a_limit_of_open_files(most: int, tmp_path: Path, tiny) -> None:
    store = tmp_path / "runs"
    done = command("stack", "pawsx", *tiny, "--store", str(store), before=limited(resource.RLIMIT_NOFILE, most))
    if done.returncode != Exit.DONE:
        told(done)
        whole(store, tiny, digests(store))


@long_only
@pytest.mark.parametrize("most", [1_100_000_000, 1_600_000_000, 2_500_000_000, 4_000_000_000])
def test_a_limit_of_memory(most: int, tmp_path: Path, tiny) -> None:
    store = tmp_path / "runs"
    done = command("stack", "pawsx", *tiny, "--store", str(store), before=limited(resource.RLIMIT_AS, most))
    if done.returncode != Exit.DONE:
        told(done)
        whole(store, tiny, digests(store))


@long_only
@pytest.mark.parametrize("kilobytes", [20, 100, 300, 600, 1000])
def test_a_disk_that_is_full(kilobytes: int, tmp_path: Path, tiny) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this process may not mount a disk")
    try:
        done = command("stack", "pawsx", *tiny, "--store", str(disk / "runs"))
        assert "the disk is full" in told(done) or done.returncode == Exit.DONE
        shutil.copytree(disk / "runs", tmp_path / "runs")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    whole(tmp_path / "runs", tiny, digests(tmp_path / "runs"))
