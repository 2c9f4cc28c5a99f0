"""Tagging, light half: a sentence of tokens and one tag for each.

Owns the check of tags against tokens and the goal of an attack; the head is in `adaptx.model.forms.tagging`. The one
field is a text with one token a line; the line breaks are protected, so an attack cannot change how many there are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from adaptx.errors import RowFault
from adaptx.metrics import tagging
from adaptx.tasks.example import Example, Prediction, TagPrediction
from adaptx.tasks.forms import Goal, PredictionRecord, check_text, one_input
from adaptx.tasks.forms.labelled import label_index, most_frequent

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

__all__ = ["TAGGING_DROP", "Tagging", "tokens_of"]

TAGGING_DROP = 0.25  # of the sentence's clean token accuracy: a quarter of what the model had right is lost
BREAK = "\n"  # between tokens
DATES = ("B-DATE", "I-DATE")  # MasakhaNER's, which PAN-X does not mark


class Tagging:
    """The light half of tagging. ``value`` of a record is the sentence's own entity F1, or token accuracy.

    A sentence where nothing is to be found and nothing was found has value 1: an entity put there by an attack is harm.
    An attack aims at token accuracy and not at F1, which a sentence without entities does not have.
    """

    name = "tagging"
    version = 1
    metrics: Mapping[str, int] = MappingProxyType({"f1": tagging.VERSION, "accuracy": tagging.VERSION})
    columns: tuple[str, ...] = ("tokens", "tags")
    labelled = True
    by_label = True
    scorers: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ("date-to-o",)
    searches = False
    reads_layer = False

    def read(self, row: Mapping[str, object], task: Task, *, id: str, language: str) -> Example:
        """Turn a row into an example; raise `RowFault` naming the column, also where tags and tokens differ in number.

        Tags may be indices, names or numeric strings.
        """
        tokens = _tokens(row, task.columns["tokens"])
        tags = _list(row, task.columns["tags"])
        repaired = ["O" if tag in DATES else tag for tag in tags] if "date-to-o" in task.repairs else tags
        return Example(
            id=id,
            parallel=id,
            group=id,
            language=language,
            texts={"tokens": BREAK.join(tokens)},
            languages={"tokens": language},
            tags=_tags(repaired, task.columns["tags"], task.labels, len(tokens)),
            repaired=("date-to-o",) if repaired != tags else (),
        )

    def inputs_of(self, example: Example, task: Task) -> list[list[str]]:
        """Return all texts as one input."""
        return one_input(example)

    def record(self, example: Example, prediction: Prediction, task: Task) -> PredictionRecord:
        """Return the stored row: tag indices in the page's order, and what the sentence adds to the cell's F1."""
        predicted = _of_tags(prediction)
        record = {
            "id": example.id,
            "parallel": example.parallel,
            "group": example.group,
            "gold": list(example.tags),
            "prediction": list(predicted.tags),
        }
        return record | {
            "value": self.value(record, task, example.language),
            "sums": list(_terms(record, task)),
            "gold_log_probabilities": list(predicted.gold_log_probabilities),
        }

    def score(self, records: Sequence[PredictionRecord], task: Task, language: str) -> dict[str, float]:
        """Return the tokens' ``"accuracy"`` and, unless that is the page's metric, ``{"f1", "precision", "recall"}``.

        Raises `DataFault` for no records. Supertags are no entities, and a user's own labels need not be here.
        """
        if task.metric == "accuracy":
            predicted, golds = ([list(map(str, record[side])) for record in records] for side in ("prediction", "gold"))
            return {"accuracy": tagging.token_accuracy(predicted, golds)}
        found, golds = ([_names(record[side], task) for record in records] for side in ("prediction", "gold"))
        return {**tagging.f1(found, golds), "accuracy": tagging.token_accuracy(found, golds)}

    def value(self, record: PredictionRecord, task: Task, language: str) -> float:
        """Return the main metric of one stored sentence alone."""
        hits, marked = _terms(record, task)
        return hits / marked if marked else 1.0

    def correct(self, example: Example, prediction: Prediction, task: Task) -> bool:
        """Return whether any token is tagged right: only then is there something to lose."""
        return _accuracy(example, prediction) > 0

    def goal(self, example: Example, prediction: Prediction, clean: Prediction, task: Task) -> Goal:
        """Return whether token accuracy fell by `TAGGING_DROP` of its clean value, and the mean -log p(gold tag)."""
        threshold = (1 - TAGGING_DROP) * _accuracy(example, clean)
        logs = [max(found, -math.log(2.0**149)) for found in _of_tags(prediction).gold_log_probabilities]
        return _accuracy(example, prediction) <= threshold, -sum(logs) / max(1, len(logs))

    def protected_spans(self, example: Example) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """Return the line breaks, so that no attack joins two tokens."""
        text = example.texts["tokens"]
        return {"tokens": tuple((index, index + 1) for index, mark in enumerate(text) if mark == BREAK)}

    def majority(self, records: Sequence[PredictionRecord]) -> float | None:
        """Return the share of the most frequent gold tag over tokens; None for no records."""
        return most_frequent(chain.from_iterable(record["gold"] for record in records))


def tokens_of(example: Example) -> list[str]:
    """Return the tokens of an example; one that an attack emptied is still there."""
    return example.texts["tokens"].split(BREAK)


def _of_tags(prediction: Prediction) -> TagPrediction:
    assert isinstance(prediction, TagPrediction), "a tagging head predicts tags"
    return prediction


def _accuracy(example: Example, prediction: Prediction) -> float:
    pairs = zip(_of_tags(prediction).tags, example.tags, strict=True)
    return sum(found == gold for found, gold in pairs) / len(example.tags)


def _names(tags: Sequence[int], task: Task) -> list[str]:
    return [task.labels[tag] for tag in tags]


def _terms(record: PredictionRecord, task: Task) -> tuple[float, float]:
    """Return what a sentence adds to the cell's score: see `adaptx.metrics.sums`."""
    if task.metric == "accuracy":
        pairs = zip(record["prediction"], record["gold"], strict=True)
        return float(sum(found == gold for found, gold in pairs)), float(len(record["gold"]))
    twice_hits, marked = tagging.sentence_terms(_names(record["prediction"], task), _names(record["gold"], task))
    return float(twice_hits), float(marked)


def _tokens(row: Mapping[str, object], column: str) -> list[str]:
    found = _list(row, column)
    if not found:
        raise RowFault(column, "a sentence without tokens")
    for index, token in enumerate(found):
        if not isinstance(token, str) or not token.strip():
            raise RowFault(column, f"token {index} is {token!r}, not a text with something in it")
        if BREAK in token or "\r" in token:
            raise RowFault(column, f"token {index} has a line break: {token[:40]!r}")
    check_text(BREAK.join(found), column)
    return found


def _tags(found: Sequence[Any], column: str, labels: Sequence[str], count: int) -> tuple[int, ...]:
    if len(found) != count:
        raise RowFault(column, f"{len(found)} tags for {count} tokens")
    return tuple(_tag(tag, index, column, labels) for index, tag in enumerate(found))


def _tag(found: Any, position: int, column: str, labels: Sequence[str]) -> int:
    tag_index = label_index(found, labels)
    if tag_index is None:
        raise RowFault(column, f"tag {found!r} of token {position} is unknown (known: {', '.join(labels)})")
    return tag_index


def _list(row: Mapping[str, object], column: str) -> list[Any]:
    found = row.get(column)
    if not isinstance(found, list):
        raise RowFault(column, "missing" if found is None else f"{type(found).__name__} instead of a list")
    return found
