"""Attacks that break the protocol: their row is an error, the run goes on, the cell says so."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import pytest

from adaptx.errors import Interrupted
from adaptx.robustness.attack import Edit, attack
from adaptx.testing import attack_faults, pair, span

PLUGINS = Path(__file__).resolve().parents[1] / "fixtures" / "plugins"


def module(name: str):
    spec = importlib.util.spec_from_file_location(name, PLUGINS / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


BAD = module("misbehaving")
HOSTILE = module("hostile")
PAIRS = [pair(f"p{n}", "hi", "हिन्दी में क्रियाएँ", "क्रियाएँ और विशेषण") for n in range(3)]
ENGLISH = [
    pair(f"e{n}", "en", "The old boats left some days ago", "Boats have left the harbour again") for n in range(3)
]
SPANS = [span(f"s{n}", "en", "Who?", "Old Johann built it and left.", "Johann") for n in range(3)]
CASES = [
    ("raises", PAIRS, "KeyError"),
    ("mutates", PAIRS, "TypeError"),
    ("mutates_by_force", PAIRS, "example was changed"),
    ("overspends", PAIRS, "overspent"),
    ("protected", SPANS, "protected span"),
    ("splits_clusters", PAIRS, "inside a grapheme cluster"),
    ("outside", PAIRS, "outside the text"),
    ("overlaps", PAIRS, "overlap"),
    ("asks_nothing", PAIRS, "yielded []"),
    ("peeks", PAIRS, "AttributeError"),
    ("will_not_close", PAIRS, "RuntimeError"),
]


@pytest.mark.parametrize(("name", "examples", "reason"), CASES)
def test_a_broken_attack_is_an_error_row_and_the_cell_is_flagged(run, name, examples, reason):
    cell = run(getattr(BAD, name), examples, budget=8)
    assert cell.flags == ["plugin-errors"]
    assert [o["status"] for o in cell.outcomes] == ["error"] * len(examples)
    for outcome in cell.outcomes:
        assert reason in outcome["error"]
        assert outcome["value_under_attack"] == outcome["clean_value"]
        assert outcome["adversarial"] == outcome["original"]
        assert not outcome["attacked"]
        assert outcome["queries"] <= 8


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("exits", "SystemExit: 0"),
        ("generator_exit", "GeneratorExit"),
        ("foreign", "Foreign: x"),
        ("undecodable", r"\ud800"),
        ("unspeakable", "a message that raises ValueError"),
        ("idles", "that change nothing"),
        ("floods", "more than 200,000"),
        ("floods_many", "more than 200,000"),
        ("proposes_none", "proposed None"),
        ("odd_edit", "tuple of Edit"),
    ],
)
def test_what_is_no_ordinary_exception_and_what_floods_is_an_error_row_in_this_process_too(run, name, reason):
    cell = run(getattr(HOSTILE, name), ENGLISH, budget=8)
    assert [o["status"] for o in cell.outcomes] == ["error"] * len(ENGLISH)
    assert all(reason in o["error"] and o["error"].isprintable() for o in cell.outcomes)


def test_a_stream_without_end_ends_where_no_text_has_more_places(run):
    assert run(HOSTILE.repeats, ENGLISH, budget=8).flags == []


def test_a_row_has_a_deadline_beside_that_of_each_step(run, monkeypatch):
    monkeypatch.setattr("adaptx.robustness.deadline.WAITING", 1000)  # a busy machine is slow, not wrong

    @attack("dawdles", needs="labels", version=1)
    def dawdles(example, *, rng, budget):
        while budget.left:
            began = time.thread_time()
            while time.thread_time() - began < 0.15:
                pass
            yield [()]

    outcome = run(dawdles, PAIRS[:1], seconds=0.2).outcomes[0]
    assert outcome["error"] == "overrun: more than 1.2 s"
    assert 5 <= outcome["queries"] <= 8


@pytest.mark.parametrize("name", [case[0] for case in CASES])
def test_the_kit_finds_what_the_engine_refuses(name):
    assert attack_faults(getattr(BAD, name))


def test_the_kit_finds_an_attack_that_forgets_its_seed():
    assert any("another text" in fault for fault in attack_faults(BAD.forgets_its_seed))


def test_the_kit_finds_a_line_break_which_would_make_two_tokens_of_one():
    @attack("breaks-lines", version=1)
    def breaks_lines(text, *, rng, lang):
        yield Edit.at(0, 0, "\n")

    faults = attack_faults(breaks_lines)
    assert any("line break" in fault for fault in faults)
    assert all("row tagged-" in fault for fault in faults)


def test_the_kit_finds_an_edit_of_an_option():
    @attack("edits-options", needs="labels", version=1)
    def edits_options(example, *, rng, budget, fields):
        yield [(Edit("option0" if "option0" in example.texts else fields[0], 0, 0, "x"),)]

    faults = attack_faults(edits_options)
    assert any("not attackable (attackable: context)" in fault for fault in faults)
    assert all("row choice-" in fault for fault in faults)


def test_an_attack_that_hangs_is_stopped_although_it_swallows_exceptions(run):
    began = time.monotonic()
    cell = run(BAD.hangs, PAIRS[:1], seconds=0.1)
    assert "overrun" in cell.outcomes[0]["error"]
    assert time.monotonic() - began < 10, "the hang was not cut"


def test_a_module_that_raises_at_import_raises_nothing_else():
    with pytest.raises(RuntimeError, match="another world"):
        module("raises_at_import")


def test_rows_beside_a_broken_one_are_attacked(run):
    @attack("breaks-on-hindi", version=1)
    def breaks(text, *, rng, lang):
        if lang == "hi":
            raise ValueError(text)
        yield Edit.at(0, 1, "x")

    cell = run(breaks, [PAIRS[0], pair("good", "en", "words", "more")])
    assert [o["status"] == "error" for o in cell.outcomes] == [True, False]


def test_an_interrupt_is_not_taken_for_a_plugins_error(run):
    @attack("interrupted", version=1)
    def interrupted(text, *, rng, lang):
        yield Edit.at(0, 0, "x")
        raise Interrupted("stop")

    with pytest.raises(Interrupted):
        run(interrupted, PAIRS)


def test_only_declared_needs_are_told(run):
    told = []

    @attack("listens", needs="labels", version=1)
    def listens(example, *, rng, budget):
        told.extend((yield [()]))

    run(listens, PAIRS[:1])
    assert told[0].answer == 1
    assert not hasattr(told[0], "score")
    assert not hasattr(told[0], "log_probabilities")
