from itertools import combinations
from unicodedata import is_normalized

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.mini.facts import FAMILIES, Draw, concepts, fact_of
from adaptx.mini.lexicon import language, tags

pytestmark = [pytest.mark.parametrize("tag", tags()), pytest.mark.slow]


def forms_of(fact, tag):
    return [
        form for form in language(tag).forms(fact.family) if form not in FAMILIES[fact.family].roles or form in fact
    ]


def test_a_language_has_every_concept_and_no_other(tag):
    assert language(tag).words.keys() == {
        word for kind, all_ in concepts().items() if kind != "number" for word in all_
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_a_language_says_and_asks_what_english_does(tag, family):
    assert set(language(tag).forms(family)) == set(language("en").forms(family))
    assert set(language(tag).question_roles(family)) == set(language("en").question_roles(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_two_facts_are_never_said_alike(tag, family):
    said = {}
    for index in range(1500):
        fact = fact_of(Draw("alike", index), family)
        for form in forms_of(fact, tag):
            text = language(tag).say(fact, form).text
            assert said.setdefault(text, fact) == fact, text


@given(seed=st.integers(0, 10**9), family=st.sampled_from(sorted(FAMILIES)))
def test_a_sentence_holds_its_tokens_and_the_answers_to_its_questions(tag, seed, family):
    fact = fact_of(Draw(seed), family)
    for form in forms_of(fact, tag):
        said = language(tag).say(fact, form)
        assert is_normalized("NFC", said.text)
        assert [said.text[start:end] for start, end in said.spans] == [token.text for token in said.tokens]
        assert all(token.text.strip() == token.text != "" and token.pos.isupper() for token in said.tokens)
        assert not set("{}_~@|").intersection(said.text)
        for role in language(tag).question_roles(family):
            assert said.part(role).strip() == said.part(role) != ""


@given(seed=st.integers(0, 10**9), family=st.sampled_from(sorted(FAMILIES)))
def test_two_forms_of_a_sentence_differ(tag, seed, family):
    fact = fact_of(Draw(seed), family)
    texts = [language(tag).say(fact, form).text for form in forms_of(fact, tag)]
    assert all(one != two for one, two in combinations(texts, 2))
