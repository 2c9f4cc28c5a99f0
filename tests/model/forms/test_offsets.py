"""Spaces are trimmed from offsets, dropped marks stay with their base."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adaptx.model.forms.offsets import trim, with_marks


@given(st.text(st.sampled_from("ab \n\u3000é黑"), max_size=30), st.data())
def test_a_trimmed_offset_is_what_strip_would_leave(text, data):
    places = st.integers(0, len(text))
    pairs = data.draw(st.lists(st.tuples(places, places).map(sorted), max_size=6))
    offsets = trim(np.array(pairs, dtype=np.int64).reshape(-1, 2), text)
    for (start, end), (low, high) in zip(pairs, offsets, strict=True):
        assert text[low:high] == text[start:end].strip()
        assert start <= low <= high <= end


def test_marks_follow_their_base_up_to_the_next_token():
    text = "हिन्दी e\u0301"
    assert text[: with_marks(text, 5, len(text))] == "हिन्दी"
    assert with_marks(text, 5, 5) == 5
    assert with_marks(text, 8, len(text)) == len(text)
