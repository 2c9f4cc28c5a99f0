"""The generated world through the command line: every task of it, at any size, in languages that real tasks lack."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx.errors import Exit
from adaptx.mini import suite

pytestmark = pytest.mark.e2e

TASKS = sorted({*suite.TASKS, "anli-plus"})
NANO = "--backbone nano --device cpu --json".split()
TINY = "--source mini:train=32,dev=8,test=8 --epochs 1 --max-train 32 --max-eval 8".split()
SPOKEN = ("en", "ja", "ar")  # the first two of them that a task is in, else whatever it is in


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the store of all tasks: what one of them has trained is there for the next."""
    return tmp_path_factory.mktemp("mini") / "runs"


def languages(task: str) -> list[str]:
    there = suite.languages(task) if task in suite.TASKS else ("en",)
    return ([tag for tag in SPOKEN if tag in there] or list(there))[:2]


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_trained_or_its_counterpart_evaluated_and_verified(task: str, shared: Path, adaptx) -> None:
    wanted = languages(task)
    done = adaptx("stack", task, *TINY, *NANO, "--languages", ",".join(wanted), "--store", shared)
    cells = [step for step in done.json["steps"] if step["kind"] == "eval"]
    assert (done.json["source"], list(done.json["languages"])) == ("mini", wanted)
    assert [step["name"] for step in cells] == [f"{task} {tag}" for tag in wanted]
    for told in done.json["languages"].values():
        assert told["n"] == 8
        assert "quarantined" not in told["flags"]
    verified = adaptx("verify", *(step["id"] for step in cells), "--store", shared, "--json").json
    assert [step["faults"] for step in verified["steps"]] == [[]] * len(cells)


def test_the_bare_backbone_finds_translations_in_every_language(adaptx) -> None:
    told = adaptx("stack", "tatoeba", "--source", "mini:test=100", *NANO).json
    assert (told["stack"], list(told["languages"])) == ([], list(suite.languages("tatoeba")))
    assert told["mean"]["clean"] > 0.8
    assert min(language["clean"] for language in told["languages"].values()) > 0.5


def test_a_language_that_a_real_task_lacks_is_there_in_this_world_alone(adaptx, folder: Path) -> None:
    arabic = ("stack", "pawsx", "--languages", "ar", *NANO)
    assert list(adaptx(*arabic, *TINY).json["languages"]) == ["ar"]
    refused = adaptx(*arabic, "--source", "hub", "--store", "other")
    assert (refused.code, refused.out) == (Exit.USAGE, "")
    assert "unknown language of pawsx 'ar'" in refused.err
    assert not (folder / "other" / "store").exists()


CELLS = {"pawsx en", "pawsx ja"}


@pytest.mark.parametrize(
    ("changed", "others"),
    [({"train": 20}, {"pawsx", *CELLS}), ({"dev": 20}, {"pawsx", *CELLS}), ({"test": 20}, CELLS)],
)
def test_a_world_of_another_size_is_another_result(changed: dict[str, int], others: set[str], adaptx) -> None:
    def ids(sizes: dict[str, int]) -> dict[str, str]:
        world = "mini:" + ",".join(f"{split}={size}" for split, size in sizes.items())
        told = adaptx("stack", "pawsx", "--source", world, *NANO, "--languages", "en,ja", "--dry-run").json
        return {step["name"]: step["id"] for step in told["steps"]}

    few = {"train": 30, "dev": 30, "test": 30}
    before, after = ids(few), ids(few | changed)
    assert {name for name, step in after.items() if step != before[name]} == others
