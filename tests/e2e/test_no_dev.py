"""A task without dev rows: nothing chose among its checkpoints, and whoever reads a number of it is told."""

from __future__ import annotations

import json

import pytest

from adaptx.mini import suite

pytestmark = pytest.mark.e2e

HOW = "--source rows --backbone nano --device cpu --max-length 64 --max-train 32 --epochs 1".split()
FLAG = "no-dev: snli"
THERE = {"snli/en/train": "mnli"} | {f"paws-x/en/{split}": "pawsx" for split in ("train", "validation", "test")}


@pytest.fixture(autouse=True)
def rows(folder) -> None:
    for place, like in THERE.items():
        path = folder / "rows" / f"{place}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        told = suite.rows(like, "en", "train", suite.Suite(train=32))
        path.write_text("".join(json.dumps(row) + "\n" for row in told), encoding="utf-8")


@pytest.mark.parametrize(
    "words", [("train", "--adapter", "snli"), ("stack", "snli", "pawsx"), ("compare", "snli", "pawsx")]
)
def test_a_layer_that_no_dev_rows_chose_is_flagged(words: tuple[str, ...], adaptx) -> None:
    told = adaptx(*words, *HOW, "--json").json
    assert [flag for flag in told["flags"] if "no-dev" in flag] == [FLAG]
    assert f"flag: {FLAG}" in adaptx(*words, *HOW).out


def test_of_a_mixture_the_task_without_dev_rows_is_flagged(adaptx) -> None:
    told = adaptx("train", "--adapter", "pawsx+snli", *HOW, "--json").json
    assert (told["flags"], told["best"]["score"] is None) == ([FLAG], False)
