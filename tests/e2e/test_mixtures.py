"""Several tasks or languages in one layer, through the command line on the embedded world."""

from __future__ import annotations

import json

import pytest

from adaptx.errors import Exit
from adaptx.store import Store

pytestmark = pytest.mark.e2e

SMALL = "--source mini:train=96,dev=30,test=30 --backbone nano --device cpu --max-length 64 --epochs 1".split()
SPOKEN = ("--languages", "en,zh")


def test_an_adapter_learns_a_mixture_and_answers_each_of_its_tasks_with_that_tasks_head(adaptx, folder) -> None:
    on_spans = adaptx("stack", "mnli+squad", "--on", "xquad", *SMALL, *SPOKEN, "--json")
    assert on_spans.status == {"mnli+squad": "made", "xquad en": "made", "xquad zh": "made"}
    on_labels = adaptx("stack", "mnli+squad", "xnli", *SMALL, *SPOKEN, "--json")
    assert on_labels.status["mnli+squad"] == "reused"
    (trained,) = Store(folder / "runs").all("train")
    assert [head["task"] for head in json.loads((trained.path / "head.json").read_text())["heads"]] == ["mnli", "squad"]
    assert trained.manifest["facts"]["rows"] == 192
    assert adaptx("verify").code == Exit.DONE


def test_a_target_is_trained_above_a_mixture(adaptx) -> None:
    done = adaptx("stack", "mnli+squad", "pawsx", *SMALL, *SPOKEN, "--sampling", "temperature:2", "--json")
    assert list(done.status)[:2] == ["mnli+squad", "mnli+squad → pawsx"]
    assert done.json["stack"] == ["mnli+squad", "pawsx"]


def test_training_languages_are_read_from_the_name_and_leave_the_zero_shot_mean(adaptx, folder) -> None:
    chinese = adaptx("stack", "pawsx@zh", *SMALL, *SPOKEN, "--json").json
    assert (chinese["stack"], chinese["mean_zero_shot"]["n_languages"]) == (["pawsx@zh"], 1)
    assert chinese["mean_zero_shot"]["clean"] == chinese["languages"]["en"]["clean"]
    both = adaptx("stack", "pawsx@en,zh", *SMALL, *SPOKEN, "--json").json
    assert both["mean_zero_shot"] is None
    rows = {record.spec["rows"]["language"]: record for record in Store(folder / "runs").all("train")}
    assert rows["en,zh"].manifest["facts"]["rows"] == 2 * rows["zh"].manifest["facts"]["rows"]
    assert adaptx("verify").code == Exit.DONE


def test_a_sampling_that_does_not_exist_is_a_usage_error_with_the_nearest(adaptx) -> None:
    done = adaptx("stack", "mnli+squad", "pawsx", *SMALL, "--sampling", "propotional")
    assert done.code == Exit.USAGE
    assert "proportional" in done.err


def test_masked_language_modelling_over_ones_own_text_is_mixed_below_the_target(adaptx, folder) -> None:
    (folder / "text").mkdir()
    (folder / "text" / "de.txt").write_text("Anna gab dem Kind einen Ball .\n" * 40, encoding="utf-8")
    mixing = ("--mlm", "de:0.5", "--mlm-text", "text")
    done = adaptx("stack", "mnli", "pawsx", *SMALL, *SPOKEN, *mixing, "--json")
    assert list(done.status)[:2] == ["mnli+mlm", "mnli+mlm → pawsx"]
    assert done.json["mean_zero_shot"]["n_languages"] == 1, "unlabelled German is no training language"
    steps = {
        record.manifest["facts"]["name"]: record.manifest["facts"] for record in Store(folder / "runs").all("train")
    }
    assert steps["mnli+mlm"]["steps"] == 2 * steps["mnli+mlm → pawsx"]["steps"]
    again = adaptx("stack", "mnli", "pawsx", *SMALL, *SPOKEN, *mixing, "--json")
    assert set(again.status.values()) == {"reused"}


@pytest.mark.parametrize(
    ("asked", "code", "told"),
    [
        (("--mlm", "de"), Exit.USAGE, "LANG,...:RATE"),
        (("--mlm", "de:1.5"), Exit.USAGE, "between 0 and 1"),
        (("--mlm", "de:0.5"), Exit.MISSING, "--mlm-text FOLDER"),
        (("--mlm", "fr:0.5", "--mlm-text", "."), Exit.MISSING, "no text in 'fr'"),
    ],
)
def test_text_that_is_not_there_or_a_wrong_rate_is_said_before_anything_is_made(
    adaptx, folder, asked, code, told
) -> None:
    done = adaptx("stack", "mnli", "pawsx", *SMALL, *asked)
    assert (done.code, told in done.err) == (code, True), done.err
    assert not list((folder / "runs").glob("work/*"))
