from __future__ import annotations

# ruff: noqa: RUF001 (letters of many scripts)
import unicodedata

import pytest

from adaptx.robustness.graphemes import boundaries, clusters, count_alphabet, pieces, rule_of, steady


def words(text: str) -> list[str]:
    found = clusters(text)
    return ["".join(found[p.first : p.first + p.size]) for p in pieces(text)]


def test_boundaries_of_ascii_agree_with_the_general_rule():
    assert boundaries("a b\n") == (0, 1, 2, 3, 4)
    assert boundaries("a\r\nb") == (0, 1, 3, 4), "CR LF is one cluster"
    assert boundaries("") == (0,)


def test_boundaries_are_the_same_for_both_spellings_of_a_letter():
    for text in ("été", "한국어", "ở đâu", "\u0958"):
        composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
        assert len(boundaries(composed)) == len(boundaries(decomposed))


def test_emoji_of_several_code_points_are_one_cluster_and_in_no_word():
    assert len(clusters("👨‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪")) == 4
    assert pieces("👨‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪") == ()


def test_digits_and_punctuation_are_in_no_word_and_end_one():
    assert words("abc12def, 3,4 x-y") == ["abc", "def", "x", "y"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("हिन्दी में", ["हिन्दी", "में"]),  # vowel signs do not cut
        ("اللُّغَةُ", ["اللُّغَةُ"]),  # nor do Arabic marks
        ("ที่นี่", ["ที่นี่"]),
        ("東京タワーは", ["東京", "タワー", "は"]),  # the length mark goes with its kana
        ("iPhone의", ["iPhone", "의"]),
    ],
)
def test_words_are_runs_of_letters_and_marks_of_one_script(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("script", "minimum", "keeps"),
    [
        ("Latin", 4, True),
        ("Cyrillic", 4, True),
        ("Arabic", 3, False),
        ("Hangul", 2, False),
        ("Han", 2, False),
        ("Thai", 2, False),
    ],
)
def test_rule_is_that_of_the_script(script, minimum, keeps):
    rule = rule_of(script)
    assert (rule.minimum, rule.keep_ends) == (minimum, keeps)


@pytest.mark.parametrize(
    ("text", "open_"), [("abc", 0), ("abcd", 2), ("ﻣﺼﺮ", 3), ("مصر", 3), ("في", 0), ("한국", 2), ("北", 0), ("北京", 2)]
)
def test_short_words_stay_closed_and_alphabets_keep_their_ends(text, open_):
    assert sum(len(piece.open) for piece in pieces(text)) == open_


def test_alphabet_is_counted_per_script_lower_cased_and_composed():
    found = count_alphabet(["Äa", "a\u0308 б", "123 👍"])
    assert found == {"Latin": ("a", "ä"), "Cyrillic": ("б",)}


def test_clusters_that_would_join_are_not_steady():
    assert steady("a", ["b"], "c")
    assert not steady("e", ["\u0301"], "x")
    assert not steady("", ["\u1112", "\u1161"], ""), "jamo join into a syllable"
    assert not steady("क्", ["ष"], ""), "a virama joins the consonant that follows"
