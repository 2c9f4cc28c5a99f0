"""Layouts of retrieval data: how the queries, the items and what belongs together lie in files, named on a page.

Owns the step from upstream's rows to rows with an ``id``, a ``gold`` list and the page's columns, and to the items that
are searched. May not open files: it is handed a reader, so that a plan can ask for the parts of a cell offline. Every
raw value is checked before it is used. A bad query, or a bad pair, is a row fault like any other; what is searched must
be whole, since a search among fewer items is another task: a bad item is fatal.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Protocol

from adaptx.data.raw_values import Row, Span, id_of, limits_of, list_of, result_of, spans_in, table_of, whole_numbers
from adaptx.errors import DataFault, RowFault
from adaptx.spec import digest
from adaptx.tasks.forms import check_text, read_text
from adaptx.tasks.forms.span import answers_of, locate

if TYPE_CHECKING:
    from adaptx.data.cell import Cell
    from adaptx.data.reading import Numbered, Place, Read
    from adaptx.tasks.example import Example
    from adaptx.tasks.task import Task

__all__ = ["LAYOUTS", "Item", "Layout", "check_gold", "distinct", "pool_revision", "tuning_split"]

DEV = "dev"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a query may find."""

    id: str
    text: str
    language: str


class Layout(Protocol):
    """How one kind of retrieval data lies in files."""

    def parts(self, cell: Cell) -> list[Cell]:
        """Return what must be read beside the cell's own rows: its task with other files, or other languages."""
        ...

    def rows(self, read: Read) -> Iterator[Numbered]:
        """Yield the queries of the reader's cell as (file, row)."""
        ...

    def items(self, read: Read) -> Iterator[Item]:
        """Yield what they are searched in."""
        ...


class Bitext:
    """BUCC: two lists of sentences and the pairs between them.

    In a folder ``<split>`` holds the pairs (source_id, target_id), ``<split>_source`` and ``<split>_target`` the lists
    (id, text). On the hub a split is one row of lists: sentence1, sentence2, and gold as pairs counted from 1.
    """

    def parts(self, cell: Cell) -> list[Cell]:
        """Return the two lists; the hub has all in one file."""
        return [] if cell.source.name == "hub" else [_renamed(cell, end) for end in ("_source", "_target")]

    def rows(self, read: Read) -> Iterator[Numbered]:
        """Yield the source sentences with the ids of their translations."""
        lists = _lists(read)
        if lists is not None:
            yield from lists.rows(read.cell.language)
            return
        gold: dict[str, list[tuple[Place, str]]] = defaultdict(list)
        for place, (one, other) in read.usable(read.cell, _pair):
            gold[one].append((place, other))
        for (file, _), found in read.each(_renamed(read.cell, "_source"), _sentence):
            if isinstance(found, RowFault):
                yield file, found
            else:
                yield file, {"id": found[0], "text": found[1], "gold": [other for _, other in gold.pop(found[0], ())]}
        for one, pairs in gold.items():
            for place, _ in pairs:
                read.note(place, RowFault("source_id", f"{one!r} is the id of no source sentence that can be used"))

    def items(self, read: Read) -> Iterator[Item]:
        """Yield the target sentences."""
        lists = _lists(read)
        if lists is not None:
            yield from (Item(f"en-{number}", text, "en") for number, text in enumerate(lists.targets, start=1))
            return
        for name, text in read.whole(_renamed(read.cell, "_target"), _sentence):
            yield Item(name, text, "en")


def _renamed(cell: Cell, end: str) -> Cell:
    """Return the cell with ``end`` behind the names of its files."""
    names = tuple(name + end for name in cell.task.splits[cell.split])
    return replace(cell, task=replace(cell.task, splits={**cell.task.splits, cell.split: names}))


@dataclass(frozen=True, slots=True)
class _Lists:
    """The hub's one row of lists, in the place of three files."""

    file: str
    sources: Sequence[str]
    targets: Sequence[str]
    gold: Mapping[int, Sequence[str]]  # by the number of the source sentence, from 1

    def rows(self, language: str) -> Iterator[Numbered]:
        for number, text in enumerate(self.sources, start=1):
            yield self.file, {"id": f"{language}-{number}", "text": text, "gold": list(self.gold.get(number, ()))}


def _lists(read: Read) -> _Lists | None:
    """Return the one row of lists; None where there are pairs. Raises `DataFault` where a value of it is wrong."""
    found = list(islice(read(read.cell), 2))
    file, row = found[0] if len(found) == 1 else ("", {})
    if isinstance(row, RowFault) or not isinstance(row.get("sentence1"), list):
        return None
    return next(read.whole(read.cell, partial(_as_lists, file)))


def _as_lists(file: str, row: Row) -> _Lists:
    sources, targets = (
        [check_text(text, column) for text in list_of(row, column)] for column in ("sentence1", "sentence2")
    )
    gold: dict[int, list[str]] = defaultdict(list)
    for pair in list_of(row, "gold"):
        one, other = whole_numbers(pair, 2, "gold")
        if not (1 <= one <= len(sources) and 1 <= other <= len(targets)):
            raise RowFault("gold", f"there is no pair {one}, {other} of {len(sources)} and {len(targets)} sentences")
        gold[one].append(f"en-{other}")
    return _Lists(file, sources, targets, gold)


