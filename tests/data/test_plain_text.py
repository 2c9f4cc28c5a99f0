"""Lines of one's own text as examples: numbered as in the file, blank ones left out."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from adaptx.data.plain_text import load_text
from adaptx.errors import DataFault, Missing
from adaptx.tasks.mlm import text_file


def test_a_line_is_an_example_by_its_language_and_number(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_text("eins\n\n   \n  drei \nvier", encoding="utf-8")
    loaded = load_text(tmp_path, "de", None)
    assert [(e.id, e.texts["text"]) for e in loaded.examples] == [("de:0", "eins"), ("de:3", "drei"), ("de:4", "vier")]
    for example in loaded.examples:
        assert example.id == example.parallel == example.group
        assert (example.language, example.languages) == ("de", {"text": "de"})
    assert (loaded.n_rows, loaded.quarantined, loaded.dropped) == (3, (), ())


def test_languages_follow_each_other_and_each_has_its_own_limit(tmp_path: Path) -> None:
    for tag in ("de", "sw"):
        (tmp_path / f"{tag}.txt").write_text("".join(f"{tag} {n}\n" for n in range(9)), encoding="utf-8")
    loaded = load_text(tmp_path, "sw,de", 4)
    assert [example.language for example in loaded.examples] == ["sw"] * 4 + ["de"] * 4
    more = load_text(tmp_path, "sw,de", 6)
    assert {example.id for example in loaded.examples} < {example.id for example in more.examples}


def test_a_packed_file_is_read_and_a_plain_one_goes_before_it(tmp_path: Path) -> None:
    (tmp_path / "de.txt.gz").write_bytes(gzip.compress("größer\n".encode()))
    assert load_text(tmp_path, "de", None).examples[0].texts == {"text": "größer"}
    (tmp_path / "de.txt").write_text("kleiner\n", encoding="utf-8")
    assert load_text(tmp_path, "de", None).examples[0].texts == {"text": "kleiner"}


def test_text_of_blank_lines_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_text("\n \n", encoding="utf-8")
    with pytest.raises(DataFault, match=f"the text of de in {tmp_path} is empty"):
        load_text(tmp_path, "de", None)


def test_a_line_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_bytes(b"gut\nschlecht \xe9\n")
    with pytest.raises(DataFault, match="line 2 is not UTF-8"):
        load_text(tmp_path, "de", None)


def test_a_language_without_a_file_is_told_with_those_that_have_one(tmp_path: Path) -> None:
    with pytest.raises(Missing) as caught:
        text_file(tmp_path, "fr")
    assert caught.value.hint == "languages there: none; --mlm-text FOLDER says where text lies"
    for name in ("sw.txt", "de.txt.gz", "notes.md"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(Missing) as caught:
        text_file(tmp_path, "fr")
    assert "looked for" in str(caught.value)
    assert str(tmp_path / "fr") in str(caught.value)
    assert caught.value.hint == "languages there: de, sw; --mlm-text FOLDER says where text lies"
