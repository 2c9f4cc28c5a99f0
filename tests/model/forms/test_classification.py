"""Pairs, the head and the loss of the classification form."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from adaptx.errors import Incompatible
from adaptx.model.forms import Limits, heavy_form
from adaptx.model.forms.collate import collate, unpad
from adaptx.tasks.example import Example, ValuePrediction

FORM = heavy_form("classification")
TASK = SimpleNamespace(fields={"premise": False, "hypothesis": True}, labels=("yes", "maybe", "no"), range=None)


def pair(premise: str, hypothesis: str, label: int | None = 1) -> Example:
    # The hypothesis first: the page's order decides, not the example's.
    texts = {"hypothesis": hypothesis, "premise": premise}
    return Example(id="0", parallel="0", group="0", language="en", texts=texts, languages={}, label=label)


def encode(examples, tokenizer, *, length=64, targets=False, task=TASK):
    return FORM.encode(examples, tokenizer, task, Limits(length), targets=targets)


def test_texts_are_read_in_the_order_of_the_page(tokenizer):
    (feature,) = encode([pair("nobody agreed", "in Paris")], tokenizer)
    assert feature.ids == tuple(tokenizer("nobody agreed", "in Paris")["input_ids"])
    types = tokenizer("nobody agreed", "in Paris").get("token_type_ids")
    assert feature.types == (types and tuple(types))


def test_the_longer_text_is_cut_first(tokenizer):
    (feature,) = encode([pair("nobody agreed " * 40, "in Paris")], tokenizer, length=24)
    short = tokenizer("in Paris", add_special_tokens=False)["input_ids"]
    assert len(feature) == 24
    assert any(list(feature.ids[i : i + len(short)]) == short for i in range(24))


def test_one_text_is_read_alone_and_three_are_refused(tokenizer):
    one = SimpleNamespace(fields={"premise": True}, labels=("a", "b"), range=None)
    (feature,) = encode([pair("nobody", "Paris")], tokenizer, task=one)
    assert feature.ids == tuple(tokenizer("nobody")["input_ids"])
    three = SimpleNamespace(fields={"premise": True, "hypothesis": True, "third": True}, labels=("a", "b"), range=None)
    with pytest.raises(Incompatible, match="3: premise, hypothesis, third"):
        encode([pair("nobody", "Paris")], tokenizer, task=three)


def test_unlabelled_examples_are_left_out_of_training_alone(tokenizer):
    examples = [pair("nobody", "Paris", None), pair("nobody", "agreed", 2)]
    assert [(f.example, f.target) for f in encode(examples, tokenizer, targets=True)] == [(1, (2,))]
    assert [(f.example, f.target) for f in encode(examples, tokenizer)] == [(0, ()), (1, ())]
    assert encode(examples[:1], tokenizer, targets=True) == []


def test_the_head_reads_the_first_token_or_the_last(tokenizer):
    hidden = torch.randn(2, 6, 16, generator=torch.Generator().manual_seed(1))
    for summary, others in ((0, slice(1, None)), (-1, slice(None, -1))):
        head = FORM.head(16, TASK, summary=summary).eval()
        noisy = hidden.clone()
        noisy[:, others] = 7.0
        assert tuple(head(hidden).shape) == (2, 3)
        assert torch.equal(head(hidden), head(noisy))


def test_where_padding_is_on_the_left_the_last_place_holds_the_classifier_token(tokenizers):
    tokenizer = tokenizers["xlnet"]
    features = encode([pair("nobody", "Paris"), pair("nobody agreed in Paris", "Paris")], tokenizer)
    batch = collate(features, tokenizer)
    assert batch.input_ids[:, -1].tolist() == [tokenizer.cls_token_id] * 2


def test_the_head_stays_in_fp32_under_autocast():
    head = FORM.head(16, TASK)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert head(torch.randn(2, 5, 16, dtype=torch.bfloat16)).dtype == torch.float32


def test_the_loss_is_a_sum_over_rows_without_the_fillers(tokenizer):
    features = encode([pair("a", "b", 0), pair("a", "Paris", 2)], tokenizer, targets=True)
    batch = collate(features, tokenizer, row_multiple=8)
    logits = torch.randn(8, 3, generator=torch.Generator().manual_seed(2))
    logs = torch.log_softmax(logits, -1)
    assert float(FORM.loss(logits, batch)) == pytest.approx(-float(logs[0, 0] + logs[1, 2]), rel=1e-5)
    assert len(unpad(logits, batch)) == 2


def test_a_prediction_holds_the_log_probability_of_every_label(tokenizer):
    examples = [pair("a", "b"), pair("a", "Paris")]
    features = encode(examples, tokenizer)
    found = FORM.decode(examples, features, [torch.tensor([0.0, 2.0, 1.0]), torch.tensor([3.0, 2.0, 1.0])])
    assert [prediction.label for prediction in found] == [1, 0]
    for prediction in found:
        assert sum(map(math.exp, prediction.log_probabilities)) == pytest.approx(1.0)
    assert FORM.decode([], [], []) == []


GRADES = SimpleNamespace(fields=TASK.fields, labels=(), range=(1, 5))


def graded(grade: float | None) -> Example:
    return replace(pair("nobody", "Paris", None), grade=grade)


def test_a_grade_is_learnt_as_its_place_in_the_range_and_answered_on_the_pages_scale(tokenizer):
    examples = [graded(1.0), graded(4.0), graded(None)]
    features = encode(examples, tokenizer, targets=True, task=GRADES)
    assert [feature.target for feature in features] == [(0.0,), (0.75,)]
    asked = encode(examples, tokenizer, task=GRADES)
    found = FORM.decode(examples, asked, [torch.tensor([place]) for place in (0.0, 0.5, 1.25)])
    assert found == [ValuePrediction(1.0), ValuePrediction(3.0), ValuePrediction(6.0)]
    assert tuple(FORM.head(16, GRADES)(torch.randn(2, 5, 16)).shape) == (2, 1)


def test_the_loss_of_grades_is_the_squared_error_summed_over_rows_without_the_fillers(tokenizer):
    batch = collate(encode([graded(1.0), graded(4.0)], tokenizer, targets=True, task=GRADES), tokenizer, row_multiple=4)
    output = torch.tensor([[0.5], [0.25], [9.0], [9.0]])
    assert float(FORM.loss(output, batch)) == pytest.approx(0.25 + 0.25)
