"""Layouts of retrieval data: how the queries, the items and what belongs together lie in files, named on a page.

Owns the step from upstream's rows to rows with an ``id``, a ``gold`` list and the page's columns, and to the items that
are searched. May not open files: it is handed a reader, so that a plan can ask for the parts of a cell offline.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from adaptx.errors import DataFault
from adaptx.spec import digest

if TYPE_CHECKING:
    from adaptx.data.source import Source
    from adaptx.tasks.task import Task

__all__ = ["LAYOUTS", "Item", "Layout", "Read", "distinct", "pool_revision", "tuning_split"]

DEV = "dev"

Row = Mapping[str, Any]
Numbered = tuple[str, Row]  # (file, row)


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a query may find."""

    id: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Read:
    """A reader of one split: ``read(task, language)`` yields (file, row); ``languages`` are those that have it."""

    source: Source
    split: str
    rows: Callable[[Source, Task, str, str], Iterator[Numbered]]

    def __call__(self, task: Task, language: str) -> Iterator[Numbered]:
        """Yield the rows of the split as upstream has them."""
        return self.rows(self.source, task, language, self.split)

    def languages(self, task: Task) -> list[str]:
        """Return the languages that the source has in this split."""
        return self.source.languages(task, self.split)


class Layout(Protocol):
    """How one kind of retrieval data lies in files."""

    def parts(self, task: Task, source: Source, language: str, split: str) -> list[tuple[Task, str]]:
        """Return what must be read beside the cell's own rows, as (task with other files, language)."""
        ...

    def rows(self, task: Task, language: str, read: Read) -> Iterator[Numbered]:
        """Yield the queries as (file, row)."""
        ...

    def items(self, task: Task, language: str, read: Read) -> Iterator[Item]:
        """Yield what is searched."""
        ...


class Bitext:
    """BUCC: two lists of sentences and the pairs between them.

    In a folder ``<split>`` holds the pairs (source_id, target_id), ``<split>_source`` and ``<split>_target`` the lists
    (id, text). On the hub a split is one row of lists: sentence1, sentence2, and gold as pairs counted from 1.
    """

    def parts(self, task: Task, source: Source, language: str, split: str) -> list[tuple[Task, str]]:
        """Return the two lists; the hub has all in one file."""
        if source.name == "hub":
            return []
        return [(_renamed(task, split, end), language) for end in ("_source", "_target")]

    def rows(self, task: Task, language: str, read: Read) -> Iterator[Numbered]:
        """Yield the source sentences with the ids of their translations."""
        pairs, gold = list(read(task, language)), defaultdict(list)
        if _is_whole(pairs):
            file, whole = pairs[0]
            for one, other in whole["gold"]:
                gold[int(one)].append(f"en-{other}")
            for number, text in enumerate(whole["sentence1"], start=1):
                yield file, {"id": f"{language}-{number}", "text": text, "gold": gold[number]}
            return
        for _, row in pairs:
            gold[row["source_id"]].append(row["target_id"])
        for file, row in read(_renamed(task, read.split, "_source"), language):
            yield file, {**row, "gold": gold[row["id"]]}

    def items(self, task: Task, language: str, read: Read) -> Iterator[Item]:
        """Yield the target sentences."""
        pairs = list(read(task, language))
        if _is_whole(pairs):
            listed = enumerate(pairs[0][1]["sentence2"], start=1)
            yield from (Item(f"en-{number}", text, "en") for number, text in listed)
            return
        for _, row in read(_renamed(task, read.split, "_target"), language):
            yield Item(row["id"], row["text"], "en")


def _renamed(task: Task, split: str, end: str) -> Task:
    return replace(task, splits={**task.splits, split: tuple(name + end for name in task.splits[split])})


def _is_whole(pairs: Sequence[Numbered]) -> bool:
    return len(pairs) == 1 and isinstance(pairs[0][1].get("sentence1"), list)


class Sentences:
    """Questions whose answer is a sentence of a paragraph: LAReQA's XQuAD-R, and SQuAD to train for it.

    XQuAD-R says where its sentences are (``sentence_breaks``) and its items are the sentences of every language, of
    which one in each is right (``utils_lareqa.py``). SQuAD does not: there a full stop, question or exclamation mark
    ends a sentence where a space and a capital, a digit or an opening mark follow.
    """

    END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(\[0-9])")

    def parts(self, task: Task, source: Source, language: str, split: str) -> list[tuple[Task, str]]:
        """Return every other language of the split."""
        return [(task, other) for other in source.languages(task, split) if other != language]

    def rows(self, task: Task, language: str, read: Read) -> Iterator[Numbered]:
        """Yield the questions with their sentence, ``item``, and the ids of the sentences of all languages."""
        gold = defaultdict(list)
        for other in read.languages(task):
            for question, name, _ in self._answered(task, other, read):
                gold[question].append(name)
        for (file, row), (question, _, text) in zip(
            read(task, language), self._answered(task, language, read), strict=True
        ):
            yield file, {**row, "item": text, "gold": gold[question] if text else []}

    def items(self, task: Task, language: str, read: Read) -> Iterator[Item]:  # noqa: ARG002 - the same in each
        """Yield each sentence of each paragraph in every language once."""
        for other in read.languages(task):
            for number, (context, row) in enumerate(_paragraphs(read(task, other)).items()):
                for place, (start, end) in enumerate(self._spans(row, context)):
                    yield Item(f"{other}:{number}:{place}", context[start:end], other)

    def _answered(self, task: Task, language: str, read: Read) -> Iterator[tuple[str, str, str]]:
        """Yield per question: its id, and id and text of the sentence where its answer begins (empty for none)."""
        numbers: dict[str, int] = {}
        for _, row in read(task, language):
            context, start = str(row.get("context") or ""), _answer_start(row)
            paragraph = numbers.setdefault(context, len(numbers))
            spans = enumerate(self._spans(row, context))
            place, span = next(((n, s) for n, s in spans if s[0] <= start < s[1]), (-1, (0, 0)))
            yield str(row.get("id")), f"{language}:{paragraph}:{place}", context[slice(*span)]

    def _spans(self, row: Row, context: str) -> list[tuple[int, int]]:
        if "sentence_breaks" in row:
            return [(int(start), int(end)) for start, end in row["sentence_breaks"]]
        edges = [0, *(match.end() for match in self.END.finditer(context)), len(context)]
        return [(start, end) for start, end in pairwise(edges) if end > start]


