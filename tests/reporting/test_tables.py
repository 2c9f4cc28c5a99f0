"""Tables: the same numbers as the JSON, in points, with intervals and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptx.reporting import tables
from adaptx.reporting.provenance import GENERATED

if TYPE_CHECKING:
    import pytest


def scores(clean: float, **more: object) -> dict[str, object]:
    attack = {
        "accuracy": 0.4,
        "interval": [0.3, 0.5],
        "lost": clean - 0.4,
        "success_rate": 0.25,
        "queries": 8.0,
        "edit_rate": 0.1,
        "no_op_rate": 0.02,
        "random_baseline": 0.45,
    }
    return {
        "clean": clean,
        "interval": [clean - 0.1, clean + 0.1],
        "flags": [],
        "attacks": {"charswap": attack},
        **more,
    }


VALUE = {
    "stack": ["squad", "pawsx"],
    "task": "pawsx",
    "backbone": "nano",
    "method": "lora",
    "source": "mini",
    "seed": 0,
    "split": "test",
    "precision": "fp32",
    "metric": "accuracy",
    "flags": ["de: tiny"],
    "languages": {"en": scores(0.8, n=300, n_clusters=300), "de": scores(0.6, n=100, n_clusters=90, flags=["tiny"])},
    "mean": scores(0.7),
    "mean_zero_shot": scores(0.6),
    "steps": [{"id": "a", "kind": "train", "name": "squad", "status": "reused", "seconds": 0.0}],
}


def test_a_table_has_a_row_per_language_the_means_and_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    tables.print_stack(VALUE)
    told = capsys.readouterr().out
    for wanted in (
        "squad → pawsx on pawsx",
        "80.0 [70.0, 90.0]",
        "mean zero shot",
        "flag: de: tiny",
        "reused: train squad",
    ):
        assert wanted in told


def test_a_result_begins_with_the_world_that_it_is_of(capsys: pytest.CaptureFixture[str]) -> None:
    tables.print_stack(VALUE)
    assert capsys.readouterr().out.splitlines()[0] == GENERATED
    tables.print_stack(VALUE | {"source": "hub"})
    assert capsys.readouterr().out.splitlines()[0] == "Real rows: source hub."


def test_a_mean_without_zero_shot_languages_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    tables.print_stack({**VALUE, "mean_zero_shot": None})
    assert "zero shot" not in capsys.readouterr().out
