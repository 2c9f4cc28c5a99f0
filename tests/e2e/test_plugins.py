"""Attacks from a stranger's package: listed without being imported, refused or contained where they are broken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from adaptx.errors import Exit
from adaptx.store import Store
from adaptx.tables import read_rows

pytestmark = pytest.mark.e2e

PLUGINS = Path(__file__).resolve().parents[1] / "fixtures" / "plugins"
REGISTERED = """
[adaptx.attacks]
cannot-be-imported = raises_at_import:attack
raises = misbehaving:raises
is-no-attack = misbehaving:message
exits = hostile:exits
"""


@pytest.fixture(autouse=True)
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a distribution with broken attacks, as pip would lay it out."""
    site = folder / "site"
    told = site / "stranger-0.1.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 0.1\n", encoding="utf-8")
    (told / "entry_points.txt").write_text(REGISTERED, encoding="utf-8")
    for module in PLUGINS.glob("*.py"):
        (site / module.name).write_bytes(module.read_bytes())
    monkeypatch.syspath_prepend(site)
    for name in ("misbehaving", "raises_at_import"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return site


def test_help_and_lists_neither_fail_nor_import_a_broken_plugin(adaptx) -> None:
    assert adaptx("--help").code == Exit.DONE
    assert adaptx("stack", "--help").code == Exit.DONE
    listed = {row["name"]: row for row in adaptx("ls", "attacks", "--json").json}
    assert {"charswap", "cannot-be-imported", "raises"} <= set(listed)
    assert listed["raises"]["distribution"] == "stranger"
    assert "misbehaving" not in sys.modules
    assert "raises_at_import" not in sys.modules


def test_doctor_marks_a_plugin_that_cannot_be_imported_and_exits_with_1(adaptx) -> None:
    done = adaptx("doctor")
    assert done.code == Exit.FAILED
    (line,) = [line for line in done.out.splitlines() if "cannot-be-imported" in line]
    assert "fault" in line
    assert "checks failed" in done.err


@pytest.mark.parametrize(
    ("attack", "told"),
    [("cannot-be-imported", "this plugin was built for another world"), ("is-no-attack", "is-no-attack")],
)
def test_a_plugin_that_is_no_attack_is_refused_before_anything_is_made(attack, told, adaptx, folder, small) -> None:
    done = adaptx("stack", "pawsx", *small, "--attack", attack)
    assert done.code == Exit.FAILED
    assert told in done.err
    assert "stranger" in done.err
    assert not (folder / "runs" / "store").exists()


TASKS = """
[adaptx.tasks]
raises = raises_at_import:page
leaves = leaves_at_import:page
hangs = hangs_at_import:page
mnli = raises_at_import:page
"""


def test_broken_tasks_are_lines_of_ls_and_doctor_and_hide_no_other(installed: Path, adaptx, monkeypatch) -> None:
    with (installed / "stranger-0.1.dist-info" / "entry_points.txt").open("a", encoding="utf-8") as told:
        told.write(TASKS)
    monkeypatch.syspath_prepend(installed)  # metadata are read once for each path
    monkeypatch.setattr("adaptx.registry.SECONDS", 5.0)
    listed = {line.split()[0]: line for line in adaptx("ls", "tasks").out.splitlines() if line.strip()}
    assert len(listed) > 48
    whole = adaptx("ls", "tasks", "--json")
    assert {"mnli", "squad"} <= {row["name"] for row in whole.json} == {*listed} - {"name", "raises", "leaves", "hangs"}
    assert "fault: task raises: broken: " in whole.err
    assert {name: "broken: " in listed[name] for name in ("raises", "leaves", "hangs", "mnli", "squad")} == {
        **dict.fromkeys(("raises", "leaves", "hangs"), True),
        **dict.fromkeys(("mnli", "squad"), False),
    }
    assert "still ran after" in listed["hangs"]
    assert adaptx("show", "mnli").code == Exit.DONE
    refused = adaptx("stack", "squad", "leaves", "--source", "mini", "--backbone", "nano")
    assert (refused.code, "stranger 0.1" in refused.err) == (Exit.FAILED, True)
    monkeypatch.setattr("adaptx.registry.faults.__kwdefaults__", {"seconds": 10.0})
    lines = [line for line in adaptx("doctor").out.splitlines() if "fault" in line]
    for name in ("adaptx.tasks raises", "adaptx.tasks leaves", "adaptx.tasks hangs", "task mnli"):
        assert any(name in line and "stranger" in line for line in lines), name


def test_an_attack_that_exits_in_a_row_neither_ends_the_run_nor_is_silent(copied, adaptx, small) -> None:
    told = adaptx("stack", "squad", "pawsx", *small, "--attack", "exits", "--json").json
    step = next(step for step in told["steps"] if step["name"] == "pawsx en exits")
    rows = read_rows(Store(copied.root).get(step["id"]).path / "outcomes.parquet")
    assert {row["error"] for row in rows} == {None, "SystemExit: 0"}
    for language in told["languages"].values():
        assert "attack-errors" in language["flags"]
        assert language["attacks"]["exits"]["accuracy"] == language["clean"]


def test_a_row_that_raises_is_an_error_row_and_the_run_goes_on_flagged(copied, adaptx, small) -> None:
    args = ("stack", "squad", "pawsx", *small, "--attack", "raises", "--attack", "charswap", "--json")
    told = adaptx(*args).json
    for language in told["languages"].values():
        assert "attack-errors" in language["flags"]
        assert language["attacks"]["raises"]["accuracy"] == language["clean"], "an error fools nobody"
        assert language["attacks"]["charswap"]["accuracy"] < language["clean"]
    step = next(step for step in told["steps"] if step["name"] == "pawsx en raises")
    record = Store(copied.root).get(step["id"])
    outcomes = read_rows(record.path / "outcomes.parquet")
    errors = [row for row in outcomes if row["status"] == "error"]
    assert errors
    assert {row["error"] for row in errors} == {"KeyError: 'no such letter'"}
    assert record.manifest["facts"]["flags"] == ["plugin-errors"]
