"""Every form learns: rows to examples to bundles, windows and tags, through the loop, to scores on unseen rows.

The rows are made so that one word decides, and a tiny random encoder learns them in a few dozen steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from adaptx.backbone import BackboneRef, folder_ref
from adaptx.evaluation.evaluate import EvaluationResult, evaluate
from adaptx.evaluation.predictor import Predictor
from adaptx.model.forms import Limits, heavy_form
from adaptx.model.stack import trainable
from adaptx.robustness.attack import attack_request
from adaptx.robustness.engine import attack_cell
from adaptx.spec import MethodSpec, Optimisation
from adaptx.tasks.catalog import task_named
from adaptx.tasks.forms import form_named
from adaptx.training.settings import ComputeSettings
from adaptx.training.train import Part, TrainJob, train

if TYPE_CHECKING:
    from pathlib import Path

    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

LENGTH = 48
PLAIN = tuple(f"plain{n}" for n in range(12))
MARKED = tuple(f"marked{n}" for n in range(12))
WORDS = ("<s>", "<pad>", "</s>", "<unk>", *PLAIN, *MARKED)
FULL = MethodSpec(name="full", version=1)

Row = dict[str, Any]


def page(form: str, **changes: Any) -> Task:
    fields = {name: True for name in changes["columns"] if name in ("text", "question", "context", "tokens")}
    made = {"name": f"made-{form}", "form": form, "repairs": (), "group": None, "parallel": None, "fields": fields}
    return replace(task_named("mnli"), **made | {"columns": MappingProxyType(changes.pop("columns"))} | changes)


def plain(random: Random, least: int = 3, most: int = 8) -> list[str]:
    return random.choices(PLAIN, k=random.randint(least, most))


def graded_row(random: Random) -> Row:
    words = [random.choice(random.choice((PLAIN, MARKED))) for _ in range(4)]
    return {"text": " ".join(words), "label": sum(word in MARKED for word in words)}


def choice_row(random: Random) -> Row:
    count = random.randint(2, 4)
    right = random.randrange(count)
    options = [" ".join([*plain(random, 1, 3), *([random.choice(MARKED)] * (n == right))]) for n in range(count)]
    return {"text": " ".join(plain(random)), "options": options, "label": right}


def tagged_row(random: Random) -> Row:
    tokens = [random.choice(random.choice((PLAIN, MARKED))) for _ in range(random.randint(1, 60))]
    return {"tokens": tokens, "tags": ["B-X" if token in MARKED else "O" for token in tokens]}


def span_row(random: Random, *, answered: bool = True) -> Row:
    before, after, answer = plain(random), plain(random), random.choice(MARKED)
    context = " ".join([*before, *([answer] * answered), *after])
    answers = (
        {"text": [answer], "answer_start": [context.index(answer)]} if answered else {"text": [], "answer_start": []}
    )
    return {"question": "plain0", "context": context, "answers": answers}


def asked_row(random: Random) -> Row:
    return span_row(random, answered=random.random() < 0.5)


@dataclass(frozen=True)
class Lesson:
    task: Task
    row: Callable[[Random], Row]
    chance: float
    epochs: float = 6.0
    breakable: bool = True  # where an answer or option that may not be edited decides alone, no edit helps


TEXT = {"text": "text", "label": "label"}
ASKED = {"question": "question", "context": "context", "answers": "answers"}
LESSONS = {
    "grades": Lesson(
        page("classification", columns=TEXT, metric="pearson", labels=(), range=(0, 4)), graded_row, 0.0, 12.0
    ),
    "choice": Lesson(
        page("choice", columns=TEXT | {"options": "options"}, labels=("0", "1", "2", "3")),
        choice_row,
        0.36,
        breakable=False,  # a stack that has learnt it well reads the options alone
    ),
    "tagging": Lesson(
        page("tagging", columns={"tokens": "tokens", "tags": "tags"}, metric="f1", labels=("O", "B-X")), tagged_row, 0.5
    ),
    "span": Lesson(page("span", columns=ASKED, metric="f1", labels=()), span_row, 0.1, breakable=False),
    "no-answer": Lesson(page("span", columns=ASKED, metric="f1", labels=(), scorer="squad_v2"), asked_row, 0.5),
}


@pytest.fixture(scope="module")
def backbone(tmp_path_factory) -> BackboneRef:
    folder = tmp_path_factory.mktemp("backbone")
    core = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    roles = {"cls_token": "<s>", "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>"}
    names = ["input_ids", "attention_mask"]
    PreTrainedTokenizerFast(tokenizer_object=core, model_input_names=names, **roles).save_pretrained(folder)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=len(WORDS), max_position_embeddings=LENGTH + 2, type_vocab_size=1, pad_token_id=1, **sizes
    )
    XLMRobertaModel(config).save_pretrained(folder)
    return folder_ref(folder, name="tiny")


def examples(lesson: Lesson, count: int, seed: str) -> list[Example]:
    form, random = form_named(lesson.task.form), Random(seed)
    return [form.read(lesson.row(random), lesson.task, id=str(n), language="en") for n in range(count)]


@pytest.fixture(scope="module", params=LESSONS)
def taught(request, backbone, tmp_path_factory) -> tuple[Lesson, Predictor, list[Example], EvaluationResult]:
    """Train one form, and answer unseen rows with it."""
    lesson = LESSONS[request.param]
    task, work = lesson.task, tmp_path_factory.mktemp("work")
    model = trainable(backbone, (), FULL, task, precision="fp32", seed=0, device="cpu")
    form, limits = heavy_form(task.form), Limits(LENGTH, 16)
    features = form.encode(examples(lesson, 320, "train"), model.tokenizer, task, limits, targets=True)
    train(_job(model, Part(form=form, features=features), lesson.epochs, work), lambda _: None)
    predictor = Predictor(model, task, max_length=LENGTH, stride=16)
    unseen = examples(lesson, 100, "test")
    return lesson, predictor, unseen, evaluate(predictor, form_named(task.form), task, unseen, "en")


def _job(model: Any, part: Part, epochs: float, work: Path) -> TrainJob:
    plan = Optimisation(lr=4e-3, epochs=epochs, batch=16, max_length=LENGTH, evaluations=1)
    how = ComputeSettings(device="cpu", micro_tokens=600)
    return TrainJob(
        model=model, parts=[part], evaluate_dev=None, optimisation=plan, seed=0, precision="fp32", work=work, how=how
    )


def test_a_form_learns_what_its_rows_teach(taught) -> None:
    lesson, _, unseen, evaluated = taught
    assert evaluated.scores[lesson.task.metric] > max(0.8, lesson.chance + 0.3), evaluated.scores
    assert len(evaluated.records) == len(unseen)


def test_answers_do_not_depend_on_what_else_is_asked(taught) -> None:
    _, predictor, unseen, _ = taught
    together = predictor.predict(unseen[:20])
    assert [predictor.predict([example])[0] for example in unseen[:20]] == together


def test_an_attack_breaks_what_it_may_edit_and_changes_no_token_count(taught) -> None:
    lesson, predictor, unseen, _ = taught
    rows, form = unseen[:60], form_named(lesson.task.form)
    request = attack_request("charswap:rate=1.0")
    attacked = attack_cell(predictor, form, lesson.task, rows, predictor.predict(rows), request, language="en")
    statuses = {outcome["status"] for outcome in attacked.outcomes}
    assert ("success" in statuses) is lesson.breakable
    assert statuses <= {"success", "survived", "wrong", "no-proposal"}
    assert (attacked.scores["accuracy"] < attacked.scores["clean"]) is lesson.breakable
    for outcome in attacked.outcomes:
        assert [text.count("\n") for text in outcome["original"].values()] == [
            text.count("\n") for text in outcome["adversarial"].values()
        ]
