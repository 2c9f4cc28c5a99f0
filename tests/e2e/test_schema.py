"""What commands print of real results is as docs/schema says: `Done.json` checks every value that it reads."""

from __future__ import annotations

import pytest

from adaptx.schema.commands import COMMANDS

pytestmark = pytest.mark.e2e

LINES = {
    "train": "train --adapter squad {small}",
    "stack": "stack squad pawsx --attack charswap {small}",
    "dry-run": "stack squad pawsx --attack charswap --attack charswap:rate=0.5 --dry-run {small}",
    "ls-adapters": "ls adapters",
    "ls-results": "ls results",
    "show": "show {eval}",
    "why": "why {train}",
    "verify": "verify",
    "prune": "prune {attack} --dry-run",
    "export": "export {train} --to peft adapter",
}
ELSEWHERE = {  # read by the tests of
    "test_run": {"compare", "run", "report"},
    "test_export": {"export", "score"},
    "test_hub": {"fetch"},
    "schema/test_commands": {"ls-tasks", "ls-methods", "ls-attacks", "ls-searches", "ls-backbones", "doctor"},
    "reporting/test_csv": {"report-csv"},
}


@pytest.mark.parametrize("name", LINES)
def test_the_json_of_a_command_is_as_published(name: str, copied, adaptx, small) -> None:
    ids = {kind: next(copied.all(kind)).id for kind in ("train", "eval", "attack")}
    done = adaptx(*LINES[name].format(small=" ".join(small), **ids).split(), "--json")
    assert done.schema == name
    assert done.json


@pytest.mark.parametrize("kind", ["train", "attack"])
def test_every_kind_of_step_is_shown_as_published(kind: str, copied, adaptx) -> None:
    assert adaptx("show", next(copied.all(kind)).id, "--json").json["spec"]["kind"] == kind


def test_no_published_schema_is_without_real_output() -> None:
    assert set(LINES).union(*ELSEWHERE.values()) == set(COMMANDS)