def _paragraphs(rows: Iterator[Numbered]) -> dict[str, Row]:
    return {str(row.get("context") or ""): row for _, row in rows}


def _answer_start(row: Row) -> int:
    found = row.get("answers")
    answers = found.get("answer_start") if isinstance(found, Mapping) else [a.get("answer_start") for a in found or ()]
    return answers[0] if answers and type(answers[0]) is int else -1


class Entities:
    """Mewsli-X: mentions in news, and a million entities described in one language each (``utils_mewslix.py``).

    A query is the mention, a colon, and its sentence with the mention in braces; an item is the sentences of the
    entity's description. The entities are in ``candidate_entities`` beside the languages' folders.
    """

    BRACED = re.compile(r"\{(.*?)\}")

    def parts(self, task: Task, source: Source, language: str, split: str) -> list[tuple[Task, str]]:  # noqa: ARG002
        """Return the entities; pairs to train on bring their own."""
        return [] if "item" in task.fields else [(self._entities(task, language, split), language)]

    def rows(self, task: Task, language: str, read: Read) -> Iterator[Numbered]:
        """Yield one row a mention; in training pairs with the entity's description as ``item``."""
        for file, row in read(task, language):
            told = row.get("contextual_mention", row)
            for mention in told.get("mentions") or [told.get("mention") or {}]:
                query = {"id": mention.get("example_id"), "query": self._marked(told.get("context") or {}, mention)}
                entity = {"item": self._described(row["entity"])} if "entity" in row else {}
                yield file, {**query, **entity, "gold": [str(mention.get("entity_id"))]}

    def items(self, task: Task, language: str, read: Read) -> Iterator[Item]:
        """Yield the entities."""
        for _, row in read(self._entities(task, language, read.split), language):
            yield Item(str(row["entity_id"]), self._described(row), row["description_language"])

    def _entities(self, task: Task, language: str, split: str) -> Task:
        return replace(task, folders={language: "."}, splits={split: ("candidate_entities",)})

    def _marked(self, context: Row, mention: Row) -> str | None:
        """Return the query's text, None where the mention lies in no sentence."""
        span, text = mention.get("mention_span") or {}, context.get("text", "")
        start, end = span.get("start", -1), span.get("end", -1)
        around = [s for s in context.get("sentence_spans", ()) if s["start"] <= start < end <= s["end"]]
        if not around:
            return None
        left, right = text[around[0]["start"] : start], text[end : around[0]["end"]]
        left, right = (self.BRACED.sub(r"(\1)", side) for side in (left, right))
        return _plain(f"{text[start:end]}: {left} {{ {text[start:end]} }} {right}")

    def _described(self, entity: Row) -> str:
        text = entity["description"]
        return _plain(" ".join(text[span["start"] : span["end"]] for span in entity["sentence_spans"]))


def _plain(text: str) -> str:
    return " ".join(text.split())


LAYOUTS: Mapping[str, Layout] = {"bitext": Bitext(), "sentences": Sentences(), "entities": Entities()}


def pool_revision(source: Source, task: Task, language: str, split: str) -> str:
    """Return the digest of the revisions of all that a cell reads beside its own rows; empty where that is nothing."""
    revisions = _beside(source, task, language, split)
    tuning = tuning_split(source, task, language, split)
    if tuning is not None:
        revisions += [source.revision(task, language, tuning), *_beside(source, task, language, tuning)]
    return digest(revisions) if revisions else ""


def tuning_split(source: Source, task: Task, language: str, split: str) -> str | None:
    """Return the split on which the threshold of ``split`` is tuned: dev of the same language, where pairs are mined.

    None where nothing is tuned, and where dev is the scored split itself or not there: then one half tunes.
    """
    if not task.mines_pairs or split == DEV:
        return None
    return DEV if DEV in source.splits(task, language) else None


def _beside(source: Source, task: Task, language: str, split: str) -> list[str]:
    if task.layout is None:
        return []
    parts = LAYOUTS[task.layout].parts(task, source, language, split)
    return [source.revision(part, other, split) for part, other in parts]


def distinct(items: Iterable[Item]) -> list[Item]:
    """Return the items, each id once; raise `DataFault` for the same id with two texts, or for none."""
    found: dict[str, Item] = {}
    for item in items:
        if found.setdefault(item.id, item).text != item.text:
            raise DataFault(f"item {item.id!r} has two texts", hint="an id names one item")
    if not found:
        raise DataFault("there is nothing to search", hint="is the file of the items empty?")
    return list(found.values())
