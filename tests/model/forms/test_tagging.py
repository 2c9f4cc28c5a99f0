"""Alignment, windows and loss of the tagging form, over scripts and families of tokenizers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptx.errors import UsageError
from adaptx.model.forms import NO_TARGET, Limits, heavy_form
from adaptx.model.forms.collate import collate, unpad
from adaptx.tasks.example import Example

FORM = heavy_form("tagging")
TASK = SimpleNamespace(fields={"tokens": True}, labels=("O", "B", "I"))
WIDE = Limits(100_000)
VANISHING = "\ufe0f"  # a variation selector: normalisers of BERT and SentencePiece leave nothing of some such tokens
WORDS = (
    "committee Paris 1995 nobody Brücke größer naïve e\u0301te\u0301 黑豹队的防守 国王は北の町 แมวนั่งอยู่ हिन्दी لكتب "
    "서울은 👩‍👩‍👧 🎉 \u200b \ufe0f \xad"
).split(" ")

tokens_drawn = st.lists(st.sampled_from([*WORDS, "bắt chuyện", "quen quen"]), min_size=1, max_size=20)
over_tokenizers = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def sentence(tokens, tags=()) -> Example:
    texts = {"tokens": "\n".join(tokens)}
    return Example(id="0", parallel="0", group="0", language="en", texts=texts, languages={}, tags=tuple(tags))


def encode(examples, tokenizer, limits=WIDE, *, targets=False):
    return FORM.encode(examples, tokenizer, TASK, limits, targets=targets)


def spaced(tokens, tokenizer):
    """RoBERTa's bytes tell a word by the space before it."""
    is_bytes = "Ġ" in "".join(tokenizer.tokenize("a a"))
    return [f" {token}" for token in tokens] if is_bytes else tokens


@given(tokens=tokens_drawn)
@over_tokenizers
def test_tokens_become_what_the_tokenizer_makes_of_a_sentence_split_into_words(tokenizer, tokens):
    (feature,) = encode([sentence(tokens)], tokenizer)
    encoding = tokenizer(spaced(tokens, tokenizer), is_split_into_words=True).encodings[0]
    firsts: dict[int, int] = {}
    for place, word in enumerate(encoding.word_ids):
        firsts.setdefault(word, place)
    if set(range(len(tokens))) <= set(firsts):  # nothing vanished
        assert list(feature.ids) == encoding.ids
        assert list(feature.detail.firsts) == [firsts[word] for word in range(len(tokens))]
        assert feature.types is None or list(feature.types) == encoding.type_ids
    assert len(feature.detail.firsts) == len(tokens)


@given(tokens=tokens_drawn, length=st.integers(4, 40))
@over_tokenizers
def test_every_token_gets_one_prediction_in_order_whatever_the_window(tokenizer, tokens, length):
    tags = [place % 3 for place in range(len(tokens))]
    features = encode([sentence(tokens, tags)], tokenizer, Limits(length), targets=True)
    assert all(len(feature) <= length for feature in features)
    targets = [tag for feature in features for tag in feature.target if tag != NO_TARGET]
    assert targets == tags
    assert sum(feature.units for feature in features) == len(tokens)
    outputs = [torch.nn.functional.one_hot(torch.tensor(f.target).clamp(min=0), 3).float() * 9 for f in features]
    (found,) = FORM.decode([sentence(tokens, tags)], features, outputs)
    assert list(found.tags) == tags
    assert len(found.gold_log_probabilities) == len(tokens)
    assert max(found.gold_log_probabilities) <= 0.0


def test_a_token_that_the_tokenizer_makes_nothing_of_stands_as_its_unknown_token(tokenizers):
    tokenizer = tokenizers["wordpiece"]
    assert tokenizer(VANISHING, add_special_tokens=False)["input_ids"] == []
    (feature,) = encode([sentence(["nobody", VANISHING, "agreed"])], tokenizer)
    assert feature.ids[feature.detail.firsts[1]] == tokenizer.unk_token_id


def test_a_token_that_an_attack_emptied_still_gets_a_tag(tokenizer):
    (feature,) = encode([sentence(["nobody", "", "agreed"])], tokenizer)
    assert len(feature.detail.firsts) == 3


def test_a_token_longer_than_the_window_keeps_its_first_pieces_and_its_tag(tokenizer):
    long = "committee" * 40
    features = encode([sentence(["nobody", long, "agreed"], [0, 1, 2])], tokenizer, Limits(16), targets=True)
    assert [tag for feature in features for tag in feature.target if tag != NO_TARGET] == [0, 1, 2]
    pieces = tokenizer(spaced([long], tokenizer), is_split_into_words=True, add_special_tokens=False)["input_ids"]
    held = next(feature for feature in features if 1 in feature.target)
    first, room = held.target.index(1), 16 - tokenizer.num_special_tokens_to_add()
    kept = pieces[:room]  # BERT gives up on such a word and makes one unknown token of it
    assert list(held.ids[first : first + len(kept)]) == kept
    assert len(pieces) in {1, *range(room + 1, 400)}


def test_a_sentence_is_split_between_tokens_and_into_no_more_windows_than_it_needs(tokenizer):
    words = ["nobody", "agreed", "in", "Paris"] * 5
    sizes = [
        len(tokenizer([word], is_split_into_words=True, add_special_tokens=False)["input_ids"])
        for word in spaced(words, tokenizer)
    ]
    around = tokenizer.num_special_tokens_to_add()
    features = encode([sentence(words)], tokenizer, Limits(around + max(sizes) * 3))
    held = iter(sizes)
    for feature in features:
        assert sum(next(held) for _ in feature.detail.firsts) == len(feature) - around
    assert next(held, None) is None
    assert len(features) <= -(-sum(sizes) // (max(sizes) * 2 + 1))


def test_a_window_without_room_is_refused_and_untagged_sentences_teach_nothing(tokenizer):
    with pytest.raises(UsageError, match="--max-length 2 leaves no room"):
        encode([sentence(["nobody"])], tokenizer, Limits(2))
    assert encode([sentence(["nobody"])], tokenizer, targets=True) == []


def test_a_sentence_of_a_hundred_thousand_characters_is_tagged_whole(tokenizer):
    features = encode([sentence(["nobody"] * 15_000)], tokenizer, Limits(256))
    assert sum(len(feature.detail.firsts) for feature in features) == 15_000


def test_the_loss_is_a_sum_over_labelled_tokens_without_padding_or_fillers(tokenizer):
    examples = [sentence(["nobody", "agreed"], [0, 1]), sentence(["the", "committee", "met", "in", "Paris"], [2] * 5)]
    features = encode(examples, tokenizer, targets=True)
    batch = collate(features, tokenizer, row_multiple=4)
    random = torch.Generator().manual_seed(3)
    output = torch.randn(*batch.input_ids.shape, 3, generator=random)
    logs = [torch.log_softmax(row, -1) for row in unpad(output, batch)]
    expected = -sum(
        float(log[place, tag])
        for log, feature in zip(logs, features, strict=True)
        for place, tag in enumerate(feature.target)
        if tag != NO_TARGET
    )
    assert float(FORM.loss(output, batch)) == pytest.approx(expected, rel=1e-5)
    assert sum(feature.units for feature in features) == 7


def test_the_head_scores_every_token_for_every_tag():
    assert tuple(FORM.head(16, TASK)(torch.randn(2, 7, 16)).shape) == (2, 7, 3)
    assert FORM.decode([], [], []) == []
