"""Parallel sentences: pairs mean the same, and no sentence has two translations."""

from __future__ import annotations

import pytest
from parser import parser
from seeds import of_any_seed

from adaptx.mini import suite
from adaptx.mini.suite import Suite

SOME = Suite(dev=40, test=40)


@pytest.mark.parametrize("tag", suite.languages("tatoeba"))
@of_any_seed
def test_a_sentence_and_its_translation_say_the_same(tag, asked):
    for row in suite.rows("tatoeba", tag, "test", asked):
        ((one,), (two,)) = parser("en").facts(row["target_sentence"]), parser(tag).facts(row["source_sentence"])
        assert one == two


@pytest.mark.parametrize("tag", ["de", "zh"])
def test_the_gold_pairs_are_all_that_the_two_lists_have_in_common(tag):
    (row,) = suite.rows("bucc", tag, "test", SOME)
    sides = [
        [parser(spoken).facts(text)[0] for text in row[side]]
        for spoken, side in ((tag, "sentence1"), ("en", "sentence2"))
    ]
    pairs = [[n, m] for n, one in enumerate(sides[0], 1) for m, two in enumerate(sides[1], 1) if one == two]
    assert sorted(row["gold"]) == pairs
    assert len(row["sentence1"]) == len(row["sentence2"]) == 40
    assert len(pairs) == 10


@pytest.mark.parametrize("tag", ["de", "zh"])
def test_no_sentence_stands_twice(tag):
    rows = list(suite.rows("tatoeba", tag, "test"))
    assert len({row["target_sentence"] for row in rows}) == len({row["source_sentence"] for row in rows}) == len(rows)
    for split in ("dev", "test"):
        (row,) = suite.rows("bucc", tag, split)
        assert all(len(set(row[side])) == len(row[side]) for side in ("sentence1", "sentence2"))
