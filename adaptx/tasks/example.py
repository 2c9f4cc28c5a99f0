"""The light data types that every room shares: an example, its gold, a prediction.

Owns the frozen types only; may not read rows (`tasks.forms`) nor tokenise (`model.forms`). Offsets are code points of
the field's text. An attack replaces texts with `Example.with_texts` and never mutates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

__all__ = [
    "NO_ANSWER_THRESHOLD",
    "Answer",
    "AnswerValue",
    "ClassPrediction",
    "Example",
    "Prediction",
    "RetrievalPrediction",
    "SpanPrediction",
    "TagPrediction",
    "ValuePrediction",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """A gold answer: its text and where it begins in the context (code points); ``start`` is -1 where unknown."""

    text: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One row of one task as the forms see it.

    ``texts`` maps field name to text in the order in which the model reads them; ``languages`` gives each field's
    BCP-47 tag; ``label`` is set by classification and choice, ``grade`` by regression, ``answers`` by span (empty:
    unanswerable), ``tags`` by tagging (one a token; the tokens are the lines of the text), ``gold`` by retrieval (ids
    of what is right to find). ``repaired`` names the repairs of its page that changed this row. ``parallel`` is shared
    by the translations of a row, ``group`` by rows with the same premise or context: the clusters of every interval.
    """

    id: str
    parallel: str
    group: str
    language: str
    texts: Mapping[str, str]
    languages: Mapping[str, str]
    label: int | None = None
    answers: tuple[Answer, ...] = ()
    grade: float | None = None
    tags: tuple[int, ...] = ()
    gold: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()

    def with_texts(self, texts: Mapping[str, str], answers: tuple[Answer, ...] | None = None) -> Example:
        """Return this example with some texts replaced, and its answers where their offsets moved."""
        moved = self.answers if answers is None else answers
        return replace(self, texts={**self.texts, **texts}, answers=moved)


@dataclass(frozen=True, slots=True)
class ClassPrediction:
    """A predicted label index and the log-probability of every label, in the page's order."""

    label: int
    log_probabilities: tuple[float, ...]

    @property
    def answer(self) -> int:
        """What an attack is shown: the label's index."""
        return self.label


NO_ANSWER_THRESHOLD = 0.0  # of log-probabilities: the likelier of the two is answered


@dataclass(frozen=True, slots=True)
class SpanPrediction:
    """The likeliest span, where it begins, and how much the model likes it, the best gold span, and no answer.

    ``log_probability`` and ``gold_log_probability`` are log p(start) + log p(end), each softmax over the tokens of one
    window, maximised over windows; ``gold_log_probability`` is None where no gold span lies in a window.
    ``no_answer`` is the log-probability of the classifier token, least over windows, None where a task answers always.
    """

    text: str
    start: int
    log_probability: float
    gold_log_probability: float | None = None
    no_answer: float | None = None

    @property
    def answer(self) -> str:
        """What an attack is shown: the answer's text, empty where none is likelier by `NO_ANSWER_THRESHOLD`."""
        if self.no_answer is not None and self.no_answer - self.log_probability > NO_ANSWER_THRESHOLD:
            return ""
        return self.text


@dataclass(frozen=True, slots=True)
class ValuePrediction:
    """A predicted grade, on the scale of the page's gold."""

    grade: float

    @property
    def answer(self) -> float:
        """What an attack is shown: the grade."""
        return self.grade


@dataclass(frozen=True, slots=True)
class TagPrediction:
    """A predicted tag index per token, and the log-probability of each token's gold tag (empty where none is known).

    ``log_probabilities`` are those of the predicted tags.
    """

    tags: tuple[int, ...]
    gold_log_probabilities: tuple[float, ...] = ()
    log_probabilities: tuple[float, ...] = ()

    @property
    def answer(self) -> tuple[int, ...]:
        """What an attack is shown: the tags."""
        return self.tags


@dataclass(frozen=True, slots=True)
class RetrievalPrediction:
    """What a query found: the ids of the nearest items, nearest first, their scores, and the best gold's score.

    ``back`` is the query that the gold item finds in turn; ``threshold`` is the least score at which mining keeps what
    it found, and ``tuned_on`` what that was tuned on: ``dev``, ``half`` of the queries, or nothing where it is given.
    """

    found: tuple[str, ...]
    scores: tuple[float, ...]
    gold_score: float | None = None
    back: str = ""
    threshold: float = 0.0
    tuned_on: str = ""

    @property
    def answer(self) -> str:
        """What an attack is shown: the id of the nearest item, empty where nothing was found."""
        return self.found[0] if self.found else ""


AnswerValue = int | float | str | tuple[int, ...]
"""What an attacked model answers: a label's index, a grade, a text or an id, or a tag per token."""

Prediction = ClassPrediction | SpanPrediction | ValuePrediction | TagPrediction | RetrievalPrediction
