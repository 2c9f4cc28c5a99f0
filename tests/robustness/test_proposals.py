"""A door-1 attack's proposals: shown composed, carried back, drawn over fields, checked one by one."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random

import pytest

from adaptx.errors import PluginError
from adaptx.robustness import proposals as module
from adaptx.robustness.attack import Edit, attack
from adaptx.robustness.proposals import propose
from adaptx.robustness.session import AttackTarget
from adaptx.testing import pair


def target(one="some words", other="more of the words", *, lang="en", protected=None, snapped=True, fields=None):
    return AttackTarget(
        example=pair("p", lang, one, other),
        fields=fields or ("sentence1", "sentence2"),
        protected=protected or {},
        snapped=snapped,
    )


def proposing(*edits, unit="cluster"):
    @attack("proposing", version=1, unit=unit)
    def proposes(text, *, rng, lang):
        yield from edits

    return proposes


def drawn(asked, victim, **parameters):
    return list(propose(asked, parameters, victim, {}).draw(Random(0)))


def test_a_proposal_is_placed_in_its_field_whatever_field_it_names():
    victim = target(fields=("sentence2",))
    for edit in (Edit.at(0, 1, "x"), Edit("sentence1", 0, 1, "x"), Edit("no field", 0, 1, "x")):
        assert drawn(proposing(edit), victim) == [Edit("sentence2", 0, 1, "x")]


def test_fields_are_drawn_in_proportion_to_their_clusters():
    @attack("endless", version=1)
    def endless(text, *, rng, lang):
        while True:
            yield Edit.at(0, 1, "x")

    victim = target("a" * 10, "b" * 30)
    counts = Counter(edit.field for edit in islice(propose(endless, {}, victim, {}).draw(Random(1)), 2000))
    assert counts["sentence2"] / 2000 == pytest.approx(0.75, abs=0.03)


def test_a_field_whose_stream_ends_leaves_the_others():
    @attack("short", version=1)
    def short(text, *, rng, lang):
        for place in range(1 if text.startswith("s") else 5):
            yield Edit.at(place, place + 1, "x")

    found = drawn(short, target())
    assert Counter(edit.field for edit in found) == {"sentence1": 1, "sentence2": 5}
    assert [edit.start for edit in found if edit.field == "sentence2"] == [0, 1, 2, 3, 4]


def test_an_empty_field_is_never_asked():
    seen = []

    @attack("sees", version=1)
    def sees(text, *, rng, lang):
        seen.append(text)
        yield Edit.at(0, 1, "x")

    assert [edit.field for edit in drawn(sees, target("", "words"))] == ["sentence2"]
    assert seen == ["words"]
    assert drawn(sees, target("", "")) == []


def test_the_cost_of_a_proposal_and_the_size_of_a_row_are_in_clusters():
    made = propose(proposing(), {}, target("e\u0301te\u0301", "ab"), {})
    assert made.clusters == 5
    assert made.cost(Edit("sentence1", 0, 3, "te\u0301")) == 2
    assert made.cost(Edit("sentence2", 0, 2, "")) == 2


def test_a_decomposed_text_is_shown_composed_and_edits_are_carried_back():
    seen = []

    @attack("sees", version=1)
    def sees(text, *, rng, lang):
        seen.append(text)
        yield Edit.at(1, 3, "X")

    (edit,) = drawn(sees, target("e\u0301te\u0301", ""))
    assert seen == ["été"]
    assert edit == Edit("sentence1", 2, 5, "X")


def test_a_text_for_single_characters_is_shown_as_it_is():
    seen = []

    @attack("sees", version=1, unit="character")
    def sees(text, *, rng, lang):
        seen.append(text)
        yield Edit.at(1, 2, "")

    assert drawn(sees, target("e\u0301", "", snapped=False)) == [Edit("sentence1", 1, 2, "")]
    assert seen == ["e\u0301"]


def test_an_edit_that_parts_a_cluster_of_a_composed_text_is_refused():
    with pytest.raises(PluginError, match="begins or ends inside a grapheme cluster"):
        drawn(proposing(Edit.at(0, 99, "x")), target("e\u0301te\u0301", ""))
    with pytest.raises(PluginError, match="begins or ends inside a grapheme cluster"):
        drawn(proposing(Edit.at(1, 2, "x")), target("e\u0301q\u0308", ""))


@pytest.mark.parametrize("edit", [Edit.at(0, 4, "x"), Edit.at(2, 3, ""), Edit.at(5, 5, "y")])
def test_a_proposal_on_a_protected_span_is_dropped_without_a_word(edit):
    victim = target(protected={"sentence1": ((2, 5),)}, fields=("sentence1",))
    assert drawn(proposing(edit, Edit.at(6, 7, "z")), victim) == [Edit("sentence1", 6, 7, "z")]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (None, "proposed None, not an Edit"),
        ((0, 1, "x"), "not an Edit"),
        ("x" * 200, "not an Edit"),
        (Edit.at(0, 99, "x"), "outside the text of 10 code points"),
        (Edit.at(3, 2, "x"), "outside the text"),
        (Edit.at(0, 1, "\udc00"), "puts a lone surrogate"),
    ],
)
def test_any_other_fault_ends_the_row(edit, told):
    with pytest.raises(PluginError) as caught:
        drawn(proposing(edit), target(fields=("sentence1",)))
    assert told in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_alphabet_of_its_fields_language_is_given_to_an_attack_that_names_it():
    given = []

    @attack("letters", version=1)
    def letters(text, *, rng, lang, alphabet):
        given.append((lang, dict(alphabet)))
        yield from ()

    victim = target(lang="de")
    list(propose(letters, {}, victim, {"de": {"Latin": ("ß",)}, "en": {"Latin": ("q",)}}).draw(Random(0)))
    list(propose(letters, {}, target(lang="sw", other=""), {"de": {"Latin": ("ß",)}}).draw(Random(0)))
    assert given == [("de", {"Latin": ("ß",)})] * 2 + [("sw", {})]


def test_parameters_reach_the_attack():
    @attack("repeats", version=1)
    def repeats(text, *, rng, lang, times: int = 1):
        for place in range(times):
            yield Edit.at(place, place + 1, "x")

    assert len(drawn(repeats, target(fields=("sentence1",)), times=3)) == 3


def test_a_stream_without_end_ends_and_one_that_changes_nothing_is_told(monkeypatch):
    monkeypatch.setattr(module, "MOST", 5)
    monkeypatch.setattr(module, "MOST_EACH", 2)

    @attack("endless", version=1)
    def endless(text, *, rng, lang):
        while True:
            yield Edit.at(0, 1, "x")

    assert len(drawn(endless, target("abcd", ""))) == 5 + 2 * 4
    with pytest.raises(PluginError, match="proposed 10 edits of one text that change nothing"):
        drawn(proposing(*[Edit.at(0, 1, "a")] * 50), target("abcd", ""))
