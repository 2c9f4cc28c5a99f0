"""What `why` answers: the nearest other step of the same kind, and the fields in which it differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adaptx.results.summaries import why_result
from adaptx.store import StoredStep


def step(name: str, kind: str = "eval", **spec: Any) -> StoredStep:
    return StoredStep(id=name, kind=kind, path=Path(name), spec=spec, manifest={"facts": {"name": f"step {name}"}})


def test_why_names_the_fields_that_differ_from_the_nearest_of_its_kind(shelf: Any) -> None:
    asked = step("asked", rows={"language": "de", "limit": 7}, precision="fp32")
    far = step("far", rows={"language": "fr"}, precision="bf16")
    near = step("near", rows={"language": "fr"}, precision="fp32")
    other = step("other", kind="attack", rows={"language": "de", "limit": 7}, precision="fp32")
    found = why_result(shelf(other, far, asked, near), "asked")
    assert (found["nearest"], found["nearest_name"]) == ("near", "step near")
    assert found["differences"] == [
        {"path": "rows.language", "here": "de", "there": "fr"},
        {"path": "rows.limit", "here": 7, "there": "(not set)"},
    ]


def test_why_of_the_first_of_its_kind_names_no_other(shelf: Any) -> None:
    found = why_result(shelf(step("first"), step("other", kind="train")), "first")
    assert found == {"id": "first", "name": "step first", "nearest": None, "nearest_name": None, "differences": []}
