"""The engine: attack the rows of one cell, hundreds at a time, asking the model in batches.

Owns `attack_cell` and the `Answers` protocol; imports no model library. Each row's randomness, cache and budget are its
own, so order, shard, batch size and resume do not change an adversarial text. A text that the tokenizer does not tell
from one that this row has asked before gets that answer: an edit that the model cannot see cannot succeed.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypedDict

from adaptx.robustness.deadline import STEP
from adaptx.robustness.example_attack import AttackContext, ExampleAttack
from adaptx.robustness.graphemes import Alphabet, count_alphabet, pieces, rule_of
from adaptx.robustness.outcomes import Outcome, summarise
from adaptx.robustness.worker import open_attack
from adaptx.spec import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from adaptx.robustness.attack import AttackRequest
    from adaptx.tasks.example import Example, Prediction
    from adaptx.tasks.forms import Form
    from adaptx.tasks.task import Task

__all__ = ["Answers", "AttackResult", "alphabets", "attack_cell"]


class Answers(Protocol):
    """What robustness needs of a model."""

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Return one prediction per example, independent of the others."""
        ...

    def fingerprints(self, examples: Sequence[Example]) -> list[bytes]:
        """Return keys of what the model sees: equal keys, equal token ids."""
        ...


@dataclass(frozen=True, slots=True)
class AttackResult:
    """One attacked cell: outcomes in the order of the examples, scores, flags, and facts for the manifest."""

    outcomes: list[Outcome]
    scores: dict[str, float]
    flags: list[str]
    facts: dict[str, object]


def attack_cell(
    answers: Answers,
    form: Form,
    task: Task,
    examples: Sequence[Example],
    clean: Sequence[Prediction],
    request: AttackRequest,
    *,
    language: str,
    alphabet: Mapping[str, Alphabet] | None = None,
    done: Mapping[str, Outcome] | None = None,
    on_done: Callable[[Outcome], None] | None = None,
    in_flight: int = 1024,
    seconds: float = STEP,
) -> AttackResult:
    """Attack every correctly answered example and return one outcome per example.

    ``alphabet`` holds the letters of the whole clean split per language (`alphabets`; counted over ``examples`` if
    None). ``done`` holds outcomes of an interrupted run, which are not computed again; ``on_done`` sees each new one as
    it is ready. ``in_flight`` is how many questions are gathered before the model is asked, ``seconds`` what a plugin
    may compute for one step (`robustness.deadline`): neither changes an outcome of a plugin that stays within it. One
    that overruns in several rows is given no further one: they are error rows.
    """
    letters = MappingProxyType(dict(alphabets(examples, task.attackable) if alphabet is None else alphabet))
    found = dict(done or {})
    with open_attack(request, task.name, language, letters, seconds) as (starts, patience):
        cell = AttackContext(form=form, task=task, request=request, language=language, starts=starts, patience=patience)
        waiting = (ExampleAttack(cell, e, p) for e, p in zip(examples, clean, strict=True) if e.id not in found)
        for row in _drive(waiting, answers, in_flight):
            found[row.example.id] = outcome = row.outcome()
            if on_done is not None:
                on_done(outcome)
    outcomes = [found[example.id] for example in examples]
    flags = ["plugin-errors"] if any(o["status"] == "error" for o in outcomes) else []
    return AttackResult(outcomes, summarise(outcomes), flags, _facts(examples, task.attackable, letters))


def _drive(waiting: Iterator[ExampleAttack], answers: Answers, in_flight: int) -> Iterator[ExampleAttack]:
    """Keep rows in flight until ``in_flight`` questions wait, ask them together, hand out the rows that have ended."""
    live: list[ExampleAttack] = []
    while True:
        questions = sum(row.questions for row in live)
        while questions < in_flight and (row := next(waiting, None)) is not None:
            live.append(row)
            questions += row.questions
        if not live:
            return
        _ask(live, answers)
        yield from (row for row in live if not row.questions)
        live = [row for row in live if row.questions]


def _ask(rows: Sequence[ExampleAttack], answers: Answers) -> None:
    """Answer every question: tokenise new texts once, forward those that the model has not seen in their row."""
    new = [(row, example) for row in rows for example in row.unread()]
    prints = answers.fingerprints([example for _, example in new])
    unknown: dict[tuple[int, bytes], tuple[ExampleAttack, Example]] = {}
    for (row, example), seen in zip(new, prints, strict=True):
        if row.read(example, seen):
            unknown.setdefault((id(row), seen), (row, example))
    predictions = answers.predict([example for _, example in unknown.values()])
    for ((_, seen), (row, _)), prediction in zip(unknown.items(), predictions, strict=True):
        row.known[seen] = prediction
    for row in rows:
        row.answer()


def alphabets(examples: Iterable[Example], fields: Sequence[str]) -> dict[str, Alphabet]:
    """Return the letters of the attackable fields per language and script; give it the whole clean split."""
    texts: dict[str, list[str]] = {}
    for example in examples:
        for name in fields:
            texts.setdefault(example.languages[name], []).append(example.texts[name])
    return {language: count_alphabet(texts[language]) for language in sorted(texts)}


class ScriptRule(TypedDict):
    """The rule of a script, and how many words of a cell were seen and may be edited under it."""

    rule: str
    minimum: int
    keep_ends: bool
    words: int
    open: int


def _facts(examples: Sequence[Example], fields: Sequence[str], letters: Mapping[str, Alphabet]) -> dict[str, object]:
    """Return the alphabets' hash and, per language and script, the rule in effect and how many words it opens."""
    rules: dict[str, dict[str, ScriptRule]] = {}
    for example in examples:
        for name in fields:
            scripts = rules.setdefault(example.languages[name], {})
            for piece in pieces(example.texts[name]):
                rule = rule_of(piece.script)
                fresh: ScriptRule = {
                    "rule": rule.name,
                    "minimum": rule.minimum,
                    "keep_ends": rule.keep_ends,
                    "words": 0,
                    "open": 0,
                }
                counts = scripts.setdefault(piece.script, fresh)
                counts["words"] += 1
                counts["open"] += bool(piece.open)
    plain = {language: dict(scripts) for language, scripts in letters.items()}
    return {"rules": rules, "alphabet": digest(plain)}
