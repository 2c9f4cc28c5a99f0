"""The folder of a report: whole or as it was, and nobody else's files are lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx.errors import UsageError
from adaptx.reporting.folder import check_place, write


def test_a_report_takes_the_place_of_an_earlier_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "reports" / "study"
    write({"old.svg": "1", "report.html": "1"}, place)
    write({"report.html": "2"}, place)
    assert {path.name: path.read_text() for path in place.iterdir()} == {"report.html": "2"}
    assert list(place.parent.iterdir()) == [place]


@pytest.mark.parametrize("name", ["thesis.tex", "figures/a.svg", ".hidden"])
def test_a_folder_with_anything_else_is_refused_and_untouched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match="would be lost"):
        write({"report.html": "x"}, tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study").write_text("mine")
    with pytest.raises(UsageError, match="would replace a file"):
        check_place(tmp_path / "study")


def test_a_report_that_cannot_be_written_whole_leaves_the_earlier_one(tmp_path: Path) -> None:
    write({"report.html": "1"}, tmp_path / "study")
    with pytest.raises(UnicodeEncodeError):
        write({"a.svg": "x", "report.html": "\ud800"}, tmp_path / "study")
    assert (tmp_path / "study" / "report.html").read_text() == "1"
