"""A result has three ways out, JSON, frame and table, and prints nothing before it is asked to."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from adaptx.errors import UnknownName, UsageError
from adaptx.reporting.result import Result


@pytest.fixture
def answer() -> Result[dict[str, object]]:
    return Result(
        {"task": "pawsx", "scores": {"de": 0.5, "zh": 0.25}},
        lambda value: [{"language": tag, "score": score} for tag, score in value["scores"].items()],
        lambda value: click.echo(f"table of {value['task']}"),
    )


def test_json_is_the_value_and_keeps_other_scripts(answer: Result[dict[str, object]]) -> None:
    assert json.loads(answer.to_json()) == answer.value
    assert "中" in Result({"a": "中"}, lambda _: [], click.echo).to_json()


def test_a_frame_has_a_row_an_estimate(answer: Result[dict[str, object]], capsys) -> None:
    frame = answer.frame()
    assert frame.to_dict("records") == [{"language": "de", "score": 0.5}, {"language": "zh", "score": 0.25}]
    assert "<table" in answer._repr_html_()
    assert capsys.readouterr().out == "", "only show prints"


def test_show_prints_the_table(answer: Result[dict[str, object]], capsys) -> None:
    answer.show()
    assert capsys.readouterr().out == "table of pawsx\n"


def test_a_run_has_texts_and_a_page_in_the_folder_that_was_meant(run_report, tmp_path: Path) -> None:
    assert run_report.text().startswith("**Generated world")
    assert run_report.text("latex").startswith("% Generated world")
    assert run_report.text("csv").splitlines()[0].startswith("source,backbone")
    page = run_report.write()
    assert page == str(tmp_path / "study" / "report.html") == run_report.value["report"]
    assert Path(page).is_file()
    assert Path(run_report.write(tmp_path / "other")).parent == tmp_path / "other"


def test_an_unknown_form_is_refused_with_those_there_are(run_report) -> None:
    with pytest.raises(UnknownName, match="'docx'"):
        run_report.text("docx")


def test_a_folder_that_holds_something_else_is_not_replaced(run_report, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(UsageError, match="thesis"):
        run_report.write(tmp_path)
