"""A text is the mean over its own tokens, at unit length; a pair is a bundle of two rows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from adaptx.errors import UsageError
from adaptx.model.forms import Limits
from adaptx.model.forms.collate import collate
from adaptx.model.forms.retrieval import RetrievalModelForm
from adaptx.tasks.example import Example

FORM = RetrievalModelForm()
UNTRAINED, TRAINED = SimpleNamespace(trains_on=()), SimpleNamespace(trains_on=("squad-retrieval",))
LIMITS = Limits(max_length=12)


def examples(*pairs: tuple[str, str]) -> list[Example]:
    return [
        Example(id=str(n), parallel=str(n), group=str(n), language="en", texts={"query": q, "item": i}, languages={})
        for n, (q, i) in enumerate(pairs)
    ]


@pytest.mark.parametrize(("layers", "read"), [(24, 14), (12, 7), (6, 4), (2, 2)])
def test_the_layer_is_that_of_xlmr_large_by_depth(layers, read):
    assert FORM.head(8, UNTRAINED).depth(layers, None) == read
    assert FORM.head(8, TRAINED).depth(layers, None) == layers
    assert FORM.head(8, UNTRAINED).depth(layers, 0) == 0


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="--layer 13, but the backbone has 12"):
        FORM.head(8, UNTRAINED).depth(12, 13)


def test_padding_has_no_part_in_the_mean():
    hidden = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    head = FORM.head(8, UNTRAINED)
    found = head(hidden, mask)
    mean = hidden[0, :3].mean(0)
    torch.testing.assert_close(found[0], mean / mean.norm())
    torch.testing.assert_close(found[0], head(hidden[:1, :3], mask[:1, :3])[0])
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))
    assert not list(head.parameters())


def test_a_query_is_encoded_as_an_item_and_cut_at_the_limit(tokenizer):
    long = "The committee met in Paris and nobody agreed " * 5
    asked, alone = (
        FORM.encode(examples((text, "x")), tokenizer, UNTRAINED, LIMITS, targets=False) for text in (long, "x")
    )
    assert len(asked[0]) == 12
    pair = FORM.encode(examples(("y", "x")), tokenizer, UNTRAINED, LIMITS, targets=True)[0]
    assert pair.pieces[1].ids == alone[0].ids
    assert FORM.encode([], tokenizer, UNTRAINED, LIMITS, targets=False) == []


def test_a_micro_batch_holds_both_sides_of_each_pair_and_equal_items_share_a_name(tokenizer):
    features = FORM.encode(
        examples(("one", "the item"), ("two", "another item"), ("three", "the item")),
        tokenizer, TRAINED, LIMITS, targets=True,
    )  # fmt: skip
    batch = collate(features, tokenizer)
    assert len(batch.input_ids) == 6
    names = FORM.names(batch)
    assert names[0] == names[2] != names[1]
    output = torch.arange(6.0)[:, None].expand(6, 4)
    assert FORM.vectors(output, batch)[:, :, 0].tolist() == [[0, 1], [2, 3], [4, 5]]


def test_the_loss_falls_as_pairs_come_together():
    apart = torch.nn.functional.normalize(torch.randn(6, 2, 8, generator=torch.Generator().manual_seed(1)), dim=-1)
    together = apart.clone()
    together[:, 1] = together[:, 0]
    names = torch.arange(6)
    assert float(FORM.contrast(together, names)) < float(FORM.contrast(apart, names))