def _pair(row: Row) -> tuple[str, str]:
    return id_of(row, "source_id"), id_of(row, "target_id")


def _sentence(row: Row) -> tuple[str, str]:
    return id_of(row, "id"), read_text(row, "text")


class Sentences:
    """Questions whose answer is a sentence of a paragraph: LAReQA's XQuAD-R, and SQuAD to train for it.

    XQuAD-R says where its sentences are (``sentence_breaks``) and its items are the sentences of every language, of
    which one in each is right (``utils_lareqa.py``). SQuAD does not: there a full stop, question or exclamation mark
    ends a sentence where a space and a capital, a digit or an opening mark follow. A paragraph is searched where one of
    its questions can be used.
    """

    END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(\[0-9])")

    def parts(self, cell: Cell) -> list[Cell]:
        """Return every other language of the split."""
        return [replace(cell, language=other) for other in _languages(cell) if other != cell.language]

    def rows(self, read: Read) -> Iterator[Numbered]:
        """Yield the questions with their sentence, ``item``, and the ids of the sentences of all languages."""
        cell = read.cell
        answers: dict[str, dict[str, str]] = {}  # language -> question -> sentence
        for other in dict.fromkeys((*_languages(cell), cell.language)):
            quiet = replace(read, bad=[]) if other == cell.language else read  # the cell's own faults are told in place
            answers[other] = dict(self._answers(replace(cell, language=other), quiet))
        numbers: dict[str, int] = {}
        for (file, _), found in read.each(cell, lambda row: (row, self._question(cell.task, row))):
            if isinstance(found, RowFault):
                yield file, found
                continue
            row, question = found
            _, text = question.sentence(cell.language, numbers)
            gold = [names[question.id] for names in answers.values() if question.id in names]
            yield file, {**row, "item": text, "gold": gold}

    def items(self, read: Read) -> Iterator[Item]:
        """Yield each sentence of each paragraph in every language once."""
        for other in _languages(read.cell):
            numbers: dict[str, int] = {}
            for _, question in read.usable(replace(read.cell, language=other), partial(self._question, read.cell.task)):
                if question.context not in numbers:
                    number = numbers.setdefault(question.context, len(numbers))
                    for place, (start, end) in enumerate(question.spans):
                        yield Item(f"{other}:{number}:{place}", question.context[start:end], other)

    def _answers(self, cell: Cell, read: Read) -> Iterator[tuple[str, str]]:
        """Yield the id of each question of a cell, and that of the sentence where its answer begins."""
        numbers: dict[str, int] = {}
        known: set[str] = set()
        for place, question in read.usable(cell, partial(self._question, cell.task)):
            if question.id in known:
                read.note(place, RowFault("id", f"{question.id!r} is the id of another question too"))
            known.add(question.id)
            yield question.id, question.sentence(cell.language, numbers)[0]

    def _question(self, task: Task, row: Row) -> _Question:
        context = read_text(row, "context")
        answers = answers_of(row, "answers")
        if not answers:
            raise RowFault("answers", "no gold answer")
        starts = [locate(answer, context, "answers").start for answer in answers]
        spans = self._spans(task, row, context)
        at = next((place for place, (start, end) in enumerate(spans) if start <= starts[0] < end), None)
        if at is None:
            raise RowFault("answers", f"the answer at {starts[0]} begins in none of the sentences")
        return _Question(id_of(row, "id"), context, spans, at)

    def _spans(self, task: Task, row: Row, context: str) -> list[Span]:
        if "item" not in task.fields:
            return spans_in(
                [whole_numbers(pair, 2, "sentence_breaks") for pair in list_of(row, "sentence_breaks")], context
            )
        edges = [0, *(match.end() for match in self.END.finditer(context)), len(context)]
        return [(start, end) for start, end in pairwise(edges) if end > start]


def _languages(cell: Cell) -> list[str]:
    """Return the languages that the source has in the cell's split."""
    return cell.source.languages(cell.task, cell.split)


@dataclass(frozen=True, slots=True)
class _Question:
    id: str
    context: str
    spans: Sequence[Span]
    answered: int  # in which of the spans its answer begins

    def sentence(self, language: str, numbers: dict[str, int]) -> tuple[str, str]:
        """Return id and text of the sentence of the answer; ``numbers`` counts the contexts as they come."""
        number = numbers.setdefault(self.context, len(numbers))
        return f"{language}:{number}:{self.answered}", self.context[slice(*self.spans[self.answered])]


