"""Signals and several processes: a stop is a checkpoint, two commands share work, a launch keeps stdout clean."""

from __future__ import annotations

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adaptx.errors import Exit
from adaptx.store import Store
from adaptx.tables import read_rows

pytestmark = pytest.mark.e2e

TRAIN = (
    *"train --adapter pawsx --source mini:train=800,dev=60 --backbone nano --device cpu --json".split(),
    *"--max-length 64 --max-train 800 --epochs 2 --batch 16 --lr 2e-3".split(),
)


def trained(root: Path) -> dict:
    (record,) = Store(root).all("train")
    return record.manifest["facts"]


def test_sigterm_leaves_a_checkpoint_and_the_same_command_ends_bit_equal(server, tmp_path, results_of) -> None:
    assert server.start(*TRAIN, store=tmp_path / "whole").wait().code == Exit.DONE
    child = server.start(*TRAIN, store=tmp_path / "stopped")
    assert child.comes_to("  dev ")
    child.kill(signal.SIGTERM)
    stopped = child.wait()
    assert stopped.code == Exit.INTERRUPTED, stopped.err
    assert stopped.out == ""
    assert "error: interrupted after step" in stopped.err
    assert "hint: the same command goes on" in stopped.err
    assert len(list((tmp_path / "stopped" / "work").glob("*/resume.safetensors"))) == 1
    assert list(Store(tmp_path / "stopped").all()) == []
    assert server.start(*TRAIN, store=tmp_path / "stopped").wait().code == Exit.DONE
    assert trained(tmp_path / "stopped")["resumed_at"] > 0 == trained(tmp_path / "whole")["resumed_at"]
    assert results_of(tmp_path / "stopped") == results_of(tmp_path / "whole")


def test_of_two_commands_that_want_the_same_one_computes_and_the_other_waits(server, tmp_path) -> None:
    children = [server.start(*TRAIN, store=tmp_path / "runs") for _ in range(2)]
    both = [child.wait() for child in children]
    assert [done.code for done in both] == [Exit.DONE, Exit.DONE]
    assert both[0].json["id"] == both[1].json["id"]
    assert sorted("  train  " in done.err for done in both) == [False, True], "both trained, or none"
    (waiter,) = (done for done in both if "  train  " not in done.err)
    assert "waiting for" in waiter.err
    assert waiter.status == {"pawsx": "reused"}
    assert len(list(Store(tmp_path / "runs").all())) == 1


def test_a_killed_command_is_taken_over_by_the_one_that_waits(server, tmp_path) -> None:
    first = server.start(*TRAIN, store=tmp_path / "runs")
    assert first.comes_to("  train  ")
    second = server.start(*TRAIN, store=tmp_path / "runs")
    assert second.comes_to("waiting for")
    first.kill()
    assert second.wait().code == Exit.DONE
    assert first.wait().code == -signal.SIGKILL
    assert trained(tmp_path / "runs")["trained_parameters"] > 0


def test_two_processes_print_one_object_and_their_stack_decides_the_same_in_one(made, folder, small, adaptx) -> None:
    """The first launch is stopped by SIGTERM while it trains; the second goes on and prints the result."""
    args = ["stack", "squad", "pawsx", "--attack", "charswap", *small, "--json"]
    launch = [str(Path(sys.executable).with_name("adaptx")), *args, "--processes", "2"]
    stopped = stopped_in_training(launch, folder / "err")
    assert (stopped.returncode, stopped.stdout) == (Exit.INTERRUPTED, ""), stopped.stderr
    done = subprocess.run(launch, env=os.environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == Exit.DONE, done.stderr
    told, two = json.loads(done.stdout), Store(folder / "runs")
    assert {step["id"] for step in told["steps"]} == {record.id for record in Store(made).all()}
    assert [(record.manifest["facts"]["processes"]) for record in two.all("train")] == [2, 2]
    assert sum(record.manifest["facts"]["resumed_at"] > 0 for record in two.all("train")) == 1
    assert not any(path.is_dir() for path in (two.root / "work").iterdir())
    one = without_cells(two, folder / "one")
    assert adaptx(*args, "--store", one.root).json["languages"].keys() == told["languages"].keys()
    assert all(shift(one, two, record.id) <= 0.01 for record in two.all() if record.kind != "train")


def stopped_in_training(launch: list[str], err: Path) -> subprocess.CompletedProcess[str]:
    with err.open("w", encoding="utf-8") as told:
        process = subprocess.Popen(launch, env=os.environ, stdout=subprocess.PIPE, stderr=told, text=True)
        while "  dev " not in err.read_text(encoding="utf-8") and process.poll() is None:
            time.sleep(0.01)
        process.terminate()
        out, _ = process.communicate(timeout=300)
    return subprocess.CompletedProcess(launch, process.returncode, out, err.read_text(encoding="utf-8"))


def without_cells(store: Store, root: Path) -> Store:
    """Return a copy of a store that holds the adapters alone."""
    for record in store.all("train"):
        shutil.copytree(record.path, root / record.path.relative_to(store.root))
    return Store(root)


def shift(one: Store, two: Store, step_id: str) -> float:
    """Return the share of rows that came out differently."""
    here, there = (store.get(step_id) for store in (one, two))
    file = "predictions.parquet" if here.kind == "eval" else "outcomes.parquet"
    key = "prediction" if here.kind == "eval" else "status"
    rows = zip(read_rows(here.path / file), read_rows(there.path / file), strict=True)
    return statistics.fmean(a[key] != b[key] for a, b in rows)
