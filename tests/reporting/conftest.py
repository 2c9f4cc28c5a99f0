"""Results as `adaptx run --json` gives them: small, and with texts that must be escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adaptx.reporting import comparison as comparison_tables
from adaptx.reporting import frames
from adaptx.reporting.result import RunReport

ARMS = {
    "lora": ("lora", None, False, 0.60),
    "<s> → lora": ("lora", "<s>", False, 0.70),
    "full": ("full", None, False, 0.65),
    "<s> → full": ("full", "<s>", False, 0.60),
    "lora rank 32": ("lora", None, True, 0.62),
}


def estimate(value: float) -> dict[str, Any]:
    return {"value": value, "these_models": [value - 0.05, value + 0.05], "a_new_seed": None}


def scores(value: float) -> dict[str, Any]:
    def measured(value: float) -> dict[str, Any]:
        languages = {"en": estimate(value + 0.1), "de": estimate(value - 0.1)}
        return {"mean": estimate(value), "mean_zero_shot": estimate(value - 0.1), "languages": languages}

    return {"clean": measured(value), "charswap": measured(value / 2)}


def effect(method: str, value: float) -> dict[str, Any]:
    weights = {f"<s> → {method}": 1, method: -1}
    return {"name": " - ".join(weights), "weights": weights, "scores": scores(value)}


def comparison(**fields: Any) -> dict[str, Any]:
    arms = {
        name: {
            "method": method,
            "intermediate": below,
            "control": control,
            "learning_rates_tried": 1,
            "flags": ["en: tiny", "de: tiny", "de: chance"] if control else [],
            "scores": scores(value),
        }
        for name, (method, below, control, value) in ARMS.items()
    }
    flags = ["few-seeds", *(f"lora rank 32: {flag}" for flag in arms["lora rank 32"]["flags"])]
    value = {
        "intermediate": "<s>",
        "target": "pawsx",
        "metric": "accuracy",
        "chance": 0.5,
        "split": "test",
        "backbone": "nano",
        "backbone_revision": "mini:1",
        "source": "mini",
        "precision": "fp32",
        "languages": ["en", "de"],
        "seeds": [0],
        "arms": arms,
        "flags": flags,
        "notes": ["one seed"],
        "effects": [effect("lora", 0.1), effect("full", -0.05)],
        "differences": [],
        "controls": [],
        "success_rates": {},
        "mixed_how": {},
    }
    return value | fields


@pytest.fixture(name="comparison")
def _comparison() -> Any:
    return comparison


@pytest.fixture
def result() -> dict[str, Any]:
    step = {"id": "a" * 64, "kind": "train", "name": "<s> → pawsx", "status": "made", "seconds": 2.0}
    return {
        "recipe": "study",
        "why": 'Does <s> help & "hold"?',
        "text": 'why = "<b>"',
        "source": "mini",
        "commands": ["adaptx run study.toml"],
        "versions": {"adaptx": ["0.1.0"], "torch": ["2.6", "2.7"]},
        "comparisons": [comparison()],
        "steps": [step, step | {"id": "b" * 64, "status": "reused"}],
        "report": "reports/study/report.html",
    }


@pytest.fixture
def run_report(result: dict[str, Any], tmp_path: Path) -> RunReport:
    del result["report"]
    return RunReport(result, frames.rows_of_run, comparison_tables.print_run, tmp_path / "study")
