"""The conformance kit for authors of attacks: one call in a test tells whether adaptx can run a plugin.

Owns `check_attack`, its sample texts and a victim without a model; needs no network and no weights. It runs the attack
through the real engine over many scripts, so that what passes here is what runs there.

    from adaptx.testing import check_attack

    def test_conforms():
        check_attack(my_attack)
"""

# ruff: noqa: RUF001 (the samples are written in many scripts)

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from adaptx.errors import AdaptxError
from adaptx.robustness.attack import Attack, AttackRequest, resolve_request
from adaptx.robustness.engine import attack_cell
from adaptx.robustness.search import search_names
from adaptx.tasks.example import Answer, ClassPrediction, Example, Prediction, SpanPrediction, TagPrediction
from adaptx.tasks.forms import form_named
from adaptx.tasks.forms.choice import option_name
from adaptx.tasks.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adaptx.robustness.outcomes import Outcome

__all__ = ["TEXTS", "HashVictim", "attack_faults", "check_attack", "choice", "pair", "span", "tagging", "task_of"]

TEXTS: tuple[tuple[str, str], ...] = (
    ("en", "The quick brown foxes jumped over 127 neighbouring fences."),
    ("de", "Der Straßenübergang in Würzburg wurde größtenteils erneuert."),
    ("fr", "L'e\u0301te\u0301 dernier, les élèves étaient très occupés."),  # decomposed, then composed
    ("es", "¿Cuántos años tenía el señor Ibáñez en 1998?"),
    ("ru", "Быстрая коричневая лисица перепрыгнула через забор."),
    ("tr", "İstanbul'da yağmurlu günler ışıldıyor."),
    ("ar", "اللُّغَةُ العربيّة تُكتب من اليمين إلى اليسار."),
    ("he", "הילדים משחקים בגן הגדול ליד הבית."),
    ("ur", "پاکستان کی قومی زبان اردو ہے۔"),
    ("hi", "हिन्दी में क्रियाएँ और विशेषण बदलते रहते हैं।"),
    ("bn", "বাংলাদেশের রাজধানী ঢাকা একটি বড় শহর।"),
    ("th", "ประเทศไทยมีภาษาที่ไม่เว้นวรรคระหว่างคำ"),
    ("zh", "北京是中华人民共和国的首都，人口超过两千万。"),
    ("ja", "東京タワーは日本のコンピューターより高いです。"),
    ("ko", "대한민국의 수도는 서울특별시입니다."),
    ("ko", "\u1112\u1161\u11ab\u1100\u1173\u11af"),  # conjoining jamo: two syllables, six code points
    ("en", "a family 👨‍👩‍👧‍👦 waved 🏳️‍🌈 and 👍🏽"),
    ("en", "x"),
    ("en", "12345 67.89 %"),
    ("en", ""),
)
SPANS: tuple[tuple[str, str, str, str], ...] = (
    ("en", "Who built it?", "In the old town an old carpenter named Johann built the house. Johann left.", "Johann"),
    ("zh", "首都是哪里？", "中华人民共和国的首都是北京，北京人口超过两千万。", "北京"),
    ("ar", "ما العاصمة؟", "عاصمة جمهورية مصر العربية هي القاهرة وهي مدينة كبيرة.", "القاهرة"),
)
FIELDS: Mapping[str, Mapping[str, bool]] = {  # of each form that is sampled; True: open to attacks
    "classification": {"sentence1": True, "sentence2": True},
    "choice": {"context": True},
    "span": {"question": False, "context": True},
    "tagging": {"tokens": True},
}
LABELS: Mapping[str, tuple[str, ...]] = {
    "classification": ("no", "yes"),
    "choice": ("0", "1", "2"),
    "span": (),
    "tagging": ("O", "B-X", "I-X"),
}
BUDGETS = (1, 2, 17)


