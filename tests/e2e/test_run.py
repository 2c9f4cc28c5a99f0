"""A recipe through the command line: made once, shared with `compare`, reused, and told in a page of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx.errors import Exit
from adaptx.reporting.provenance import GENERATED
from adaptx.store import Store

pytestmark = pytest.mark.e2e

RECIPE = """
why = "to see"
source = "mini:train=48,dev=20,test=20"
backbones = ["nano"]
intermediates = ["squad"]
targets = ["pawsx"]
attacks = ["charswap"]
languages = ["en", "zh"]
max_length = 64
epochs = 1
budget = 2
"""
AS_OPTIONS = (
    *"--source mini:train=48,dev=20,test=20 --backbone nano --attack charswap --languages en,zh".split(),
    *"--max-length 64 --epochs 1 --budget 2 --device cpu".split(),
)
STORE = ("--store", "runs", "--device", "cpu")


def write(folder: Path, text: str = RECIPE, name: str = "study") -> Path:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_recipe_is_made_once_shares_all_with_compare_and_is_told_in_one_page(adaptx, folder) -> None:
    file = write(folder)
    first = adaptx("run", file, *STORE, "--json")
    steps = first.json["steps"]
    assert {step["status"] for step in steps} == {"made"}
    assert len({step["id"] for step in steps}) == len(steps) == 10 + 14 + 14
    assert f"[{len(steps)}/{len(steps)}]" in first.err

    compared = adaptx("compare", "squad", "pawsx", *AS_OPTIONS, "--json").json
    assert {step["id"]: "reused" for step in steps} == {step["id"]: step["status"] for step in compared["steps"]}
    (own,) = first.json["comparisons"]
    assert own == {key: value for key, value in compared.items() if key != "steps"}

    again = adaptx("run", file, *STORE)
    assert again.out.splitlines()[0] == GENERATED
    assert again.out.splitlines()[-1] == f"report: {Path('runs/reports/study/report.html')}"
    assert not any(line.startswith("made:") for line in again.out.splitlines())
    assert again.err.splitlines() == ["store: runs"]
    assert_whole(folder / "runs" / "reports" / "study")

    page = (folder / "runs" / "reports" / "study" / "report.html").read_text(encoding="utf-8")
    told = adaptx("report", file, "--html", "--store", "runs")
    assert f"report: {told.out.strip()}" == again.out.splitlines()[-1]
    assert Path(told.out.strip()).read_text(encoding="utf-8") == page
    assert adaptx("report", file, "--store", "runs").out.startswith(f"**{GENERATED}**")
    assert adaptx("report", file, "--csv", "--store", "runs").out.count(",charswap,") > 0
    assert adaptx("report", file, "--json", "--store", "runs").json["comparisons"] == [own]

    (folder / "adaptx.toml").write_text("max-train = 7\nseed = 3\ndevice = 'cpu'\nstore = 'runs'\n", encoding="utf-8")
    assert set(adaptx("run", file, "--json").status.values()) == {"reused"}, "settings say how, never what"


def assert_whole(place: Path) -> None:
    page = (place / "report.html").read_text(encoding="utf-8")
    assert page.index(GENERATED) < page.index("to see")
    assert [word for word in ("http", "<script", "src=", "href=") if word in page] == []
    assert page.count("<svg") == len(list(place.glob("*.svg"))) == 2


def test_methods_and_control_may_be_left_out_and_the_report_written_elsewhere(adaptx, folder) -> None:
    text = RECIPE.replace('attacks = ["charswap"]', 'methods = ["lora"]\ncontrol = false')
    done = adaptx("run", write(folder, text), *STORE, "--report", "told", "--json").json
    assert set(done["comparisons"][0]["arms"]) == {"lora", "squad → lora"}
    assert done["report"] == str(Path("told/report.html"))
    assert (folder / "told" / "report.html").is_file()
    assert not (folder / "runs" / "reports").exists()
    assert {record.spec["kind"] for record in Store(folder / "runs").all()} == {"train", "eval"}


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (("none.toml",), Exit.MISSING, "no recipe at none.toml"),
        (("wrong.toml",), Exit.USAGE, "wrong.toml has 2 mistakes"),
        (("study.toml", "--report", "mine"), Exit.USAGE, "mine holds thesis.tex"),
    ],
)
def test_what_cannot_be_run_is_told_before_any_work(adaptx, folder, args, code, told) -> None:
    write(folder)
    write(folder, RECIPE.replace("targets", "target"), "wrong")
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.tex").write_text("mine", encoding="utf-8")
    unmade = adaptx("report", "study.toml", "--store", "runs")
    assert (unmade.code, "38 of 38 steps are not in runs" in unmade.err) == (Exit.MISSING, True)
    assert "hint: adaptx run study.toml --store runs" in unmade.err
    done = adaptx("run", *args, *STORE)
    assert (done.code, told in done.err, done.out) == (code, True, ""), done.err
    assert not (folder / "runs").exists()
