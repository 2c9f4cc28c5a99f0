"""Two texts in one window: how much room there is, and how one is cut to its share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from adaptx.errors import Incompatible, UsageError
from adaptx.model.forms import Limits
from adaptx.model.forms.pairs import pair_room, truncate

TEXTS = ("The committee met in Paris", "Die Brücke über den Fluß", "", "x")


def test_room_is_what_the_frame_leaves(tokenizer):
    frame = tokenizer.num_special_tokens_to_add(pair=True)
    assert pair_room(tokenizer, Limits(64), "a question and a context") == 64 - frame
    assert pair_room(tokenizer, Limits(8 + frame), "both") == 8


def test_a_window_that_holds_next_to_nothing_is_refused_with_a_length_that_works(tokenizer):
    frame = tokenizer.num_special_tokens_to_add(pair=True)
    with pytest.raises(UsageError) as caught:
        pair_room(tokenizer, Limits(7 + frame), "a question and a context")
    assert str(caught.value) == f"--max-length {7 + frame} leaves 7 tokens for a question and a context"
    assert "--max-length 384" in caught.value.hint


def test_a_tokenizer_without_offsets_is_refused():
    slow = SimpleNamespace(is_fast=False)
    with pytest.raises(Incompatible, match="SimpleNamespace gives no offsets, which both need") as caught:
        pair_room(slow, Limits(64), "both")
    assert "tokenizer.json" in caught.value.hint


@pytest.mark.parametrize("longest", [1, 2, 3, 100])
def test_a_text_is_cut_after_so_many_tokens_and_a_short_one_stays(tokenizer, longest):
    for text, cut in zip(TEXTS, truncate(TEXTS, tokenizer, longest), strict=True):
        whole = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert text.startswith(cut)
        if len(whole) <= longest:
            assert cut == text
        else:
            assert 0 < len(cut) <= len(text)  # a word's space may be a token of its own
            ids = tokenizer(cut, add_special_tokens=False)["input_ids"]
            assert ids[: longest - 1] == whole[: longest - 1]
