"""The two shapes of heads: which token is read, what the numbers are, always in fp32."""

from __future__ import annotations

import pytest
import torch

from adaptx.model.forms.heads import LabelHead, TokenHead

HIDDEN = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0))


def head(kind, *args, **keywords):
    torch.manual_seed(1)
    return kind(8, *args, **keywords).eval()


@pytest.mark.parametrize("summary", [0, -1])
def test_a_label_head_reads_the_token_that_sums_up_its_sequence_and_no_other(summary):
    made = head(LabelHead, 4, summary=summary)
    expected = made.out(torch.tanh(made.dense(HIDDEN[:, summary])))
    assert torch.equal(made(HIDDEN), expected)
    changed = HIDDEN.clone()
    changed[:, 1:-1] += 1
    changed[:, -1 if summary == 0 else 0] += 1
    assert torch.equal(made(changed), expected)


def test_a_token_head_scores_every_token_alone():
    made = head(TokenHead, 2)
    scores = made(HIDDEN)
    assert scores.shape == (3, 5, 2)
    assert torch.allclose(made(HIDDEN[:1, 2:3]), scores[:1, 2:3])


@pytest.mark.parametrize("made", [head(LabelHead, 4, summary=0), head(TokenHead, 2)])
def test_a_head_computes_in_fp32_whatever_its_encoder_runs_in(made):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = made(HIDDEN.bfloat16())
    assert scores.dtype == torch.float32
    assert torch.equal(scores, made(HIDDEN.bfloat16().float()))
    assert {p.dtype for p in made.parameters()} == {torch.float32}


@pytest.mark.parametrize(("kind", "given"), [(LabelHead, {"summary": 0}), (TokenHead, {})])
def test_dropout_is_a_tenth_while_it_learns_and_none_after(kind, given):
    made = head(kind, 3, **given)
    assert torch.equal(made(HIDDEN), made(HIDDEN))
    made.train()
    assert not torch.equal(made(HIDDEN), made(HIDDEN))
    assert made.dropout.p == 0.1
    assert kind(8, 3, dropout=0.0, **given).dropout.p == 0.0


def test_a_fresh_head_begins_small_and_without_a_bias():
    made = LabelHead(256, 3, summary=0)
    for linear in (made.dense, made.out):
        assert torch.count_nonzero(linear.bias) == 0
        assert float(linear.weight.detach().std()) == pytest.approx(0.02, rel=0.2)
    assert made.out.weight.shape == (3, 256)
