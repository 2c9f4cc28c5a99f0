"""The table of a scored submission: languages, the mean that counts, what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from adaptx.reporting.submission import print_scores

VALUE: Any = {
    "folder": "mine",
    "source": "hub",
    "tasks": {
        "xquad": {
            "metric": "f1",
            "languages": {"en": {"n": 1190, "f1": 0.8, "em": 0.7}, "de": {"n": 1190, "f1": 0.6, "em": 0.4567}},
            "averages": {"avg_f1": 0.7, "avg_exact_match": 0.57835, "avg_metric": 0.639175},
        }
    },
    "overall": {"xtreme": {"qa": 0.639}, "xtreme-r": {}},
    "missing": {"xquad": ["9 of 11 languages, without ar, zh"]},
}


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "200")

    def show(**changes: Any) -> str:
        print_scores(VALUE | changes)
        return capsys.readouterr().out

    return show


def test_every_language_and_the_mean_that_counts_are_in_points(printed: Any) -> None:
    lines = printed().replace("│", " ").replace("┃", " ").splitlines()
    assert any(line.startswith("xquad (f1, source hub, points)") for line in lines)
    (english,) = [line.split() for line in lines if line.split()[:1] == ["en"]]
    (german,) = [line.split() for line in lines if line.split()[:1] == ["de"]]
    assert english == ["en", "1190", "80.0", "70.0"]
    assert german == ["de", "1190", "60.0", "45.7"]
    (mean,) = [line for line in lines if "mean, as XTREME counts it" in line]
    assert "63.9" in mean.split()


def test_the_means_of_a_benchmark_and_what_is_missing_are_told(printed: Any) -> None:
    out = printed()
    assert "xtreme qa: 63.9" in out
    assert "xtreme-r" not in out
    assert "missing: xquad, 9 of 11 languages, without ar, zh; no mean over tasks" in out


def test_numbers_of_the_generated_world_say_so(printed: Any) -> None:
    assert printed(source="mini") != printed(source="hub").replace("source hub", "source mini")
