from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptx.robustness.edits import Edit, answer_field, apply_edits, cost, fault, overlap, touch, touches_span
from adaptx.tasks.example import Answer
from adaptx.testing import pair, span

EXAMPLE = span("s", "en", "Who?", "Old Johann built it. Johann left.", "Johann")


def refused(*edits: Edit, protected=None, fields=("context",), snapped=True):
    return fault(tuple(edits), EXAMPLE, fields=fields, protected=protected or {}, snapped=snapped)


def test_edits_are_made_in_original_offsets_whatever_their_order():
    edits = (Edit("context", 11, 16, "made"), Edit("context", 0, 3, "Young"), Edit("context", 3, 3, ","))
    expected = "Young, Johann made it. Johann left."
    for order in (edits, edits[::-1]):
        assert apply_edits(EXAMPLE, order).texts["context"] == expected


def test_answers_move_with_the_text_before_them_only():
    moved = apply_edits(EXAMPLE, (Edit("context", 0, 3, "Young"), Edit("context", 20, 20, "!!")))
    assert moved.answers[0].start == EXAMPLE.answers[0].start + 2
    assert moved.texts["context"].startswith("Johann", moved.answers[0].start)
    assert apply_edits(EXAMPLE, (Edit("question", 0, 0, "Say: "),)).answers == EXAMPLE.answers


UNSPACED = span("zh", "zh", "首都在哪里", "中国的首都是北京和北京人口多", "北京")


@pytest.mark.parametrize(
    ("start", "end", "new", "moved"), [(5, 6, "", -1), (5, 6, "乃为", 1), (5, 5, "乃", 1), (5, 6, "为", 0)]
)
def test_an_edit_that_ends_where_an_answer_begins_moves_it(start, end, new, moved):
    edit = Edit("context", start, end, new)
    spans = {"context": ((6, 8), (9, 11))}
    assert fault((edit,), UNSPACED, fields=("context",), protected=spans, snapped=True) is None
    after = apply_edits(UNSPACED, (edit,))
    assert after.answers[0].start == UNSPACED.answers[0].start + moved
    assert after.texts["context"].startswith("北京", after.answers[0].start)


def test_an_edit_that_begins_where_an_answer_ends_leaves_it():
    after = apply_edits(UNSPACED, (Edit("context", 8, 9, "乃为"),))
    assert after.answers == UNSPACED.answers
    assert after.texts["context"].startswith("北京", after.answers[0].start)


CUTS = st.integers(0, len(UNSPACED.texts["context"]))
EDITS = st.tuples(CUTS, CUTS, st.text("京都中", max_size=3)).map(
    lambda e: Edit("context", min(e[:2]), max(e[:2]), e[2])
)


@given(st.lists(EDITS, max_size=4, unique=True))
def test_an_answer_lies_at_its_offset_after_whatever_edits_are_allowed(edits):
    candidate, spans = tuple(edits), {"context": ((6, 8), (9, 11))}
    reason = fault(candidate, UNSPACED, fields=("context",), protected=spans, snapped=True)
    if reason is not None:
        assert "protected" in reason or "overlap" in reason
        return
    after = apply_edits(UNSPACED, candidate)
    assert after.texts["context"].startswith("北京", after.answers[0].start)
    grown = sum(len(edit.new) - (edit.end - edit.start) for edit in candidate)
    assert len(after.texts["context"]) == len(UNSPACED.texts["context"]) + grown
    assert after.texts["question"] == UNSPACED.texts["question"]


def test_an_answer_without_a_place_stays_without_one():
    lost = replace(EXAMPLE, answers=(*EXAMPLE.answers, Answer("nobody", -1)))
    after = apply_edits(lost, (Edit("context", 0, 3, "Young"),))
    assert [answer.start for answer in after.answers] == [EXAMPLE.answers[0].start + 2, -1]


def test_the_original_is_never_changed():
    before = dict(EXAMPLE.texts)
    apply_edits(EXAMPLE, (Edit("context", 0, 3, ""),))
    assert EXAMPLE.texts == before


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ((Edit("question", 0, 1, "x"),), "not attackable"),
        ((Edit("context", -1, 1, "x"),), "outside"),
        ((Edit("context", 5, 4, "x"),), "outside"),
        ((Edit("context", 30, 99, "x"),), "outside"),
        ((Edit("context", 0, 2, "x"), Edit("context", 1, 3, "y")), "overlap"),
        ((Edit("context", 2, 2, "x"), Edit("context", 2, 2, "y")), "overlap"),
        ((Edit("context", 0, 1, "\ud800"),), "surrogate"),
    ],
)
def test_what_cannot_be_made_is_refused_with_its_reason(edits, reason):
    assert reason in refused(*edits)


def test_no_edit_makes_two_tokens_of_one_where_every_token_has_a_tag():
    example = replace(pair("t", "en", "one\ntwo", ""), tags=(0, 1))
    for new, is_refused in (("x\ny", True), ("xy", False)):
        reason = fault((Edit("sentence1", 0, 3, new),), example, fields=("sentence1",), protected={}, snapped=True)
        assert ("line break" in (reason or "")) is is_refused


def test_edits_of_protected_spans_are_refused_and_so_is_growing_one():
    spans = {"context": ((4, 10),)}
    for start, end in ((4, 5), (9, 10), (0, 5), (9, 12), (4, 4), (7, 7), (10, 10)):
        assert "protected" in refused(Edit("context", start, end, "x"), protected=spans), (start, end)
    for start, end in ((3, 4), (10, 11), (3, 3)):
        assert refused(Edit("context", start, end, "x"), protected=spans) is None, (start, end)


def test_an_edit_inside_a_cluster_is_refused_for_cluster_attacks_alone():
    example = pair("p", "fr", "e\u0301te\u0301", "")
    inside = (Edit("sentence1", 1, 2, ""),)
    keywords = {"fields": ("sentence1",), "protected": {}}
    assert "cluster" in fault(inside, example, snapped=True, **keywords)
    assert fault(inside, example, snapped=False, **keywords) is None


def test_what_is_no_candidate_is_refused():
    assert "not list" in refused_object([Edit("context", 0, 1, "x")])
    assert "a candidate is a tuple" in refused_object(("context", 0, 1, "x"))


def refused_object(candidate):
    return fault(candidate, EXAMPLE, fields=("context",), protected={}, snapped=True)


def test_a_swap_costs_two_clusters_and_marks_cost_nothing():
    assert cost(Edit("f", 0, 2, "ba"), "abc") == 2
    assert cost(Edit("f", 0, 4, "e\u0301a\u0300"), "a\u0300e\u0301") == 2
    assert cost(Edit("f", 1, 1, "x"), "abc") == 1
    assert cost(Edit("f", 1, 2, ""), "abc") == 1


def test_touching_edits_do_not_overlap():
    one, other = Edit("f", 0, 2, "x"), Edit("f", 2, 4, "y")
    assert touch(one, other)
    assert not overlap(one, other)
    assert not touch(one, Edit("g", 0, 2, "x"))


def test_the_answers_field_is_found_by_their_offsets():
    assert answer_field(EXAMPLE) == "context"
    assert answer_field(pair("p", "en", "a", "b")) is None


def test_an_empty_span_protects_nothing_elsewhere():
    assert not touches_span(Edit("f", 0, 1, "x"), ())
