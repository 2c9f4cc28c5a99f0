"""Feelings: the label is what is felt, and both feelings are named."""

from __future__ import annotations

import re

import pytest
from parser import parser

from adaptx.mini import suite
from adaptx.mini.suite import Suite

GOOD, BAD = {"happy", "glad", "pleased"}, {"sad", "sorry", "angry"}


@pytest.mark.parametrize(("task", "column", "count"), [("sst2", "sentence", 1), ("imdb", "text", 3)])
def test_a_text_is_as_good_as_what_is_felt_about_its_fact(task, column, count):
    for row in suite.rows(task, "en", "train", Suite(train=60)):
        text = row[column]
        (denied,) = re.findall(r"not (\w+)", text)
        (felt,) = (GOOD | BAD).intersection(text.split()) - {denied}
        assert (felt in GOOD) == (denied in BAD) == (row["label"] == 1)
        plain = re.sub(r"[\w ]+ that (.)", lambda found: found[1].upper(), text)
        assert [len(parser("en").facts(sentence)) for sentence in parser("en").sentences(plain)] == [1] * count
