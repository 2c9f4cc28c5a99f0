"""kill -9 at random moments over train, eval and attack: the same command goes on and ends bit-equal.

``ADAPTX_KILLS=200`` is the long mode. Seeds are printed: ``ADAPTX_KILL_SEED`` repeats one.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

KILLS = int(os.environ.get("ADAPTX_KILLS", "20"))
SEED = int(os.environ.get("ADAPTX_KILL_SEED", random.randrange(2**32)))
PHASES = ("train", "eval", "attack")
ARGS = (
    *"stack pawsx --attack charswap --search greedy --backbone nano --device cpu --json".split(),
    *"--source mini:train=600,dev=60,test=100 --languages en,zh".split(),
    *"--max-length 64 --max-train 600 --epochs 2 --batch 16 --lr 2e-3 --max-eval 100 --budget 8".split(),
)


def uninterrupted(server: Any, store: Path) -> dict[str, float]:
    """Make everything without a kill; return the seconds that each phase took, all its steps together."""
    child = server.start(*ARGS, store=store)
    done = child.wait()
    spent = dict.fromkeys(PHASES, 0.0)
    for step in done.json["steps"]:
        spent[step["kind"]] += step["seconds"]
    return spent


def killed_in(phase: str, seconds: float, server: Any, store: Path) -> str | None:
    """Start the command and kill it ``seconds`` into ``phase``; return its last line, None if it had ended before."""
    child = server.start(*ARGS, store=store)
    if child.comes_to(f"  {phase}"):
        time.sleep(seconds)
    told = child.err.splitlines()[-1]
    child.kill()
    return told if child.wait().code < 0 else None


def test_killed_at_random_moments_it_ends_with_the_same_bits(server, tmp_path, results_of) -> None:
    """Several kills share a store; what they leave in ``work`` is used up by the run that goes on."""
    spent = uninterrupted(server, tmp_path / "whole")
    expected = results_of(tmp_path / "whole")
    assert len(expected) == 5, "one stack, two cells, two attacks"
    rng = random.Random(SEED)
    print(f"seed {SEED}; uninterrupted: {spent}")  # noqa: T201 - shown when it fails
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        store = tmp_path / f"killed-{rounds}"
        for phase in sorted(rng.choices(PHASES, k=4), key=PHASES.index):
            told = killed_in(phase, rng.uniform(0, spent[phase]), server, store)
            print(f"round {rounds}: aimed at {phase}, killed at: {told}")  # noqa: T201 - as above
            if told is None:
                break
            kills += 1
        finished = server.start(*ARGS, store=store).wait()
        assert finished.code == 0, finished.err
        assert results_of(store) == expected, f"seed {SEED}, round {rounds}"
        assert [path.name for path in (store / "work").iterdir() if path.is_dir()] == []
        assert server.start("verify", "--json", store=store).wait().json["checked"] == len(expected)
