from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adaptx.errors import DataFault
from adaptx.metrics.tagging import entities, f1, sentence_terms, token_accuracy

FILES = [
    *("edge.seqeval.panx", "edge.seqeval.udpos"),
    *(f"seqeval.panx.{language}" for language in ("ar", "de", "en", "ja", "sw", "zh")),
    *(f"seqeval.udpos.{language}" for language in ("ar", "de", "en", "hi", "ja", "th", "zh")),
]
EDGES = ["edge.seqeval.panx", "edge.seqeval.udpos"]
NAMES = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
LONG = st.sampled_from(["NOUN", "PUNCT", "SCONJ", "CCONJ", "SYM", "PROPN", "PRON", "VERB"])
ANY = st.one_of(NAMES, LONG, st.sampled_from(["X", "_"]))


def corpora(tag: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[tuple[str, str]]]]:
    return st.lists(st.lists(st.tuples(tag, tag), min_size=1, max_size=7), min_size=1, max_size=6)


def sides(corpus: list[list[tuple[str, str]]]) -> tuple[list[list[str]], list[list[str]]]:
    return [[found for found, _ in row] for row in corpus], [[gold for _, gold in row] for row in corpus]


def summed(corpus: list[list[tuple[str, str]]]) -> float:
    terms = [sentence_terms(*pair) for pair in zip(*sides(corpus), strict=True)]
    numerator, denominator = map(sum, zip(*terms, strict=True))
    return numerator / denominator if denominator else 0.0


def early(tags: list[str]) -> list[str]:
    """Spell tags so that the library finds what its version 0.0.12 found: the whole tag is the type."""
    return [tag if tag == "O" or "-" in tag else f"{tag[0]}-{'__' if tag == '_' else tag}" for tag in tags]


@pytest.mark.shared
@pytest.mark.parametrize("name", FILES)
def test_scores_equal_the_official_ones(shared_golden: Path, name: str) -> None:
    golden = json.loads((shared_golden / f"{name}.json").read_text("utf-8"))
    predictions, references = golden["predictions"], golden["references"]
    found = {key: 100 * value for key, value in f1(predictions, references).items()}
    assert found == pytest.approx(golden["expected"], abs=1e-6)
    found = {key: 100 * value for key, value in f1([*map(early, predictions)], [*map(early, references)]).items()}
    assert found == pytest.approx(golden["expected_seqeval_0.0.12"], abs=1e-6)


@pytest.mark.shared
@pytest.mark.parametrize("name", EDGES)
def test_entities_and_sentences_equal_the_official_ones(shared_golden: Path, name: str) -> None:
    golden = json.loads((shared_golden / f"{name}.json").read_text("utf-8"))
    for side in ("references", "predictions"):
        for tags, wanted in zip(golden[side], golden[f"entities_{side}"], strict=True):
            assert entities(tags) == set(map(tuple, wanted))
    pairs = zip(golden["predictions"], golden["references"], strict=True)
    found = [100 * f1([one], [other])["f1"] for one, other in pairs]
    assert found == pytest.approx(golden["per_item"]["f1"], abs=1e-6)


@given(corpora(NAMES) | corpora(LONG))
def test_the_sentences_terms_add_up_to_the_score_of_the_corpus(corpus) -> None:
    assert summed(corpus) == pytest.approx(f1(*sides(corpus))["f1"], abs=1e-12)


@given(corpora(ANY))
@example([[("O", "B-PER"), ("O", "O"), ("X", "X"), ("B-PER", "B-PER")]])
@example([[("O", "B-PER"), ("B-PER", "O")], [("O", "O"), ("X", "X"), ("B-PER", "B-PER")]])
def test_only_a_tag_of_one_letter_before_any_entity_of_its_sentence_may_add_a_hit_of_its_own(corpus) -> None:
    predictions, references = sides(corpus)
    shared, both = map(sum, zip(*map(sentence_terms, predictions, references), strict=True))
    apart = [["O", *(tag for row in side for tag in (*row, "O"))] for side in (predictions, references)]
    predicted, gold = map(entities, apart)
    lenient = sum(map(begins_with_one_letter, predictions, references))
    assert both == len(predicted) + len(gold)
    assert 0 <= shared - 2 * len(predicted & gold) <= 2 * lenient


def begins_with_one_letter(*sentences: list[str]) -> bool:
    """Say whether the first tag that is not O has one letter, on every side."""
    return all(next((tag for tag in tags if tag != "O"), "O") in ("X", "_") for tags in sentences)


@given(corpora(NAMES | LONG), st.randoms())
def test_scores_are_fractions_that_the_order_of_sentences_does_not_move(corpus, random) -> None:
    found = f1(*sides(corpus))
    assert all(0.0 <= value <= 1.0 for value in found.values())
    shuffled = random.sample(corpus, len(corpus))
    assert f1(*sides(shuffled)) == pytest.approx(found)
    assert token_accuracy(*sides(shuffled)) == pytest.approx(token_accuracy(*sides(corpus)))


@given(corpora(ANY))
def test_precision_and_recall_change_places_with_gold_and_prediction(corpus) -> None:
    predictions, references = sides(corpus)
    one, other = f1(predictions, references), f1(references, predictions)
    assert (one["precision"], one["recall"]) == (other["recall"], other["precision"])
    assert one["f1"] == other["f1"]


@given(corpora(NAMES))
def test_gold_as_prediction_is_perfect_unless_there_is_nothing_to_find(corpus) -> None:
    _, references = sides(corpus)
    found = f1(references, references)["f1"]
    assert found == (1.0 if any(map(entities, references)) else 0.0)
    assert token_accuracy(references, references) == 1.0


@pytest.mark.parametrize(
    ("predictions", "references", "told"),
    [([], [], "no sentences"), ([["O"]], [], "1 tagged sentences for 0"), ([["O"]], [["O", "O"]], "1 tags for 2")],
)
def test_what_cannot_be_scored_is_refused(predictions, references, told: str) -> None:
    for metric in (f1, token_accuracy):
        with pytest.raises(DataFault, match=told):
            metric(predictions, references)


def test_an_empty_sentence_adds_nothing() -> None:
    assert sentence_terms([], []) == (0, 0)
