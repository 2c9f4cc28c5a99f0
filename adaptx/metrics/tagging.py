"""Tagging F1, precision and recall over entities, as XTREME scores PAN-X and UDPOS (evaluate.py calls seqeval).

Owns these scores, the terms that a bootstrap adds up, and token accuracy. Entities are those of seqeval 1.2.2, kept
with what it does to part-of-speech tags, because the published numbers are made that way: neighbouring equal tags are
one entity; the first letter of a tag without a prefix is dropped, so that SCONJ and CCONJ are one type; a tag of one
letter (X, _) at the edge of a sentence is lost, or its entity begins where the last one before it began. POS F1 is
hence not token accuracy, which `token_accuracy` gives beside it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from adaptx.errors import DataFault

__all__ = ["VERSION", "Entity", "entities", "f1", "sentence_terms", "token_accuracy"]

VERSION = 1

Entity = tuple[str, int, int]  # type, first token, last token
Tags = Sequence[str]
Terms = tuple[int, int]

OUTSIDE = "O"


def entities(tags: Tags) -> set[Entity]:
    """Return the entities of one sequence, tokens numbered from 0 (seqeval 1.2.2, ``get_entities``)."""
    from seqeval.metrics.sequence_labeling import get_entities

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* seems not to be NE tag")  # one for each POS tag
        return set(get_entities(list(tags)))


def f1(predictions: Sequence[Tags], references: Sequence[Tags]) -> dict[str, float]:
    """Return ``{"f1", "precision", "recall"}``, micro-averaged; 0 where nothing is there to find.

    Sentences are joined by O and scored as one sequence, as seqeval does. Raise `DataFault` for no sentences, for
    lists of unequal length, and for a sentence whose tags are more or fewer than its tokens.
    """
    _check(predictions, references)
    predicted, gold = entities(_join(predictions)), entities(_join(references))
    hits = len(predicted & gold)
    return {
        "f1": _share(2 * hits, len(predicted) + len(gold)),
        "precision": _share(hits, len(predicted)),
        "recall": _share(hits, len(gold)),
    }


def sentence_terms(prediction: Tags, reference: Tags) -> Terms:
    """Return what a sentence adds to the corpus's F1: (2 * hits, predicted + gold); their ratio over all is `f1`.

    Exact wherever no tag has one letter, as in every scheme of named entities. Where X or _ comes before any other
    entity of a sentence, in gold and prediction alike, seqeval lets that entity begin where the last one of a sentence
    before began, and counts a hit only if those agree too; here it is a hit, so that a row's terms are its own.
    """
    predicted, gold = (entities((OUTSIDE, *tags)) for tags in (prediction, reference))
    return 2 * len(predicted & gold), len(predicted) + len(gold)


def token_accuracy(predictions: Sequence[Tags], references: Sequence[Tags]) -> float:
    """Return the share of tokens with the gold tag; raises as `f1`."""
    _check(predictions, references)
    pairs = [pair for both in zip(predictions, references, strict=True) for pair in zip(*both, strict=True)]
    return _share(sum(found == gold for found, gold in pairs), len(pairs))


def _join(sentences: Sequence[Tags]) -> list[str]:
    return [tag for sentence in sentences for tag in (*sentence, OUTSIDE)]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _check(predictions: Sequence[Tags], references: Sequence[Tags]) -> None:
    if len(predictions) != len(references):
        raise DataFault(f"{len(predictions)} tagged sentences for {len(references)}", hint="score the same sentences")
    if not references:
        raise DataFault("no sentences to score", hint="check the split and --max-eval")
    for number, (found, gold) in enumerate(zip(predictions, references, strict=True)):
        if len(found) != len(gold):
            raise DataFault(f"sentence {number}: {len(found)} tags for {len(gold)} tokens", hint="one tag a token")
