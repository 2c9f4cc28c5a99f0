"""Options of a question: their pairs, their bundle, one softmax over them."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptx.errors import UsageError
from adaptx.model.forms import Limits, heavy_form
from adaptx.model.forms.collate import collate, unpad
from adaptx.tasks.example import Example

FORM = heavy_form("choice")
TASK = SimpleNamespace(fields={"premise": True, "question": False}, labels=("1", "2", "3"))


def asked(*options: str, premise: str = "nobody agreed", label: int | None = 0) -> Example:
    texts = {"premise": premise, "question": "in Paris?"}
    texts |= {f"option{place}": option for place, option in enumerate(options)}
    return Example(id="0", parallel="0", group="0", language="en", texts=texts, languages={}, label=label)


def encode(examples, tokenizer, *, length=64, targets=False):
    return FORM.encode(examples, tokenizer, TASK, Limits(length), targets=targets)


def logits_of(batch):
    """A head's output that depends on a row's own tokens alone."""
    return (batch.input_ids * batch.attention_mask).sum(dim=1, keepdim=True).float() / 500


def test_the_fields_joined_by_a_space_are_read_with_every_option(tokenizer):
    features = encode([asked("yes", "nobody met", "4 July")], tokenizer)
    expected = [tokenizer("nobody agreed in Paris?", option) for option in ("yes", "nobody met", "4 July")]
    assert [list(feature.ids) for feature in features] == [one["input_ids"] for one in expected]
    assert [f.types and list(f.types) for f in features] == [one.get("token_type_ids") for one in expected]
    assert [feature.example for feature in features] == [0, 0, 0]


def test_the_fields_are_cut_before_any_option_and_an_option_at_half_of_the_room(tokenizer):
    short, long = encode(
        [asked("in Paris", "nobody agreed " * 90, premise="the committee " * 90)], tokenizer, length=32
    )
    kept = tokenizer("in Paris", add_special_tokens=False)["input_ids"]
    assert len(short) == 32
    assert any(list(short.ids[i : i + len(kept)]) == kept for i in range(32))
    assert len(long) <= 32
    context = tokenizer("the committee", add_special_tokens=False)["input_ids"]
    assert any(list(long.ids[i : i + len(context)]) == context for i in range(32))


def test_a_window_without_room_is_refused(tokenizer):
    with pytest.raises(UsageError, match="--max-length 8 leaves"):
        encode([asked("yes", "no")], tokenizer, length=8)


def test_a_context_of_a_hundred_thousand_characters_is_cut_and_answered(tokenizer):
    features = encode([asked("yes", "no", premise="nobody " * 15_000)], tokenizer)
    assert [len(feature) for feature in features] == [64, 64]


def test_a_bundle_holds_the_rows_that_are_asked_and_costs_what_they_do(tokenizer):
    examples = [asked("yes", "nobody met in Paris", label=None), asked("yes", "nobody met in Paris", label=1)]
    (bundle,) = encode(examples, tokenizer, targets=True)
    rows = encode(examples[1:], tokenizer)
    assert [(piece.ids, piece.types) for piece in bundle.pieces] == [(row.ids, row.types) for row in rows]
    assert (bundle.example, bundle.target, bundle.units) == (1, (1,), 1.0)
    assert len(bundle) == 2 * max(map(len, rows))
    assert encode(examples[:1], tokenizer, targets=True) == []


def test_the_loss_is_a_sum_over_questions_with_any_number_of_options(tokenizer):
    examples = [asked("yes", "no", label=1), asked("Paris", "4 July 1995", "nobody", label=2)]
    bundles = encode(examples, tokenizer, targets=True)
    batch = collate(bundles, tokenizer, row_multiple=4)
    output = logits_of(batch)
    first, second = torch.log_softmax(output[:2, 0], 0), torch.log_softmax(output[2:5, 0], 0)
    assert float(FORM.loss(output, batch)) == pytest.approx(-float(first[1] + second[2]), rel=1e-5)
    apart = [collate([bundle], tokenizer) for bundle in bundles]
    assert sum(float(FORM.loss(logits_of(one), one)) for one in apart) == pytest.approx(
        float(FORM.loss(output, batch)), rel=1e-5
    )


def test_options_that_are_not_there_have_no_gradient_and_make_no_nan(tokenizer):
    examples = [asked("yes", "no", label=1), asked("Paris", "July", "nobody", label=2)]
    batch = collate(encode(examples, tokenizer, targets=True), tokenizer)
    output = logits_of(batch).requires_grad_()
    FORM.loss(output, batch).backward()
    assert torch.isfinite(output.grad).all()
    assert float(output.grad[:2].sum()) == pytest.approx(0.0, abs=1e-6)


@given(counts=st.lists(st.integers(2, 5), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_questions_asked_together_are_answered_as_if_each_were_asked_alone(tokenizer, counts):
    words = ("yes", "no", "Paris", "July 1995", "nobody agreed at all")
    examples = [asked(*words[:count], premise=f"nobody {count}") for count in counts]
    features = encode(examples, tokenizer)
    batch = collate(features, tokenizer, row_multiple=8)
    found = FORM.decode(examples, features, unpad(logits_of(batch), batch))
    for example, prediction, count in zip(examples, found, counts, strict=True):
        own = encode([example], tokenizer)
        alone = collate(own, tokenizer)
        assert FORM.decode([example], own, unpad(logits_of(alone), alone)) == [prediction]
        assert len(prediction.log_probabilities) == count
        assert sum(map(math.exp, prediction.log_probabilities)) == pytest.approx(1.0)
        assert prediction.log_probabilities[prediction.label] == max(prediction.log_probabilities)


def test_the_head_has_one_output_whatever_the_page(tokenizer):
    assert tuple(FORM.head(16, TASK)(torch.randn(3, 5, 16)).shape) == (3, 1)
    assert FORM.decode([], [], []) == []
