"""Choice, light half: a text, any number of options, one of them right.

Owns the reading of options and what upstream's rows need before a model can read them; records, scores and goals are
those of labels (`labelled`), the head is in `adaptx.model.forms.choice`. A row's options stand in its texts after the
page's fields, as ``option0``, ``option1``, ...; a row may have fewer than the page has labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from adaptx.errors import RowFault
from adaptx.metrics import accuracy
from adaptx.tasks.example import Example
from adaptx.tasks.forms import check_text, read_text
from adaptx.tasks.forms.labelled import Labelled, read_label

if TYPE_CHECKING:
    from adaptx.tasks.task import Task

__all__ = ["Choice", "is_option", "option_name"]

Texts = Mapping[str, str]  # by field, the options after the page's fields

QUESTIONS = MappingProxyType({"cause": "What was the cause of this?", "effect": "What happened as a result?"})
BRACKETED = re.compile(r"\[.*?\]")
QUOTES = MappingProxyType({"``": '"', "''": '"'})  # as the Penn Treebank's tokens write them
BLANK = "_"  # marks the pronoun in XWinograd's rows on the hub


class Choice(Labelled):
    """The light half of multiple choice."""

    name = "choice"
    version = 1
    metrics: Mapping[str, int] = MappingProxyType({"accuracy": accuracy.VERSION})
    columns: tuple[str, ...] = ("label", "options")
    labelled = True
    by_label = False  # one output an option: any choice head answers any choice
    scorers: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ("copa-questions", "fill-pronoun", "hellaswag-contexts")
    searches = False
    reads_layer = False

    def read(self, row: Mapping[str, object], task: Task, *, id: str, language: str) -> Example:
        """Turn a row into an example; raise `RowFault` naming the column, also for fewer than two options."""
        fields = {field: read_text(row, task.columns[field]) for field in task.fields}
        options, names = _options(row, task)
        fields_and_options = fields | {option_name(index): option for index, option in enumerate(options)}
        texts, repaired = _repair(fields_and_options, row, task)
        languages = dict.fromkeys(texts, language)
        return Example(
            id=id,
            parallel=id,
            group=id,
            language=language,
            texts=texts,
            languages=languages | {"question": "en"} if "copa-questions" in task.repairs else languages,
            label=read_label(row, task.columns["label"], names),
            repaired=repaired,
        )

    def inputs_of(self, example: Example, task: Task) -> list[list[str]]:
        """Return the fields with each option: as many inputs as there are options."""
        fields = [text for name, text in example.texts.items() if not is_option(name, task)]
        return [[*fields, text] for name, text in example.texts.items() if is_option(name, task)]


def option_name(index: int) -> str:
    """Return the field of the option at ``index``, from 0."""
    return f"option{index}"


def is_option(field: str, task: Task) -> bool:
    """Return whether a field of an example is one of its options."""
    return field not in task.fields


def _options(row: Mapping[str, object], task: Task) -> tuple[list[str], Sequence[str]]:
    """Return the options of a row and how upstream spells them, in the same order."""
    column = task.columns["options"]
    if not isinstance(column, str):
        return [read_text(row, one) for one in column], task.labels[: len(column)]
    found: Any = row.get(column)
    names: Any = task.labels
    if isinstance(found, Mapping):
        found, names = found.get("text"), found.get("label")
    if not isinstance(found, list):
        raise RowFault(column, "missing" if found is None else f"{type(found).__name__} instead of a list of options")
    if not 2 <= len(found) <= len(task.labels):  # noqa: PLR2004 - a choice is between two at least
        raise RowFault(column, f"{len(found)} options, the page has labels for 2 to {len(task.labels)}")
    is_named = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if not is_named or len(names) < len(found):
        raise RowFault(column, f"labels {names!r} for {len(found)} options")
    return [check_text(option, column) for option in found], names[: len(found)]


def _repair(texts: Texts, row: Mapping[str, object], task: Task) -> tuple[Texts, tuple[str, ...]]:
    """Return the texts after the page's repairs, and the names of those that changed something."""
    applied: list[str] = []
    for name in task.repairs:
        after = REPAIRS[name](texts, task, row)
        applied += [name] if after != texts else []
        texts = after
    return texts, tuple(applied)


def _copa_questions(texts: Texts, task: Task, _: Mapping[str, object]) -> dict[str, str]:
    """Ask in words what COPA's rows ask with ``cause`` or ``effect``; the words are COPA's own, in English."""
    question = texts["question"]
    if question not in QUESTIONS:
        raise RowFault(task.columns["question"], f"question {question!r} is neither cause nor effect")
    return {**texts, "question": QUESTIONS[question]}


def _hellaswag_contexts(texts: Texts, task: Task, _: Mapping[str, object]) -> dict[str, str]:
    """Take out WikiHow's marks as lm-evaluation-harness's ``hellaswag`` does: [title] ends a sentence, others go."""
    return {field: _without_marks(text, task.columns.get(field, field)) for field, text in texts.items()}


def _without_marks(text: str, column: str) -> str:
    if "[" not in text:
        return text
    cleaned = BRACKETED.sub("", text.strip().replace(" [title]", ". "))
    return check_text(cleaned.replace("  ", " ").strip(), column)


def _fill_pronoun(texts: Texts, task: Task, row: Mapping[str, object]) -> dict[str, str]:
    """Make every option the rest of the sentence with the option in the pronoun's place, as WNLI does."""
    field = next(iter(task.fields))
    rest = texts[field][_after_pronoun(texts[field], row, task.columns[field]) :]
    return {name: text + rest if is_option(name, task) else text for name, text in texts.items()}


def _after_pronoun(sentence: str, row: Mapping[str, object], column: str) -> int:
    """Return where the pronoun ends: after the blank, or after the last token of ``pronoun_span``."""
    if BLANK in sentence:
        return sentence.index(BLANK) + len(BLANK)
    tokens, span = row.get("tokens"), row.get("pronoun_span")
    if not isinstance(tokens, list) or not isinstance(span, list) or not span or not 0 < span[-1] <= len(tokens):
        raise RowFault(column, "no blank, and no tokens with a pronoun_span")
    end = 0
    for token in (QUOTES.get(token, token) for token in tokens[: span[-1]]):
        start = sentence.find(token, end)
        if start < 0:
            raise RowFault(column, f"token {token!r} is not in the sentence")
        end = start + len(token)
    return end


REPAIRS = {"copa-questions": _copa_questions, "fill-pronoun": _fill_pronoun, "hellaswag-contexts": _hellaswag_contexts}
