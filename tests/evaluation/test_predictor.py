"""Predictions do not depend on company, tokens are made once, counters count."""

from __future__ import annotations

from random import Random

import pytest
import torch

from adaptx.errors import AdaptxError, UsageError
from adaptx.evaluation.predictor import ROWS, SHARED, Predictor


def predictor(model, task, **options) -> Predictor:
    return Predictor(model, task, **{"max_length": 320, **options})


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_scores_are_bit_equal_in_any_order_batch_size_and_company(cell, tiny, dtype):
    task, examples = cell
    model = tiny(task, dtype)
    reference = predictor(model, task).predict(examples)
    for budget in (64, 2048):
        random = Random(budget)
        order = random.sample(range(len(examples)), len(examples))
        asked = predictor(model, task, micro_tokens=budget)
        while order:
            part = [order.pop() for _ in range(min(len(order), random.choice((1, 2, 5, 9, 20))))]
            for place, found in zip(part, asked.predict([examples[i] for i in part]), strict=True):
                assert found == reference[place]


def test_batches_are_whole_blocks_of_rows_and_long_rows_keep_to_their_own_length(cell, tiny):
    task, examples = cell
    model = tiny(task, torch.float32)
    asked = predictor(model, task, micro_tokens=2048)
    asked.predict(examples)
    lengths = {-(-len(f) // 16) * 16 for windows in asked._tokenise(examples) for f in windows}
    for rows, tokens in model.shapes:
        assert rows % ROWS == 0
        assert tokens % 16 == 0
        assert rows * tokens <= 2048 or rows == ROWS
    assert {tokens for _, tokens in model.shapes if tokens > SHARED} == {x for x in lengths if x > SHARED}


def test_texts_seen_by_fingerprints_are_not_tokenised_again(cell, tiny, monkeypatch):
    task, examples = cell
    asked = predictor(tiny(task, torch.float32), task)
    encoded = []
    form = type(asked.form)
    real = form.encode
    monkeypatch.setattr(
        form, "encode", lambda self, new, *a, **k: (encoded.append(len(new)), real(self, new, *a, **k))[1]
    )
    asked.fingerprints(examples)
    asked.predict(examples[3:9])
    assert encoded == [len(examples), 0]
    asked.fingerprints(examples[:2])
    asked.predict(examples[:3])
    assert encoded == [len(examples), 0, 0, 1]


def test_fingerprints_are_equal_where_the_model_sees_the_same_and_only_there(cell, tiny):
    task, examples = cell
    field = list(task.fields)[-1]
    example = examples[0]
    spaced = example.with_texts({field: example.texts[field].replace(" ", "  ")})
    unknown = example.with_texts({field: example.texts[field] + " nowhere"})
    other = example.with_texts({field: example.texts[field] + " elsewhere"})
    first, same, third, fourth = predictor(tiny(task, torch.float32), task).fingerprints(
        [example, spaced, unknown, other]
    )
    assert first == same
    assert third == fourth != first


def test_inputs_that_tokenise_alike_are_forwarded_once_and_decoded_on_their_own_text(cell, tiny):
    task, examples = cell
    field = list(task.fields)[-1]
    doubled = [example.with_texts({field: example.texts[field].replace(" ", "  ")}) for example in examples]
    asked = predictor(tiny(task, torch.float32), task)
    found = asked.predict([*examples, *doubled])
    alone = predictor(tiny(task, torch.float32), task)
    assert found[: len(examples)] == alone.predict(examples)
    assert asked.counters.rows == alone.counters.rows
    for example, prediction in zip(doubled, found[len(examples) :], strict=True):
        if task.form == "span":
            context = example.texts["context"]
            assert context[prediction.start : prediction.start + len(prediction.text)] == prediction.text


def test_counters_tell_tokens_padding_and_time(pair_cell, tiny):
    task, examples = pair_cell
    model = tiny(task, torch.float32)
    asked = predictor(model, task)
    asked.predict(examples)
    texts = [tuple(example.texts.values()) for example in examples]
    assert asked.tokens == sum(len(model.tokenizer(*pair)["input_ids"]) for pair in texts)
    assert asked.counters.padded_tokens == sum(rows * tokens for rows, tokens in model.shapes)
    assert asked.counters.rows == len(examples)
    assert asked.seconds_forward > 0
    assert asked.seconds_tokenise > 0


def test_no_examples_are_no_predictions(cell, tiny):
    task, _ = cell
    asked = predictor(tiny(task, torch.float32), task)
    assert asked.predict([]) == []
    assert asked.fingerprints([]) == []


def test_a_model_left_in_training_mode_is_asked_without_dropout(pair_cell, tiny):
    task, examples = pair_cell
    model = tiny(task, torch.float32)
    asked = predictor(model, task)
    reference = asked.predict(examples)
    model.train()
    assert asked.predict(examples) == reference


def test_more_tokens_than_the_backbone_has_positions_are_refused(pair_cell, tiny):
    with pytest.raises(UsageError, match="512"):
        predictor(tiny(pair_cell[0], torch.float32), pair_cell[0], max_length=512)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_answer_that_is_not_finite_is_an_error_and_no_prediction(cell, tiny, value):
    task, examples = cell
    model = tiny(task, torch.float32)
    with torch.no_grad():
        model.head.out.bias[0] = value
    with pytest.raises(AdaptxError, match=f"squad → {task.name}: .* not finite") as caught:
        predictor(model, task, name=f"squad → {task.name}").predict(examples)
    assert "adaptx verify" in str(caught.value.hint)


def test_one_row_that_overflows_is_enough_and_the_others_alone_are_answered(cell, tiny):
    task, examples = cell
    model = tiny(task, torch.float32)
    word = model.tokenizer.convert_tokens_to_ids("w7")
    with torch.no_grad():
        model.encoder.embeddings.word_embeddings.weight[word] = float("nan")
    texts = [" ".join(example.texts.values()).split() for example in examples]
    without = [example for example, words in zip(examples, texts, strict=True) if "w7" not in words]
    assert 0 < len(without) < len(examples)
    assert len(predictor(model, task).predict(without)) == len(without)
    with pytest.raises(AdaptxError, match="not finite"):
        predictor(model, task).predict(examples)
