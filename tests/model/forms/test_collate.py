"""Padding, its side, and fillers."""

from __future__ import annotations

import torch

from adaptx.model.forms import NO_TARGET, Feature
from adaptx.model.forms.collate import collate, unpad


def features(*sizes):
    return [Feature(i, tuple(range(5, 5 + size)), None, (i,)) for i, size in enumerate(sizes)]


def test_rows_and_tokens_are_filled_up_to_their_multiples(tokenizer):
    batch = collate(features(3, 17), tokenizer, row_multiple=8)
    assert tuple(batch.input_ids.shape) == (8, 32)
    assert batch.attention_mask.sum(1).tolist() == [3, 17] * 4
    assert batch.weights.tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert batch.targets.tolist() == [[0], [1]] * 4
    assert batch.token_type_ids is None


def test_the_tokenizer_says_on_which_side_to_pad(tokenizer):
    batch = collate(features(3), tokenizer, multiple=4)
    pad = tokenizer.pad_token_id
    left = tokenizer.padding_side == "left"
    assert batch.input_ids.tolist() == [[pad, 5, 6, 7] if left else [5, 6, 7, pad]]


def test_no_targets_make_an_empty_axis_and_types_are_kept(tokenizers):
    batch = collate([Feature(0, (5, 6), (0, 1))], tokenizers["wordpiece"], multiple=4)
    assert tuple(batch.targets.shape) == (1, 0)
    assert batch.token_type_ids.tolist() == [[0, 1, 0, 0]]


def test_outputs_over_tokens_come_back_without_padding_or_fillers(tokenizer):
    batch = collate(features(3, 5), tokenizer, multiple=4, row_multiple=8)
    output = batch.input_ids[..., None].float().repeat(1, 1, 2)
    rows = unpad(output, batch)
    assert [row[:, 0].tolist() for row in rows] == [[5, 6, 7], [5, 6, 7, 8, 9]]
    assert len(unpad(torch.zeros(8, 3), batch)) == 2


def bundle(example, target, *sizes):
    pieces = tuple(Feature(example, tuple(range(5, 5 + size)), None) for size in sizes)
    return Feature(example, (), None, (target,), pieces=pieces)


def test_the_rows_of_a_bundle_stay_together_and_only_the_longest_pads_them(tokenizer):
    bundles = [bundle(0, 1, 3, 2), bundle(1, 2, 4, 6, 5)]
    batch = collate(bundles, tokenizer, multiple=1, row_multiple=4)
    assert batch.attention_mask.sum(1).tolist() == [3, 2, 4, 6, 5] * 2
    assert batch.input_ids.shape[1] == 6
    assert batch.targets.tolist() == [[1], [2]] * 2
    assert batch.weights.tolist() == [1, 1, 0, 0]
    assert [len(one) for one in bundles] == [6, 18]


def test_targets_of_unequal_length_are_filled_with_what_the_loss_leaves_out(tokenizer):
    sizes = ((0, (5, 6, 7), (1, 2)), (1, (5, 6), ()))
    batch = collate([Feature(row, ids, None, target) for row, ids, target in sizes], tokenizer)
    assert batch.targets.tolist() == [[1, 2], [NO_TARGET, NO_TARGET]]
    assert batch.targets.dtype == torch.long


def test_grades_are_not_cut_to_whole_numbers(tokenizer):
    batch = collate([Feature(0, (5,), None, (0.25,)), Feature(1, (5,), None, (1.0,))], tokenizer)
    assert batch.targets.tolist() == [[0.25], [1.0]]
