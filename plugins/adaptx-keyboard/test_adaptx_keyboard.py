from random import Random

import pytest
from adaptx_keyboard import LAYOUTS, keyboard, neighbours

from adaptx.robustness.graphemes import clusters
from adaptx.testing import check_attack


def test_conforms():
    check_attack(keyboard)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_conforms_under_a_layout_that_is_not_the_texts(layout):
    check_attack(keyboard, layout=layout)


@pytest.mark.parametrize(
    ("layout", "key", "beside"),
    [
        ("en", "g", "tyfhvb"),
        ("en", "a", "qwsz"),
        ("en", "p", "ol"),
        ("de", "z", "tugh"),
        ("de", "ß", "pü"),
        ("de", "ö", "pülä"),
        ("fr", "a", "ézq"),
        ("fr", "m", "pl\u00f9"),
        ("es", "ñ", "pl"),
        ("ru", "п", "енарми"),
        ("ar", "ب", "قفيلؤر"),
        ("th", "ก", "ำพหดปแ"),
        ("ko", "ㄹ", "ㄱㅅㅇㅎㅊㅍ"),
        ("ko", "ㅗ", "ㅛㅕㅎㅓㅠㅜ"),
    ],
)
def test_neighbours_are_those_of_the_real_board(layout, key, beside):
    assert set(neighbours(layout)[key]) == set(beside)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_neighbourhood_is_mutual_and_no_letter_is_on_two_keys(layout):
    keys = "".join(LAYOUTS[layout]).replace(" ", "")
    assert len(set(keys)) == len(keys)
    beside = neighbours(layout)
    assert all(key in beside[other] for key in beside for other in beside[key])


def test_korean_slip_changes_one_jamo_and_keeps_the_syllable():
    edits = list(keyboard("한국", rng=Random(0), lang="ko"))
    assert {edit.end - edit.start for edit in edits} == {1}
    assert all("가" <= edit.new <= "힣" and edit.new not in "한국" for edit in edits)


def test_case_and_marks_stay():
    edits = list(keyboard("BAHNHOF بُرتُقال", rng=Random(1), lang="de"))
    assert edits
    assert all(edit.new.isupper() for edit in edits)
    arabic = list(keyboard("بُرتُقال", rng=Random(1), lang="ar"))
    assert {len(clusters(edit.new)) for edit in arabic} == {1}
    assert any(edit.new.endswith("\u064f") for edit in arabic)


def test_a_language_without_a_layout_is_left_alone():
    assert list(keyboard("北京是首都", rng=Random(0), lang="zh")) == []