class Entities:
    """Mewsli-X: mentions in news, and a million entities described in one language each (``utils_mewslix.py``).

    A query is the mention, a colon, and its sentence with the mention in braces; an item is the sentences of the
    entity's description. The entities are in ``candidate_entities`` beside the languages' folders.
    """

    BRACED = re.compile(r"\{(.*?)\}")

    def parts(self, cell: Cell) -> list[Cell]:
        """Return the entities; pairs to train on bring their own."""
        return [] if "item" in cell.task.fields else [self._entities(cell)]

    def rows(self, read: Read) -> Iterator[Numbered]:
        """Yield one row a mention; in training pairs with the entity's description as ``item``."""
        for (file, _), found in read.each(read.cell, self._mentions):
            if isinstance(found, RowFault):
                yield file, found
                continue
            for mention in found:
                yield file, result_of(mention, {})

    def items(self, read: Read) -> Iterator[Item]:
        """Yield the entities."""
        yield from read.whole(self._entities(read.cell), self._entity)

    def _entities(self, cell: Cell) -> Cell:
        task = replace(cell.task, folders={cell.language: "."}, splits={cell.split: ("candidate_entities",)})
        return replace(cell, task=task)

    def _mentions(self, row: Row) -> list[Callable[[Row], Row]]:
        """Return what makes a query of each mention of a row, so that a bad mention is one fault."""
        told = table_of(row, "contextual_mention") if "contextual_mention" in row else row
        context = table_of(told, "context")
        mentions = list_of(told, "mentions") if "mentions" in told else [table_of(told, "mention")]
        entity = table_of(row, "entity") if "entity" in row else None
        return [partial(self._query, context, mention, entity) for mention in mentions]

    def _query(self, context: Row, mention: Any, entity: Row | None, _: Row) -> Row:
        if not isinstance(mention, Mapping):
            raise RowFault("mentions", f"{type(mention).__name__} instead of a table")
        query = {"id": id_of(mention, "example_id"), "query": self._marked(context, mention)}
        item = {} if entity is None else {"item": self._described(entity)}
        return {**query, **item, "gold": [id_of(mention, "entity_id")]}

    def _entity(self, row: Row) -> Item:
        return Item(id_of(row, "entity_id"), self._described(row), read_text(row, "description_language"))

    def _marked(self, context: Row, mention: Row) -> str:
        """Return the query's text; raise `RowFault` where the mention lies in no sentence."""
        text = read_text(context, "text")
        start, end = limits_of(table_of(mention, "mention_span"), "mention_span", text)
        around = [span for span in self._sentences(context, text) if span[0] <= start < end <= span[1]]
        if not around:
            raise RowFault("mention_span", f"{start} to {end} lies in no sentence of its context")
        left, right = text[around[0][0] : start], text[end : around[0][1]]
        left, right = (self.BRACED.sub(r"(\1)", side) for side in (left, right))
        return _plain(f"{text[start:end]}: {left} {{ {text[start:end]} }} {right}")

    def _described(self, entity: Row) -> str:
        text = read_text(entity, "description")
        return check_text(
            _plain(" ".join(text[start:end] for start, end in self._sentences(entity, text))), "description"
        )

    def _sentences(self, holder: Row, text: str) -> list[Span]:
        return [limits_of(span, "sentence_spans", text) for span in list_of(holder, "sentence_spans")]


def _plain(text: str) -> str:
    return " ".join(text.split())


LAYOUTS: Mapping[str, Layout] = {"bitext": Bitext(), "sentences": Sentences(), "entities": Entities()}


def pool_revision(cell: Cell) -> str:
    """Return the digest of the revisions of all that a cell reads beside its own rows; empty where that is nothing."""
    revisions = _beside(cell)
    tuning = tuning_split(cell)
    if tuning is not None:
        tuned = replace(cell, split=tuning)
        revisions += [tuned.revision, *_beside(tuned)]
    return digest(revisions) if revisions else ""


def tuning_split(cell: Cell) -> str | None:
    """Return the split on which the threshold of a cell is tuned: dev of the same language, where pairs are mined.

    None where nothing is tuned, and where dev is the scored split itself or not there: then one half tunes.
    """
    if not cell.task.mines_pairs or cell.split == DEV:
        return None
    return DEV if DEV in cell.source.splits(cell.task, cell.language) else None


def _beside(cell: Cell) -> list[str]:
    layout = cell.task.layout
    return [] if layout is None else [part.revision for part in LAYOUTS[layout].parts(cell)]


def check_gold(queries: Iterable[Example], items: Iterable[Item], what: str) -> None:
    """Raise `DataFault` for a query whose gold is not there to be found: no model could answer it."""
    known = {item.id for item in items}
    lost = [(query.id, name) for query in queries for name in query.gold if name not in known]
    if lost:
        raise DataFault(
            f"{what}: {len(lost)} gold items are not among the {len(known)} that are searched, "
            f"the first is {lost[0][1]!r} of query {lost[0][0]!r}",
            hint="the files of queries and items do not belong together, or one was cut",
        )


def distinct(items: Iterable[Item]) -> list[Item]:
    """Return the items, each id once; raise `DataFault` for the same id with two texts, or for none."""
    found: dict[str, Item] = {}
    for item in items:
        if found.setdefault(item.id, item).text != item.text:
            raise DataFault(f"item {item.id!r} has two texts", hint="an id names one item")
    if not found:
        raise DataFault("there is nothing to search", hint="is the file of the items empty?")
    return list(found.values())
