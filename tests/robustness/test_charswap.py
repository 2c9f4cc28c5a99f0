from __future__ import annotations

# ruff: noqa: RUF001 (letters of many scripts)
import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.robustness.attacks.charswap import charswap
from adaptx.robustness.graphemes import clusters, count_alphabet, nfc, pieces
from adaptx.testing import TEXTS, check_attack

GOLDEN = Path(__file__).parent / "golden" / "charswap.json"
LETTERS = {
    "en": "abcdefgh ABC 12 -'",
    "de": "abcdeßäöüÄ xyz ",
    "fr": "abce\u0301\u0300éèçœ ",
    "es": "abcdñáé ¿¡",
    "zh": "北京是中华人民共和国的，。",
    "ja": "東京タワーはひらがな々ー、",
    "ko": "한국어의수도는\u1112\u1161\u11ab ",
    "th": "กขคงจเแโ\u0e31\u0e34\u0e48\u0e49ำ ",
    "hi": "कखगघ\u093e\u093f\u094d\u0902\u200d\u200c ",
    "ar": "ابتثجح\u064e\u064f\u0651\u0640 ،",
    "ru": "абвгдежзи\u0306ё ",
    "emoji": "ab👨\u200d👩🏽🇩🇪\ufe0f ",
}
TEXT = st.sampled_from(sorted(LETTERS)).flatmap(
    lambda lang: st.tuples(st.just(lang), st.text(st.sampled_from(LETTERS[lang]), max_size=40).map(nfc))
)


def proposals(text: str, operations: str = "swap", seed: int = 0, lang: str = "xx"):
    alphabet = count_alphabet([text])
    return list(charswap(text, rng=Random(seed), lang=lang, alphabet=alphabet, operations=operations))


def applied(text: str, edit) -> str:
    return text[: edit.start] + edit.new + text[edit.end :]


@pytest.mark.slow
@pytest.mark.parametrize("operations", ["swap", "delete", "insert", "substitute", "swap+delete+insert+substitute"])
def test_conforms(operations):
    check_attack(charswap, operations=operations)


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_a_swap_exchanges_two_whole_clusters_of_one_script_and_changes_the_text(sample):
    _, text = sample
    for edit in proposals(text):
        before, after = clusters(text), clusters(applied(text, edit))
        assert applied(text, edit) != text
        assert Counter(before) == Counter(after), "no cluster is made or broken"
        changed = [i for i, (one, two) in enumerate(zip(before, after, strict=True)) if one != two]
        assert len(changed) == 2
        assert changed[1] == changed[0] + 1
        assert len({p.script for p in pieces(text) if set(changed) & set(range(p.first, p.first + p.size))}) == 1


@settings(max_examples=300, deadline=None)
@given(TEXT, st.sampled_from(["delete", "insert", "substitute"]))
def test_every_operation_is_one_cluster_of_the_words_own_script(sample, operation):
    _, text = sample
    before = clusters(text)
    grown = {"delete": -1, "insert": 1, "substitute": 0}[operation]
    scripts = {piece.script for piece in pieces(text)}
    for edit in proposals(text, operation):
        after = applied(text, edit)
        assert len(clusters(after)) == len(before) + grown
        assert {piece.script for piece in pieces(after)} <= scripts
        assert nfc(after) == after


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_digits_punctuation_spaces_and_emoji_stay_where_they_are(sample):
    _, text = sample
    inside = {n for p in pieces(text) for n in range(p.first, p.first + p.size)}
    kept = [(n, cluster) for n, cluster in enumerate(clusters(text)) if n not in inside]
    for edit in proposals(text):
        after = clusters(applied(text, edit))
        assert all(after[n] == cluster for n, cluster in kept)


def test_alphabets_keep_their_first_and_last_letters():
    for edit in proposals("Words remain readable here", "swap+delete+insert+substitute"):
        after = applied("Words remain readable here", edit).split()
        assert [(w[0], w[-1]) for w in after] == [("W", "s"), ("r", "n"), ("r", "e"), ("h", "e")]


def test_twins_are_never_swapped():
    assert proposals("baab") == []
    assert {edit.new for edit in proposals("xbaabx")} == {"ab", "ba"}
    assert proposals("aaaaaa") == []


def test_upper_case_words_get_upper_case_letters():
    edits = proposals("BAHNHOF", "substitute")
    assert edits
    assert all(edit.new.isupper() for edit in edits)


def test_without_an_alphabet_letters_are_not_invented():
    text = "nothing is drawn from nowhere"
    assert list(charswap(text, rng=Random(0), lang="en", alphabet={}, operations="insert+substitute")) == []


def golden() -> list[dict]:
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def computed(case: dict) -> list[list]:
    edits = proposals(case["text"], case["operations"], case["seed"], case["lang"])[:4]
    return [[edit.start, edit.end, edit.new, applied(case["text"], edit)] for edit in edits]


@pytest.mark.parametrize("case", golden(), ids=lambda case: f"{case['lang']}-{case['operations']}-{case['text'][:12]}")
def test_golden_texts_do_not_change_without_a_new_version(case):
    assert computed(case) == case["edits"]


if __name__ == "__main__":  # writes the golden file; only with a new version of the attack
    cases = [
        {"lang": lang, "text": nfc(text), "operations": operations, "seed": 7}
        for operations in ("swap", "swap+delete+insert+substitute")
        for lang, text in TEXTS
    ]
    rows = [{**case, "edits": computed(case)} for case in cases]
    GOLDEN.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
