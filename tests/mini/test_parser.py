from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parser import Parser, Question, parser

from adaptx.mini.facts import FAMILIES, Draw, Fact, drop_roles, fact_of
from adaptx.mini.lexicon import language, tags

pytestmark = pytest.mark.slow

of_every_language = pytest.mark.parametrize("tag", tags())
GIFT = {"agent": "amina", "patient": "boris", "verb": "give", "thing": "cup", "quality": "red"}


@st.composite
def any_fact(draw):
    family = draw(st.sampled_from(sorted(FAMILIES)))
    untold = draw(st.sets(st.sampled_from(FAMILIES[family].optional or ("none",))))
    return drop_roles(fact_of(Draw(draw(st.integers(0, 10**9))), family), list(untold))


def forms_of(fact, tag):
    return [
        form for form in language(tag).forms(fact.family) if form not in FAMILIES[fact.family].roles or form in fact
    ]


def told_in_english(fact, asked):
    (question,) = parser("en").questions(language("en").ask(fact, asked).text)
    return set(question.fact.words)


@of_every_language
@given(fact=any_fact())
def test_every_form_of_a_sentence_says_its_fact_and_no_other(tag, fact):
    for form in forms_of(fact, tag):
        text = language(tag).say(fact, form).text
        assert parser(tag).facts(text) == [fact], text
        assert parser(tag).questions(text) == []


@of_every_language
@given(fact=any_fact())
def test_a_question_asks_for_its_role_and_tells_what_the_english_one_does(tag, fact):
    for asked in language(tag).question_roles(fact.family):
        if asked in fact:
            text = language(tag).ask(fact, asked).text
            told = told_in_english(fact, asked)
            assert asked not in told
            known = Fact(fact.family, {role: word for role, word in fact.words.items() if role in told})
            assert parser(tag).questions(text) == [Question(asked, known)], text
            assert Question(asked, known).about(fact)
            assert not Question(asked, known).about(drop_roles(fact, [asked]))
            assert not Question(asked, known).about(Fact(fact.family, {asked: fact[asked]}))
            assert parser(tag).facts(text) == []


@of_every_language
@given(fact=any_fact())
def test_an_answer_is_the_phrase_of_its_role(tag, fact):
    for form in forms_of(fact, tag):
        said = language(tag).say(fact, form)
        (sentence,) = parser(tag).read(said.text)
        for asked in language(tag).question_roles(fact.family):
            if asked in fact:
                start, end = said.span(asked)
                assert sentence.answers(asked, (start, end)), (said.text, said.part(asked))
                assert not sentence.answers(asked, (start, end - 1))
                assert not sentence.answers(asked, (start, end + 1))


@of_every_language
@given(seed=st.integers(0, 10**9))
def test_a_text_falls_into_its_sentences(tag, seed):
    told = [fact_of(Draw(seed, family), family) for family in FAMILIES]
    texts = [language(tag).say(fact, "plain").text for fact in told] + [language(tag).ask(told[0], "agent").text]
    assert parser(tag).sentences((" " if language(tag).spaces else "").join(texts)) == texts


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("en", "Amina gave Boris the red cup."),
        ("de", "Amina gab Boris die rote Tasse."),
        ("ar", "أعطت أمينة بوريس الكوب الأحمر."),
    ],
)
def test_a_sentence_written_by_hand_is_read(tag, text):
    assert parser(tag).facts(text) == [Fact("transfer", GIFT)]


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("en", "amina gave Boris the red cup."),
        ("en", "Amina gave Boris the red cup"),
        ("en", "Amina gave  Boris the red cup."),
        ("en", "Amina gave Boris the cup."),
        ("en", "Amina gave Berlin the red cup."),
        ("en", "Amina ate the red cup."),
        ("en", "Amina bought 2 red cups."),
        ("de", "Amina gab Boris der rote Tasse."),
        ("de", "Amina gab Boris die roten Tasse."),
        ("de", "In Berlin Amina gab Boris die rote Tasse."),
        ("ar", "أعطى أمينة بوريس الكوب الأحمر."),
        ("ar", "أعطت أمينة بوريس الكوب الحمراء."),
        ("en", "."),
        ("en", ""),
    ],
)
def test_what_breaks_the_grammar_or_the_world_is_not_read(tag, text):
    assert parser(tag).facts(text) == []


def test_a_page_that_says_two_facts_alike_is_found_out():
    page = deepcopy(parser("en").page)
    page["words"]["person"]["boris"] = page["words"]["person"]["amina"]
    page["sentences"]["social"]["reversed"] = "{patient} {verb.past}:VERB {agent}"
    page["questions"]["have"]["agent"] = "does:AUX {agent} have:VERB {thing} now:ADV"
    altered = Parser(page)
    assert {fact["agent"] for fact in altered.facts("Amina saw Carmen in Rome.")} == {"amina", "boris"}
    assert {fact["agent"] for fact in altered.facts("Carmen saw Daniel.")} == {"carmen", "daniel"}
    (question,) = altered.questions("Does Carmen have the red cup now?")
    assert question.fact["agent"] == "carmen", "a question that gives its answer away"
