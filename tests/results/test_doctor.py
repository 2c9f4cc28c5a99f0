"""What `doctor` finds: packages, plugins, pages, the store, settings; a fault says what to do."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace

import pytest

from adaptx import registry
from adaptx.results import doctor
from adaptx.results.doctor import _products, examine
from adaptx.store import Store
from adaptx.tasks.catalog import task_names


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "deep" / "runs")


@pytest.fixture(autouse=True)
def _nothing_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the processes that import each plugin and torch: tests of the registry and of `_products` have them."""
    monkeypatch.setattr(registry, "faults", lambda _group: [])
    monkeypatch.setattr(doctor, "_products", list)


def found(store: Store) -> dict[str, tuple[str, str]]:
    return {one["check"]: (one["state"], one["detail"]) for one in examine(store)}


def test_findings_come_in_the_order_of_what_stands_on_what(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADAPTX_SEED", "3")
    checks = [one["check"] for one in examine(store)]
    order = ["python", "torch", "adaptx.attacks charswap", "task pages", "store", "environment"]
    assert sorted(order, key=checks.index) == order
    assert all(set(one) == {"check", "state", "detail"} for one in examine(store))


def test_every_package_is_told_with_its_version(store: Store) -> None:
    told = found(store)
    for name in doctor.PACKAGES:
        assert told[name] == ("ok", version(name))


def test_a_package_that_is_missing_is_a_fault_with_its_remedy(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> str:
        if name == "peft":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(doctor, "version", gone)
    told = found(store)
    assert told["peft"] == ("fault", "not installed: pip install peft")
    assert [check for check, (state, _) in told.items() if state == "fault"] == ["peft"]


def test_a_plugin_that_does_not_load_is_a_fault_and_not_a_find(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = (
        SimpleNamespace(group=registry.ATTACKS, name=name, distribution=f"{name}-package", version="2.0", target="m:f")
        for name in ("fine", "broken")
    )
    entries = {registry.ATTACKS: [good, bad]}
    faults = {registry.ATTACKS: [(bad, "ImportError: no module")]}
    monkeypatch.setattr(registry, "entries", lambda group: entries.get(group, []))
    monkeypatch.setattr(registry, "faults", lambda group: faults.get(group, []))
    told = found(store)
    assert told["adaptx.attacks fine"] == ("ok", "fine-package 2.0")
    assert told["adaptx.attacks broken"] == ("fault", "ImportError: no module")


def test_two_packages_under_one_name_are_told_apart(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (
        SimpleNamespace(group=registry.ATTACKS, name="twice", distribution=name, version="1", target="m:f")
        for name in ("first", "second")
    )
    monkeypatch.setattr(registry, "entries", lambda group: [one, other] if group == registry.ATTACKS else [])
    monkeypatch.setattr(registry, "faults", lambda group: [(other, "too late")] if group == registry.ATTACKS else [])
    states = [(f["state"], f["detail"]) for f in examine(store) if f["check"] == "adaptx.attacks twice"]
    assert states == [("ok", "first 1"), ("fault", "too late")]


def test_all_pages_are_read(store: Store) -> None:
    assert found(store)["task pages"] == ("ok", f"{len(task_names())} read")


def test_a_store_that_is_not_made_yet_is_looked_for_and_not_made(store: Store) -> None:
    state, detail = found(store)["store"]
    assert state == "ok"
    assert detail.startswith(f"{store.root}: 0 results, ")
    assert detail.endswith("GB free on its disk")
    assert not store.root.exists()


def test_results_are_counted(tiny_store: Path) -> None:
    assert found(Store(tiny_store))["store"][1].startswith(f"{tiny_store}: 5 results")


def test_settings_in_force_are_noted_by_name(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "environment" not in found(store)
    monkeypatch.setenv("ADAPTX_STORE", "/elsewhere")
    monkeypatch.setenv("ADAPTX_DEVICE", "cpu")
    monkeypatch.setenv("ADAPT_X", "not ours")
    told = [(one["state"], one["detail"]) for one in examine(store) if one["check"] == "environment"]
    assert told == [("note", "ADAPTX_DEVICE=cpu"), ("note", "ADAPTX_STORE=/elsewhere")]


def test_the_command_ends_with_one_where_something_is_wrong(
    store: Store, command_on, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command_on(store.root, "doctor").code == 0
    monkeypatch.setattr(doctor, "PACKAGES", ("torch", "no-such-distribution"))
    done = command_on(store.root, "doctor")
    assert done.code == 1
    assert "no-such-distribution" in done.out
    assert "1 of" in done.err


SLOW = '{"device": "cpu", "machine": "old", "bf16": 7e8, "fp32": 5e10, "bf16_in": "fp32"}\n'


def told(monkeypatch, result):
    def run(*_args, **_how):
        if isinstance(result, Exception):
            raise result
        return subprocess.CompletedProcess([], 0, result, "")

    monkeypatch.setattr(doctor.subprocess, "run", run)
    return _products()


def test_a_machine_with_slow_bf16_is_told_in_one_line(monkeypatch):
    (line,) = told(monkeypatch, SLOW)
    assert (line["check"], line["state"]) == ("matrix products, cpu", "note")
    assert "bf16 0.7 GFLOP/s, fp32 50.0 GFLOP/s (old): --precision bf16 is computed in fp32" in line["detail"]


@pytest.mark.parametrize("fault", [subprocess.TimeoutExpired("x", 1.0), subprocess.CalledProcessError(1, "x"), "not"])
def test_what_cannot_be_measured_is_a_fault_and_no_traceback(monkeypatch, fault):
    (line,) = told(monkeypatch, fault)
    assert (line["check"], line["state"]) == ("matrix products", "fault")