class HashVictim:
    """A victim without a model: deterministic, scored, blind to case, wrong on one edited text in ``hard``."""

    def __init__(self, clean: Sequence[Example], *, hard: int = 5) -> None:
        self.clean = {self.view(example) for example in clean}
        self.hard = hard
        self.asked: list[Example] = []
        self.batches: list[int] = []

    def view(self, example: Example) -> bytes:
        """Return what this victim sees of an example: its lower-cased texts."""
        return json.dumps([text.lower() for text in example.texts.values()]).encode()

    def fingerprints(self, examples: Sequence[Example]) -> list[bytes]:
        """Return a hash of what is seen."""
        return [sha256(self.view(example)).digest() for example in examples]

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Return the gold on clean text; on edited text what a hash decides."""
        self.asked += examples
        self.batches.append(len(examples))
        return [self._one(example) for example in examples]

    def _one(self, example: Example) -> Prediction:
        answers = _options(example) or 2
        gold = self._gold(example, 1 / answers)
        right = gold >= 1 / answers
        if example.label is not None:
            return _class_prediction(example.label, answers, gold, right=right)
        if example.tags:
            tags = example.tags if right else tuple((tag + 1) % len(LABELS["tagging"]) for tag in example.tags)
            return TagPrediction(tags, (math.log(gold),) * len(tags))
        answer = example.answers[0]
        text, start = (answer.text, answer.start) if right else ("", -1)
        return SpanPrediction(text, start, -1.0, math.log(gold))

    def _gold(self, example: Example, even: float) -> float:
        """Return the gold's probability: less than ``even`` is too little to be the answer."""
        view = self.view(example)
        if view in self.clean:
            return 0.9
        draw = int.from_bytes(sha256(view).digest()[:4], "big") / 2**32
        return min(max(draw + even - 1 / self.hard, 0.01), 0.99)


def _options(example: Example) -> int:
    """Return how many options an example has: none, unless it is a choice."""
    return sum(option_name(index) in example.texts for index in range(len(example.texts)))


def _class_prediction(label: int, answers: int, gold: float, *, right: bool) -> ClassPrediction:
    other = math.log1p(-gold) - math.log(answers - 1)
    logs = tuple(math.log(gold) if index == label else other for index in range(answers))
    return ClassPrediction(label if right else (label + 1) % answers, logs)


def pair(name: str, language: str, one: str, two: str, *, label: int = 1) -> Example:
    """Return an example of two sentences."""
    texts = {"sentence1": one, "sentence2": two}
    return _example(name, language, texts, label=label)


def span(name: str, language: str, question: str, context: str, answer: str) -> Example:
    """Return an example of a question and a context that holds the answer."""
    texts = {"question": question, "context": context}
    return _example(name, language, texts, answers=(Answer(answer, context.index(answer)),))


def choice(name: str, language: str, context: str, options: Sequence[str], *, label: int = 0) -> Example:
    """Return an example of a context and its options, of which the one at ``label`` is right."""
    texts = {"context": context} | {option_name(index): option for index, option in enumerate(options)}
    return _example(name, language, texts, label=label)


def tagging(name: str, language: str, tokens: Sequence[str], tags: Sequence[int]) -> Example:
    """Return an example of a sentence and a tag for each of its tokens."""
    return _example(name, language, {"tokens": "\n".join(tokens)}, tags=tuple(tags))


def _example(name: str, language: str, texts: Mapping[str, str], **gold: Any) -> Example:
    languages = dict.fromkeys(texts, language)
    return Example(id=name, parallel=name, group=name, language=language, texts=texts, languages=languages, **gold)


def task_of(form: str) -> Task:
    """Return a page for the examples made here: all but a question and a choice's options is open to attacks."""
    one_label = form in ("classification", "choice")
    return Task(
        name=f"conformance-{form}",
        version=1,
        form=form,
        title="made for tests",
        metric="accuracy" if one_label else "f1",
        chance=1 / len(LABELS[form]) if one_label else 0.0,
        licence="none",
        cite="none",
        trains_on=(),
        languages={},
        splits={},
        columns={},
        fields=FIELDS[form],
        labels=LABELS[form],
        folder="none",
        hub=None,
        revision=None,
    )


