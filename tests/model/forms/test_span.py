"""Windows, targets and answers of the span form, over scripts and families of tokenizers."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptx.errors import Incompatible, UsageError
from adaptx.metrics import squad
from adaptx.model.forms import Limits, heavy_form
from adaptx.model.forms.collate import collate, unpad
from adaptx.model.forms.span import ANSWER_TOKENS
from adaptx.tasks.example import Answer, Example

FORM = heavy_form("span")
TASK = SimpleNamespace(scorer="squad_v1")
WIDE = Limits(100_000)
WORDS = (
    "committee Paris 1995 nobody Brücke größer naïve e\u0301te\u0301 黑豹队的防守 国王は北の町 カタカナ แมวนั่งอยู่ ใกล้ "
    "हिन्दी किताबें لكتب المدرسة القديمة كِتَاب 서울은 수도이며 👩‍👩‍👧 🎉"
).split()

words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=40)
wild = st.text(
    st.one_of(st.sampled_from(" \n\t\u00a0\u3000" + "".join(WORDS)), st.characters(codec="utf-8")), max_size=80
)
over_tokenizers = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def asked(context: str, *answers: Answer, question: str = "which?") -> Example:
    return Example(
        id="0",
        parallel="0",
        group="0",
        language="en",
        texts={"question": question, "context": context},
        languages={},
        answers=answers,
    )


def windows(example, tokenizer, limits=WIDE, *, targets=False):
    return FORM.encode([example], tokenizer, TASK, limits, targets=targets)


def text_of(feature, first, last, context):
    offsets = feature.detail.offsets
    return context[offsets[first - feature.detail.first, 0] : offsets[last - feature.detail.first, 1]]


def peaked(feature, first, last):
    output = torch.zeros(len(feature), 2)
    output[first, 0] = output[last, 1] = 20.0
    return output


@over_tokenizers
@given(context=st.one_of(wild, words.map(" ".join)))
def test_every_offset_lies_in_the_context_and_carries_no_space(context, tokenizer):
    for feature in windows(asked(context), tokenizer, Limits(24, 4)):
        offsets = feature.detail.offsets
        assert ((offsets >= 0) & (offsets <= len(context))).all()
        assert (offsets[:, 0] <= offsets[:, 1]).all()
        assert (np.diff(offsets[:, 0]) >= 0).all()
        pieces = [context[start:end] for start, end in offsets]
        assert pieces == [piece.strip() for piece in pieces]


@over_tokenizers
@given(context=st.one_of(wild, words.map(" ".join)), stride=st.integers(0, 12))
def test_windows_hold_every_token_of_the_context_once_overlap_is_taken_away(context, stride, tokenizer):
    whole = windows(asked(context), tokenizer)
    assert len(whole) == 1
    cut = windows(asked(context), tokenizer, Limits(24, stride))
    assert all(len(feature) <= 24 for feature in cut)
    pieces = [feature.ids[w.first : w.first + len(w.offsets)] for feature in cut for w in [feature.detail]]
    joined = list(pieces[0])
    for before, after in pairwise(pieces):
        overlap = min(stride, 5, len(before), len(after))  # 24 - 4 special leave 20: a question of 10, a stride of 5
        assert overlap == 0 or before[-overlap:] == after[:overlap]
        joined += after[overlap:]
    only = whole[0]
    assert tuple(joined) == only.ids[only.detail.first : only.detail.first + len(only.detail.offsets)]
    assert [feature.detail.opens for feature in cut] == [i == 0 for i in range(len(cut))]
    assert [feature.detail.closes for feature in cut] == [i == len(cut) - 1 for i in range(len(cut))]


@over_tokenizers
@given(context=st.one_of(wild, words.map(" ".join)), seed=st.integers(0, 999))
def test_an_answer_is_always_an_exact_slice_of_the_context(context, seed, tokenizer):
    example = asked(context)
    features = windows(example, tokenizer, Limits(24, 4))
    random = torch.Generator().manual_seed(seed)
    outputs = [torch.randn(len(feature), 2, generator=random) for feature in features]
    (found,) = FORM.decode([example], features, outputs)
    assert context[found.start : found.start + len(found.text)] == found.text
    assert found.text == found.text.strip()
    assert found.log_probability <= 0


@over_tokenizers
@given(parts=words, data=st.data())
def test_gold_tokens_give_the_answer_back_in_every_script(parts, data, tokenizer):
    place = data.draw(st.integers(0, len(parts) - 1))
    context, answer = " ".join(parts), parts[place]
    example = asked(context, Answer(answer, len(" ".join(parts[:place])) + (place > 0)))
    (feature,) = windows(example, tokenizer, targets=True)
    (found,) = FORM.decode([example], [feature], [peaked(feature, *feature.target)])
    if feature.target[1] - feature.target[0] < ANSWER_TOKENS:
        assert (found.text, found.start) == (answer, example.answers[0].start)
        assert found.gold_log_probability == pytest.approx(found.log_probability)


@pytest.mark.parametrize("answer", ["丢了", "联赛", "六"])
def test_gold_tokens_are_found_in_a_script_without_spaces(answer, tokenizer):
    context = "黑豹队的防守只丢了308分。在联赛中排名第六。"
    (feature,) = windows(asked(context, Answer(answer, context.index(answer))), tokenizer, targets=True)
    assert answer in text_of(feature, *feature.target, context)


def test_a_window_without_the_whole_answer_is_trained_to_the_classifier_token(tokenizer):
    context = " ".join(f"nobody{i}" for i in range(60))
    answer = "nobody30 nobody31"
    features = windows(asked(context, Answer(answer, context.index(answer))), tokenizer, Limits(48, 16), targets=True)
    held = [f for f in features if f.target != (f.detail.classifier,) * 2]
    assert 0 < len(held) < len(features)
    assert {text_of(f, *f.target, context) for f in held} == {answer}
    assert all(f.ids[f.detail.classifier] == tokenizer.cls_token_id for f in features)


def test_a_part_of_the_answer_at_the_edge_of_a_window_is_no_target(tokenizers):
    context = " ".join(["Paris"] * 80)
    answer = Answer(" ".join(["Paris"] * 6), 6 * 30)
    for feature in windows(asked(context, answer), tokenizers["unigram"], Limits(32, 8), targets=True):
        if feature.target != (feature.detail.classifier,) * 2:
            assert text_of(feature, *feature.target, context) == answer.text


def test_unanswerable_examples_teach_the_classifier_token_and_unplaced_answers_teach_nothing(tokenizer):
    (feature,) = windows(asked("nobody agreed"), tokenizer, targets=True)
    assert feature.target == (feature.detail.classifier,) * 2
    assert windows(asked("nobody agreed", Answer("nobody", -1)), tokenizer, targets=True) == []


def test_the_best_span_is_the_one_a_full_search_finds(tokenizers):
    example = asked(" ".join(WORDS * 3))
    features = windows(example, tokenizers["wordpiece"], Limits(64, 16))
    random = torch.Generator().manual_seed(5)
    outputs = [3 * torch.randn(len(feature), 2, generator=random) for feature in features]
    (found,) = FORM.decode([example], features, outputs)
    best = max(
        float(logs[i, 0] + logs[j, 1])
        for feature, output in zip(features, outputs, strict=True)
        for logs in [torch.log_softmax(output.double(), 0)]
        for w in [feature.detail]
        for i in range(w.first, w.first + len(w.offsets))
        for j in range(i, min(i + ANSWER_TOKENS, w.first + len(w.offsets)))
    )
    assert found.log_probability == pytest.approx(best)


def test_the_gold_score_is_the_best_over_answers_and_windows_and_none_where_no_window_holds_one(tokenizers):
    context = "nobody met nobody in Paris"
    example = asked(context, Answer("nobody", 0), Answer("Paris", 21))
    (feature,) = windows(example, tokenizers["wordpiece"])
    place = feature.detail.locate(example.answers[1], context)
    output = peaked(feature, *place)
    logs = torch.log_softmax(output.double(), 0)
    (found,) = FORM.decode([example], [feature], [output])
    assert found.gold_log_probability == pytest.approx(float(logs[place[0], 0] + logs[place[1], 1]))
    (unknown,) = FORM.decode([asked(context, Answer("Paris", -1))], [feature], [output])
    assert unknown.gold_log_probability is None


def test_an_empty_context_has_an_empty_answer(tokenizer):
    for context in ("", "   "):
        features = windows(asked(context), tokenizer)
        (found,) = FORM.decode([asked(context)], features, [torch.zeros(len(f), 2) for f in features])
        assert (found.text, found.start) == ("", 0)


def test_a_question_longer_than_the_window_is_cut_and_leaves_room_for_the_context(tokenizer):
    question = " ".join(WORDS * 30)
    features = windows(asked("nobody agreed in Paris", question=question), tokenizer, Limits(64, 32))
    assert all(len(feature) <= 64 for feature in features)
    assert all(len(feature.detail.offsets) > 0 for feature in features)


def test_a_length_that_holds_no_context_is_refused(tokenizer):
    with pytest.raises(UsageError, match="--max-length 8"):
        windows(asked("nobody"), tokenizer, Limits(8, 4))


def test_a_tokenizer_without_offsets_is_refused(tokenizers):
    class Slow:
        is_fast = False

    with pytest.raises(Incompatible, match="Slow"):
        windows(asked("nobody"), Slow())


def test_the_loss_is_the_mean_of_both_ends_summed_over_windows_whatever_the_padding(tokenizer):
    examples = [asked("nobody agreed", Answer("agreed", 7)), asked("in Paris nobody agreed", Answer("Paris", 3))]
    features = FORM.encode(examples, tokenizer, TASK, WIDE, targets=True)
    outputs = [torch.randn(len(f), 2, generator=torch.Generator().manual_seed(3)) for f in features]
    expected = sum(
        -(logs[f.target[0], 0] + logs[f.target[1], 1]) / 2
        for f, output in zip(features, outputs, strict=True)
        for logs in [torch.log_softmax(output, 0)]
    )
    batch = collate(features, tokenizer, multiple=32, row_multiple=8)
    padded = torch.full((8, 32, 2), 9.0)
    for row, feature in enumerate(batch.features):
        padded[row, batch.attention_mask[row] == 1] = outputs[feature.example]
    assert float(FORM.loss(padded, batch)) == pytest.approx(float(expected), rel=1e-5)
    for output, row in zip(outputs, unpad(padded, batch), strict=True):
        assert torch.equal(output, row)


def test_the_head_stays_in_fp32_under_autocast_and_fits_its_output(tokenizers):
    head = FORM.head(16, TASK)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = head(torch.randn(2, 5, 16, dtype=torch.bfloat16))
    assert (output.dtype, tuple(output.shape)) == (torch.float32, (2, 5, 2))


@pytest.mark.shared
def test_training_targets_recover_the_gold_answers_of_real_rows(shared_data, minilm):
    from transformers import AutoTokenizer

    with gzip.open(shared_data / "squad" / "en" / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line, _ in zip(lines, range(2000), strict=False)]
    golds = [Answer(row["answers"]["text"][0], row["answers"]["answer_start"][0]) for row in rows]
    examples = [
        replace(asked(row["context"], gold, question=row["question"]), id=row["id"])
        for row, gold in zip(rows, golds, strict=True)
    ]
    features = FORM.encode(examples, AutoTokenizer.from_pretrained(minilm), TASK, Limits(384, 128), targets=True)
    recovered = set()
    for f in features:
        text = text_of(f, *f.target, rows[f.example]["context"]) if f.target[0] != f.detail.classifier else ""
        if squad.exact_match(text, [golds[f.example].text]):
            recovered.add(f.example)
    # The rest are answers that the data places inside a word: "Victoria" in "Victorian".
    assert len(recovered) / len(rows) >= 0.995


V2 = SimpleNamespace(scorer="squad_v2")


def test_a_question_without_an_answer_is_learnt_as_the_classifier_token_in_every_window(tokenizer):
    example = asked("nobody agreed in Paris " * 8)
    features = FORM.encode([example], tokenizer, V2, Limits(24, 4), targets=True)
    assert len(features) > 1
    assert {feature.target for feature in features} == {(f.detail.classifier,) * 2 for f in features}


def test_no_answer_is_as_likely_as_the_classifier_token_of_the_window_that_likes_it_least(tokenizer):
    example = asked("nobody agreed in Paris " * 8)
    features = FORM.encode([example], tokenizer, V2, Limits(24, 4), targets=False)
    random = torch.Generator().manual_seed(0)
    outputs = [torch.randn(len(feature), 2, generator=random) for feature in features]
    (found,) = FORM.decode([example], features, outputs)
    logs = [torch.log_softmax(output.double(), dim=0) for output in outputs]
    least = min(float(log[f.detail.classifier].sum()) for f, log in zip(features, logs, strict=True))
    assert found.no_answer == pytest.approx(least)
    always = FORM.encode([example], tokenizer, TASK, Limits(24, 4), targets=False)
    assert FORM.decode([example], always, outputs)[0].no_answer is None
