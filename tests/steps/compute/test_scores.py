"""A number that is not finite is no score, whatever step it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx.errors import AdaptxError
from adaptx.steps.compute.staging import write_scores


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_not_finite_is_refused_and_nothing_is_written(value: float, tmp_path: Path) -> None:
    with pytest.raises(AdaptxError, match=f"pawsx de: f1 = {value} is no score"):
        write_scores(tmp_path, "pawsx de", 3, {"accuracy": 0.5, "f1": value})
    assert list(tmp_path.iterdir()) == []
    write_scores(tmp_path, "pawsx de", 3, {"accuracy": 0.5, "f1": None}, flags=["chance"])
    assert (tmp_path / "scores.json").exists()