def check_attack(attack: object, **parameters: Any) -> None:
    """Run every check of the kit on an attack; raises `AssertionError` that lists all faults, each with its row."""
    faults = attack_faults(attack, **parameters)
    assert not faults, "the attack does not conform:\n- " + "\n- ".join(faults)


def attack_faults(attack: object, **parameters: Any) -> list[str]:
    """Return what is wrong with an attack, in words; empty when it conforms.

    Checked: its parameters are plain JSON values; every edit is allowed (within the text, between clusters, none
    overlapping, answers untouched); it never fails, hangs, overspends or changes its example, on empty text, one
    cluster, combining marks, right-to-left and unspaced scripts and emoji; the same seed gives the same texts in any
    order and batch.
    """
    if not isinstance(attack, Attack):
        return [f"{attack!r:.80} is a {type(attack).__name__}, not decorated with @attack"]
    try:
        json.dumps(attack.resolve(parameters), allow_nan=False)
        requests = list(_requests(attack, parameters))
    except (AdaptxError, TypeError, ValueError) as error:
        return [f"parameters: {error}"]
    faults = [fault for request in requests for form in FIELDS for fault in _faults(request, form)]
    return list(dict.fromkeys(faults))


def _requests(attack: Attack, parameters: Mapping[str, object]) -> Iterator[AttackRequest]:
    for search in ["own"] if attack.needs else search_names():
        for budget in BUDGETS:
            yield resolve_request(attack, parameters, search=search, budget=budget)


def _samples(form: str) -> list[Example]:
    if form == "span":
        return [span(f"span-{n}", *sample) for n, sample in enumerate(SPANS)]
    if form == "choice":
        return [choice(f"choice-{n}", *sample, label=n % 2) for n, sample in enumerate(_choices())]
    if form == "tagging":
        sentences = [(lang, text.split()) for lang, text in TEXTS if text]
        return [tagging(f"tagged-{n}", lang, tokens, _tags(tokens)) for n, (lang, tokens) in enumerate(sentences)]
    return [pair(f"pair-{n}", lang, text, TEXTS[n - 1][1]) for n, (lang, text) in enumerate(TEXTS)]


def _choices() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield every text with two or three others as its options."""
    for n, (lang, text) in enumerate(TEXTS):
        others = TEXTS[n - 1][1], TEXTS[n - 2][1], TEXTS[n - 3][1]
        yield lang, text, others[: 2 + n % 2]


def _tags(tokens: Sequence[str]) -> list[int]:
    return [index % len(LABELS["tagging"]) for index in range(len(tokens))]


def _faults(request: AttackRequest, form: str) -> list[str]:
    examples = _samples(form)
    where = f"{request.search} search, budget {request.budget}"
    first = _attack(request, form, examples)
    errors = [f"{where}, row {o['id']} {list(o['original'].values())}: {o['error']}" for o in first if o["error"]]
    spent = [f"{where}, row {o['id']}: asked {o['queries']}" for o in first if o["queries"] > request.budget]
    again = _attack(request, form, list(reversed(examples)), in_flight=1)[::-1]
    moved = [
        f"{where}, row {o['id']}: another text in another order or batch"
        for o, p in zip(first, again, strict=True)
        if o != p
    ]
    return errors + spent + ([] if errors else moved)


def _attack(request: AttackRequest, form: str, examples: list[Example], *, in_flight: int = 1024) -> list[Outcome]:
    victim = HashVictim(examples)
    clean = victim.predict(examples)
    task = task_of(form)
    cell = attack_cell(
        victim, form_named(form), task, examples, clean, request, language="mul", in_flight=in_flight, seconds=5.0
    )
    return cell.outcomes
