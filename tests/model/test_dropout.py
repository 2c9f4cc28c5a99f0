import pytest
import torch
from torch import nn
from torch.nn import functional

from adaptx.model.dropout import Dropout, random_words, replace_dropout, row_keys


def dropped(p, shape=(64, 1001), dtype=torch.float32, seed=0, rows=None, **how):
    """Ones of ``shape`` after the first dropout of a forward."""
    keys = row_keys(seed, range(shape[0] if shape else 1) if rows is None else rows, "cpu")
    with random_words(keys):
        return Dropout(p, **how)(torch.ones(shape, dtype=dtype))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_asked_share_is_dropped_and_the_rest_scaled(p, dtype):
    out = dropped(p, dtype=dtype)
    assert out.dtype == dtype
    assert (out == 0).float().mean().item() == pytest.approx(p, abs=0.008)  # four standard deviations at p = 0.5
    torch.testing.assert_close(out[out != 0].unique(), torch.tensor([1 / (1 - p)], dtype=dtype), rtol=1e-2, atol=0)


def correlations(samples):
    """The greatest correlation between two of the lines of ``samples``."""
    return (torch.corrcoef(samples) - torch.eye(len(samples))).abs().max()


def test_neighbours_that_share_a_draw_are_dropped_independently():
    out = (dropped(0.5, shape=(4, 50_000)) == 0).float().view(-1, 4)
    assert correlations(out.T) < 0.02


def test_rows_steps_places_and_layers_are_dropped_independently():
    shape = (6, 40, 1000)
    rows = (dropped(0.5, shape) == 0).float()
    assert correlations(rows.flatten(1)) < 0.03
    assert correlations(rows[0]) < 0.16  # 40 lines of 1,000: five standard deviations
    with random_words(row_keys(0, range(6), "cpu")):
        calls = torch.stack([Dropout(0.5)(torch.ones(shape)).flatten() == 0 for _ in range(5)]).float()
    assert correlations(calls) < 0.01
    assert torch.equal(calls[0], rows.flatten())
    steps = torch.stack([dropped(0.5, shape, seed=seed).flatten() == 0 for seed in range(5)]).float()
    assert correlations(steps) < 0.01


@pytest.mark.parametrize("shape", [(), (1,), (3,), (5, 7), (0, 4), (2, 3, 5, 9)])
def test_any_number_of_elements_can_be_dropped(shape):
    assert dropped(0.3, shape=shape).shape == shape


def test_the_same_seed_drops_the_same_units_and_another_does_not():
    assert torch.equal(dropped(0.1), dropped(0.1))
    assert not torch.equal(dropped(0.1), dropped(0.1, seed=1))


@pytest.mark.parametrize("inner", [(7, 30), (4, 7, 7)], ids=["hidden states", "attention"])
def test_a_row_loses_the_same_units_in_any_company_and_however_padded(inner):
    alone = dropped(0.4, (1, *inner), rows=[17])
    padded = dropped(0.4, (3, *(size + 6 if size == 7 else size for size in inner)), rows=[2, 17, 5])
    assert torch.equal(padded[1][tuple(slice(size) for size in inner)], alone[0])
    assert not torch.equal(padded[0], padded[1])


def test_rows_on_the_second_axis_lose_what_they_do_on_the_first():
    plain = dropped(0.4, (3, 7, 12), rows=[2, 17, 5])
    with random_words(row_keys(0, [2, 17, 5], "cpu")):
        turned = Dropout(0.4, tokens_first=True)(torch.ones(7, 3, 12))
    assert torch.equal(turned.transpose(0, 1), plain)


def test_what_belongs_to_no_row_is_dropped_alike_for_all_rows_of_a_step():
    assert torch.equal(dropped(0.4, (50, 8), rows=[1, 2]), dropped(0.4, (50, 8), rows=[3, 4, 5]))
    assert not torch.equal(dropped(0.4, (50, 8), rows=[1, 2]), dropped(0.4, (50, 8), rows=[1, 2], seed=1))
    many = range(50)  # as many rows as the table has lines
    assert torch.equal(dropped(0.4, (50, 8), rows=[1]), dropped(0.4, (50, 8), rows=many, rowless=True))


def test_a_tensor_of_more_axes_than_places_is_refused():
    with pytest.raises(ValueError, match="4 axes"):
        dropped(0.1, (2, 2, 2, 2, 2))


def test_outside_of_a_keyed_forward_torch_draws():
    torch.manual_seed(3)
    expected = nn.Dropout(0.3)(torch.ones(100))
    torch.manual_seed(3)
    with random_words(None):
        assert torch.equal(Dropout(0.3)(torch.ones(100)), expected)


@pytest.mark.parametrize("mask", [None, "bool", "float"])
def test_attention_that_is_written_out_is_torchs_own_but_for_who_draws(mask):
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, 6, 8)
    seen = torch.ones(2, 1, 1, 6, dtype=torch.bool)
    seen[0, ..., 4:] = False
    bias = torch.zeros(2, 1, 1, 6).masked_fill(~seen, torch.finfo(torch.float32).min)
    given = {None: None, "bool": seen, "float": bias}[mask]
    expected = functional.scaled_dot_product_attention(query, key, value, attn_mask=given)
    with random_words(row_keys(0, [0, 1], "cpu")):
        nearly = functional.scaled_dot_product_attention(query, key, value, given, 1e-5)  # drops one in 65,536
        torch.manual_seed(1)
        wet = functional.scaled_dot_product_attention(query, key, value, attn_mask=given, dropout_p=0.5)
    torch.testing.assert_close(nearly, expected, atol=1e-4, rtol=0)
    assert not torch.allclose(wet, expected, atol=0.1)
    with random_words(row_keys(0, [0, 1], "cpu")):
        functional.scaled_dot_product_attention(query, key, value, given, 1e-5)
        again = functional.scaled_dot_product_attention(query, key, value, attn_mask=given, dropout_p=0.5)
    assert torch.equal(wet, again)


def test_torchs_attention_is_back_after_a_forward_that_fails():
    fused = functional.scaled_dot_product_attention

    def fail():
        with random_words(row_keys(0, [0], "cpu")):
            assert functional.scaled_dot_product_attention is not fused
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    assert functional.scaled_dot_product_attention is fused


def test_no_gradient_reaches_a_dropped_unit():
    units = torch.ones(1, 1000, requires_grad=True)
    with random_words(row_keys(0, [0], "cpu")):
        out = Dropout(0.5)(units)
    out.sum().backward()
    assert 0 < (out == 0).sum() < 1000
    assert torch.equal(units.grad, out.detach())


@pytest.mark.parametrize(("p", "expected"), [(0.0, 1.0), (1.0, 0.0)])
def test_the_ends_are_torchs_own(p, expected):
    assert torch.equal(dropped(p), torch.full((64, 1001), expected))


def test_nothing_is_dropped_in_evaluation():
    units = torch.randn(100)
    assert Dropout(0.5).eval()(units) is units


def test_every_dropout_of_a_model_is_replaced_with_its_rate_and_mode():
    model = nn.ModuleDict({"a": nn.Sequential(nn.Dropout(0.1), nn.Linear(2, 2)), "b": nn.Dropout(0.2)}).eval()
    replace_dropout(model, tokens_first=True, rowless="b")
    assert [(type(m), m.p, m.training, m.tokens_first, m.rowless) for m in (model["a"][0], model["b"])] == [
        (Dropout, 0.1, False, True, False),
        (Dropout, 0.2, False, True, True),
    ]
