"""A page of one's own, given by path: what was made with it outlives the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adaptx.errors import Exit
from adaptx.mini import suite
from adaptx.store import Store
from adaptx.tasks.catalog import PAGES

pytestmark = pytest.mark.e2e

HOW = "--source rows --backbone nano --device cpu --max-length 64 --max-train 32 --epochs 1 --max-eval 9 --json".split()
FEW = suite.Suite(train=64, dev=64, test=64)
CHANGES = {
    'name = "pawsx"': 'name = "{name}"',
    'trains_on = ["pawsx"]': 'trains_on = ["{name}"]',
    'metric = "accuracy"': 'metric = "f1"',
    'labels = ["0", "1"]': 'labels = ["other", "same"]',
    'folder = "paws-x"': 'folder = "of-mine"',
}


@pytest.fixture
def page(folder: Path) -> Path:
    """Return a path for a page, with rows in ``rows`` that the page would read."""
    for language in ("en", "de"):
        home = folder / "rows" / "of-mine" / language
        home.mkdir(parents=True)
        for split, name in (("train", "train"), ("dev", "validation"), ("test", "test")):
            rows = suite.rows("pawsx", language, split, FEW)
            (home / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder / "page.toml"


def write(page: Path, name: str) -> None:
    text = (PAGES / "pawsx.toml").read_text(encoding="utf-8")
    for theirs, own in CHANGES.items():
        assert theirs in text
        text = text.replace(theirs, own.format(name=name))
    page.write_text(text, encoding="utf-8")


# "pawsx": where only the name is remembered, the catalog's page of another metric answers for this one.
@pytest.mark.parametrize(("name", "languages"), [("mine", ""), ("pawsx", "@de")])
def test_scores_are_recomputed_after_the_page_is_gone(name: str, languages: str, page: Path, adaptx) -> None:
    write(page, name)
    made = adaptx("stack", f"{page}{languages}", *HOW, "--lr", f"{name}=1e-3")
    assert list(made.status) == [f"{name}{languages}", f"{name}{languages} en", f"{name}{languages} de"]
    page.unlink()
    verified = adaptx("verify")
    assert verified.code == Exit.DONE, verified.err
    cell = next(Store(page.parent / "runs").all("eval"))
    assert "f1" in json.loads((cell.path / "scores.json").read_text(encoding="utf-8"))["scores"]


def test_a_submission_is_written_with_the_labels_of_the_page_that_is_gone(page: Path, adaptx) -> None:
    write(page, "pawsx")
    adaptx("stack", str(page), *HOW)
    page.unlink()
    (trained,) = Store(page.parent / "runs").all("train")
    done = adaptx("export", trained.id, "--to", "xtreme", page.parent / "out")
    assert done.code == Exit.DONE, done.err
    lines = (page.parent / "out" / "pawsx" / "test-de.tsv").read_text(encoding="utf-8").split()
    assert set(lines) <= {"other", "same"}


def test_a_step_of_the_catalog_keeps_no_page_and_show_prints_none(page: Path, made: Path, adaptx) -> None:
    assert not list(made.rglob("page.toml"))
    write(page, "mine")
    shown = adaptx("show", "task", page, "--json").json
    assert (shown["name"], "page" in shown) == ("mine", False)
