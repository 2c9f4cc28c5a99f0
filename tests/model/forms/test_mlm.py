"""Masked language modelling: what is masked, and that a head learns to guess it."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from adaptx.errors import Incompatible
from adaptx.model.forms import NO_TARGET, Limits, heavy_form
from adaptx.tasks.example import Example
from adaptx.tasks.mlm import MLM

if TYPE_CHECKING:
    from adaptx.model.forms.mlm import MaskedHead

FORM = heavy_form("mlm")


class Words:
    """A tokenizer of numbers: token n is n; 1 begins, 2 ends, 3 masks."""

    mask_token_id, padding_side, all_special_ids = 3, "right", (0, 1, 2, 3)

    def __len__(self):
        return 100

    def __call__(self, lines, *, max_length, **_):
        return {"input_ids": [[1, *map(int, line.split()), 2][:max_length] for line in lines]}


def line(number: int, words: int = 60) -> Example:
    text = " ".join(str(10 + (number + word) % 80) for word in range(words))
    name = f"en:{number}"
    return Example(id=name, parallel=name, group=name, language="en", texts={"text": text}, languages={"text": "en"})


def encoded(rows: int = 200, **changes):
    return FORM.encode([line(n, **changes) for n in range(rows)], Words(), MLM, Limits(64), targets=True)


def test_fifteen_of_a_hundred_tokens_are_guessed_of_which_eight_in_ten_are_masked():
    features = encoded()
    kinds = Counter()
    for feature in features:
        original = [1, *(10 + (feature.example + word) % 80 for word in range(60)), 2]
        for seen, target, was in zip(feature.ids, feature.target, original, strict=True):
            assert target in (NO_TARGET, was)
            kinds["kept" if target == NO_TARGET else "mask" if seen == 3 else "same" if seen == was else "other"] += 1
            assert target != NO_TARGET or seen == was
    chosen = kinds["mask"] + kinds["same"] + kinds["other"]
    assert chosen / (200 * 60) == pytest.approx(0.15, abs=0.01)
    assert kinds["mask"] / chosen == pytest.approx(0.8, abs=0.03)
    assert kinds["same"] / chosen == pytest.approx(0.1, abs=0.03)
    assert all(feature.target[0] == feature.target[-1] == NO_TARGET for feature in features)


def test_a_units_of_a_line_are_its_masked_tokens_and_lines_without_one_are_left_out():
    features = encoded(words=1)
    assert 0 < len(features) < 60
    assert {feature.units for feature in features} == {1.0}


def test_what_is_masked_depends_on_the_line_alone():
    whole = {feature.example: feature for feature in encoded()}
    (alone,) = FORM.encode([line(7)], Words(), MLM, Limits(64), targets=True)
    assert (alone.ids, alone.target) == (whole[7].ids, whole[7].target)


def test_a_tokenizer_without_a_mask_is_refused():
    words = Words()
    words.mask_token_id = None
    with pytest.raises(Incompatible, match="no mask token"):
        FORM.encode([line(0)], words, MLM, Limits(64), targets=True)


def joined(heads, width: int = 16) -> MaskedHead:
    torch.manual_seed(0)
    head = FORM.head(width, MLM)
    words = nn.Embedding(100, width).requires_grad_(False)
    head.join(SimpleNamespace(get_input_embeddings=lambda: words), heads)
    return head


def test_the_word_embeddings_are_no_part_of_the_head():
    assert {name for name, _ in joined({}).named_parameters()} == {
        *("dense.weight", "dense.bias", "norm.weight", "norm.bias", "bias")
    }


def test_the_loss_is_a_sum_over_masked_tokens_and_fillers_add_nothing():
    head = joined({})
    targets = torch.tensor([[NO_TARGET, 5, 6], [7, NO_TARGET, NO_TARGET]])
    output = head(torch.randn(2, 4, 16), targets)
    assert output.shape == (3, 100)
    both = FORM.loss(output, SimpleNamespace(targets=targets, weights=torch.ones(2)))
    first = FORM.loss(output, SimpleNamespace(targets=targets, weights=torch.tensor([1.0, 0.0])))
    expected = nn.functional.cross_entropy(output, torch.tensor([5, 6, 7]), reduction="none")
    assert both.item() == pytest.approx(expected.sum().item())
    assert first.item() == pytest.approx(expected[:2].sum().item())


def test_a_head_that_the_backbones_file_holds_is_taken_over():
    kept = {"lm_head.dense.weight": torch.randn(16, 16), "lm_head.bias": torch.randn(100), "other": torch.zeros(1)}
    head = joined(kept)
    assert torch.equal(head.dense.weight, kept["lm_head.dense.weight"])
    assert torch.equal(head.bias, kept["lm_head.bias"])
