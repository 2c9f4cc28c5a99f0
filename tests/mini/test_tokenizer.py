from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from adaptx.mini import NANO_FOLDER
from adaptx.mini.facts import concepts
from adaptx.mini.lessons import STAGES, Lesson
from adaptx.mini.lexicon import language, tags
from adaptx.mini.tokenizer import SPECIAL

NANO = AutoTokenizer.from_pretrained(NANO_FOLDER)


def sentences(tag: str) -> list[str]:
    return [Lesson(index, len(STAGES)).sentence(tag).text for index in range(100)]


@pytest.mark.parametrize("tag", tags())
def test_no_script_is_shattered_into_characters(tag):
    characters = sum(len(text.replace(" ", "")) for text in sentences(tag))
    pieces = [piece for text in sentences(tag) for piece in NANO.tokenize(text)]
    assert characters / len(pieces) > 1.4
    assert not [piece for piece in pieces if piece.startswith("<0x")]


@pytest.mark.parametrize("tag", sorted(set(tags()) - {"ja", "ko", "zh"}))  # whose names are few characters
def test_most_names_are_several_pieces_so_that_a_typo_does_not_take_all_of_them(tag):
    words = language(tag).words
    names = [words[person]["head"] for person in concepts()["person"]]
    assert sum(len(NANO.tokenize(name)) > 1 for name in names) >= len(names) / 2


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=20))
def test_every_character_of_every_script_is_reached(text):
    assert NANO.unk_token_id not in NANO(text)["input_ids"]


@given(st.sampled_from(tags()), st.integers(0, 10**6))
def test_a_sentence_is_read_back(tag, index):
    text = Lesson(index, len(STAGES)).sentence(tag).text
    ids = NANO(text, text)["input_ids"]
    assert NANO.decode(ids) == f"<s> {text}</s></s> {text}</s>"


def test_special_pieces_stand_where_xlm_r_has_them(nano: Path):
    assert NANO.convert_tokens_to_ids(list(SPECIAL)) == [0, 1, 2, 3]
    assert NANO.mask_token_id == len(NANO) - 1
