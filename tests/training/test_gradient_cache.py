"""Gradients of a contrastive step are those of one big batch, however it is cut."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional
from toy import WIDTH, WORDS, toy_features

from adaptx.model.forms import Feature
from adaptx.model.forms.collate import collate
from adaptx.model.forms.retrieval import RetrievalModelForm
from adaptx.training.engine import Group
from adaptx.training.gradient_cache import Contrastive, accumulate

ALONE = Group(0, 1, "cpu")
FORM = RetrievalModelForm()
TOKENIZER = SimpleNamespace(padding_side="right", pad_token_id=0, pad_token_type_id=0)


class Unit(nn.Module):
    """Vectors of unit length as the form's head gives them, in float64: what is left is not rounding."""

    def __init__(self, *, dropout: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words, self.dense = nn.Embedding(WORDS + 1, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.dropout = nn.Dropout(dropout)
        self.double()

    def forward(self, batch):
        hidden = self.dropout(torch.tanh(self.dense(self.words(batch.input_ids))))
        mask = batch.attention_mask[..., None].double()
        return functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)


def pairs(count: int, *, repeated: int = 0) -> list[Feature]:
    """Pairs of rows of uneven length; the last ``repeated`` have the item of the first."""
    rows = toy_features(2 * count)
    keys = [*range(count - repeated), *(0 for _ in range(repeated))]
    return [Feature(i, (), None, (keys[i],), pieces=(rows[2 * i], rows[2 * keys[i] + 1])) for i in range(count)]


def gradients(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def cut(features: list[Feature], sizes: list[int]) -> list:
    pieces = iter(features)
    return [collate([next(pieces) for _ in range(size)], TOKENIZER, multiple=1) for size in sizes]


def stepped(model: nn.Module, batches: list, *, count: int) -> torch.Tensor:
    model.zero_grad()
    return accumulate(
        FORM, batches, forward=model, backward=lambda loss: loss.backward(), seed=5, units=count, group=ALONE
    )


@pytest.mark.parametrize("sizes", [[12], [5, 4, 3], [1] * 12, [10, 2]], ids=str)
def test_uneven_micro_batches_give_the_gradients_of_one_big_batch(sizes) -> None:
    model, features = Unit(dropout=0.0), pairs(12, repeated=3)
    whole = collate(features, TOKENIZER, multiple=1)
    model.zero_grad()
    loss = FORM.loss(model(whole), whole) / 12
    loss.backward()
    expected = gradients(model)
    found = stepped(model, cut(features, sizes), count=12)
    assert float(found) == pytest.approx(float(loss.detach()), abs=1e-12)
    assert expected.keys() == gradients(model).keys()
    for name, value in gradients(model).items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=1e-12, msg=name)


def test_the_second_pass_drops_the_same_units_as_the_first() -> None:
    model, features = Unit(dropout=0.5), pairs(8)
    batches = cut(features, [3, 5])
    stepped(model, batches, count=8)
    found = gradients(model)
    model.zero_grad()
    vectors = []
    for number, batch in enumerate(batches):
        torch.manual_seed(5 + number)
        vectors.append(FORM.vectors(model(batch), batch))
    names = torch.cat([FORM.names(batch) for batch in batches])
    (FORM.contrast(torch.cat(vectors), names) / 8).backward()
    for name, value in gradients(model).items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-12, msg=name)


def test_a_filler_adds_nothing() -> None:
    model, features = Unit(dropout=0.0), pairs(6)
    filler = collate(features[:1], TOKENIZER, multiple=1)
    filler.weights.zero_()
    plain = stepped(model, cut(features, [6]), count=6)
    expected = gradients(model)
    filled = stepped(model, [*cut(features, [6]), filler], count=6)
    assert float(plain) == float(filled)
    for name, value in gradients(model).items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0, msg=name)


def test_the_same_item_twice_is_no_negative_of_itself() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(4, 2, 8, generator=torch.Generator().manual_seed(0)), dim=-1)
    vectors[3, 1] = vectors[0, 1]
    apart = FORM.contrast(vectors, torch.tensor([0, 1, 2, 3]))
    shared = FORM.contrast(vectors, torch.tensor([0, 1, 2, 0]))
    assert float(shared) < float(apart)


def test_only_retrieval_takes_the_whole_batch() -> None:
    from adaptx.model.forms import FORMS, heavy_form

    assert {name for name in FORMS if isinstance(heavy_form(name), Contrastive)} == {"retrieval"}
