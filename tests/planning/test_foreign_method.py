"""A method of a stranger's package: one file and one entry point, and it is listed, planned, priced without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

METHOD = """
from adaptx.methods import Method
from adaptx.parameters import Parameter

WIDENED = Method(
    name="widened",
    version=7,
    title="for tests",
    heavy="nowhere:Nothing",
    count=lambda config, values: config["hidden_size"] * values["width"],
    training={"lr": 0.25},
    parameters=(Parameter(name="width", kind=int, default=3),),
)
"""
USE = """
import json, sys
from dataclasses import replace
from pathlib import Path
from adaptx.backbone import config
from adaptx.errors import Incompatible
from adaptx.model.footprint import count
from adaptx.planning import layers
from adaptx.planning.choices import Choices
from adaptx.planning.planner import plan
from adaptx.planning.request import Request
from adaptx.results.listing import list_known
from adaptx.store import Store
from adaptx.tasks.catalog import task_named

choices, store = Choices(source="mini", backbone="nano", method="widened"), Store(Path("runs"))
planned = plan(Request(choices=choices, names=("pawsx",)), store)
spec = planned.plan.layers[0].spec
sized = config(planned.backbone)
told = {
    "listed": [row for row in list_known("methods") if row["name"] == "widened"],
    "method": [spec.method.name, spec.method.version, spec.method.parameters],
    "numbers": [spec.optimisation.lr, spec.optimisation.epochs, spec.optimisation.batch],
    "count": count(sized, spec.method) / sized["hidden_size"],
}
page = task_named("pawsx")
layers.tasks_named = lambda _name: (replace(page, defaults={**page.defaults, "widened": {"width": 5, "epochs": 2}}),)
again = plan(Request(choices=choices, names=("pawsx",)), store).plan.layers[0].spec
told["page"] = [again.method.parameters, again.optimisation.epochs]
try:
    plan(Request(choices=choices, names=("squad", "pawsx")), store)
except Incompatible as error:
    told["stacked"] = str(error)
told["heavy"] = [name for name in ("torch", "transformers", "numpy") if name in sys.modules]
print(json.dumps(told))
"""


@pytest.fixture
def told(tmp_path: Path) -> dict:
    """Install the package as pip would lay it out, plan with it in a process of its own, and return what that says."""
    information = tmp_path / "adaptx_widened-0.3.dist-info"
    information.mkdir()
    (tmp_path / "widened.py").write_text(METHOD, encoding="utf-8")
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: adaptx-widened\nVersion: 0.3\n")
    (information / "entry_points.txt").write_text("[adaptx.methods]\nwidened = widened:WIDENED\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_method_from_a_package_is_listed_planned_and_priced_without_torch(told) -> None:
    assert told["listed"] == [
        {"name": "widened", "distribution": "adaptx-widened", "version": "0.3", "target": "widened:WIDENED"}
    ]
    assert told["method"] == ["widened", 7, {}]
    assert told["numbers"] == [
        0.25,
        5.0,
        32,
    ]  # epochs and batch are the page's, for every method; the rate is its own
    assert told["count"] == 3
    assert told["page"] == [{"width": 5}, 2.0]
    assert "method 'widened' cannot be stacked" in told["stacked"]
    assert told["heavy"] == []
