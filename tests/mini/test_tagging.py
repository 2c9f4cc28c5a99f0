"""Tagged sentences: names are those of people, places and institutions, and categories derive a sentence."""

from __future__ import annotations

from functools import cache

import pytest

from adaptx.mini import suite
from adaptx.mini.facts import FAMILIES, Draw, fact_of
from adaptx.mini.lexicon import language, tags
from adaptx.mini.sentences import SurfaceForm, forms
from adaptx.mini.suite import Suite
from adaptx.mini.tagging import CATEGORIES, categories, names, parts_of_speech
from adaptx.tasks.catalog import task_named

SOME = Suite(test=40)
KINDS = {"agent": "PER", "patient": "PER", "place": "LOC", "origin": "LOC", "goal": "LOC", "institution": "ORG"}


def tellings(family, n=20):
    for seed in range(n):
        fact = fact_of(Draw("tagged", seed), family)
        yield from (SurfaceForm(fact, form) for form in forms(fact))


@pytest.mark.parametrize("tag", tags())
@pytest.mark.parametrize("family", FAMILIES)
def test_a_name_begins_once_and_stands_where_the_answer_for_its_role_does(tag, family):
    for telling in tellings(family, 5):
        said = language(tag).say(*telling)
        found = names(telling, said)
        told = {role: kind for role, kind in KINDS.items() if role in telling.fact}
        assert sorted(mark[2:] for mark in found if mark[0] == "B") == sorted(told.values())
        for role, kind in told.items():
            start, end = said.span(role)
            inside = [mark[2:] for mark, (one, two) in zip(found, said.spans, strict=True) if one < end and start < two]
            assert kind in inside


@pytest.mark.parametrize(("task", "column"), [("udpos", "upos"), ("panx", "ner_tags"), ("masakhaner", "ner_tags")])
def test_every_token_has_a_tag_that_the_page_has(task, column):
    for tag in tags():
        for row in suite.rows(task, tag, "test", SOME):
            assert len(row["tokens"]) == len(row[column])
            assert set(row[column]) <= set(task_named(task).labels)


def test_a_part_of_speech_is_that_of_its_token():
    telling = SurfaceForm(fact_of(Draw(1), "social"), "plain")
    tagged = parts_of_speech(telling, language("en").say(*telling))
    assert tagged == "PROPN VERB PROPN ADP PROPN ADP PROPN PUNCT".split()


# A category is an atom, or (result, slash, argument). Chart parsing by application, with S\\NP modifiers of any
# feature and the type change N -> NP that CCGbank has.


@cache
def category(text):
    if text[0] == "(" and _closing(text) == len(text) - 1:
        return category(text[1:-1])
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += (text[place] == ")") - (text[place] == "(")
        if depth == 0 and text[place] in "/\\":
            return category(text[:place]), text[place], category(text[place + 1 :])
    return text


def _closing(text):
    depth = 0
    for place, mark in enumerate(text):
        depth += (mark == "(") - (mark == ")")
        if depth == 0:
            return place
    return -1


def fits(argument, found):
    if isinstance(argument, str) or isinstance(found, str):
        return argument == found or (argument == "S" and found in ("S[dcl]", "S[adj]"))
    return argument[1] == found[1] and fits(argument[0], found[0]) and fits(argument[2], found[2])


def applied(functor, argument, slash):
    if isinstance(functor, str) or functor[1] != slash or not fits(functor[2], argument):
        return None
    return argument if functor[0] == functor[2] else functor[0]  # a modifier leaves what it modifies


@cache
def spanned(found):
    """Return the categories of a row of categories."""
    if len(found) == 1:
        return {found[0], "NP"} if found[0] == "N" else {found[0]}
    made = set()
    for cut in range(1, len(found)):
        for left in spanned(found[:cut]):
            for right in spanned(found[cut:]):
                made |= {applied(left, right, "/"), applied(right, left, "\\")}
    return made - {None} | ({"NP"} if "N" in made else set())


@pytest.mark.parametrize("family", FAMILIES)
def test_categories_derive_every_sentence(family):
    for telling in tellings(family):
        said = language("en").say(*telling)
        found = categories(telling, said)
        assert set(found) <= set(CATEGORIES)
        assert found[-1] == "."
        assert "S[dcl]" in spanned(tuple(category(one) for one in found[:-1])), (said.text, found)
