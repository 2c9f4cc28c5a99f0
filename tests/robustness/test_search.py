from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest

from adaptx import registry
from adaptx.errors import PluginError, UnknownName, UsageError
from adaptx.robustness.attack import attack, resolve_request
from adaptx.robustness.edits import Edit, touch
from adaptx.robustness.replies import Budget, ScoredReply
from adaptx.robustness.search import Proposals, search, search_named, search_names


def slots(rng: Random) -> Iterator[Edit]:
    numbers = rng.sample(range(99), 99)
    return (Edit("f", n, n + 2, "ab") for n in numbers)


PROPOSALS = Proposals(slots, lambda edit: edit.end - edit.start, 100)


def drive(name: str, score, **parameters) -> list[list[tuple[Edit, ...]]]:
    """Return every batch that a search asks, each candidate answered by ``score``."""
    found, budget = search_named(name), Budget(40)
    generator = found.function(PROPOSALS, rng=Random(0), budget=budget, **parameters)
    asked = [next(generator)]
    while True:
        budget.spent += len(asked[-1])
        try:
            asked.append(generator.send([ScoredReply(False, 1, score(candidate)) for candidate in asked[-1]]))
        except StopIteration:
            return asked


def test_a_draw_spends_the_rate_and_keeps_its_edits_apart():
    for rate in (0.0, 0.02, 0.1, 0.33):
        chosen = PROPOSALS.fill(slots(Random(3)), rate)
        assert sum(map(PROPOSALS.cost, chosen)) == max(2, 2 * int(rate * 100 / 2))
        assert not any(touch(one, other) for one in chosen for other in chosen if one is not other)


def test_random_asks_independent_draws_in_doubling_batches():
    asked = drive("random", lambda _: 0.0, tries=13)
    assert [len(batch) for batch in asked] == [1, 1, 2, 4, 5]
    assert len({tuple(sorted(candidate)) for batch in asked for candidate in batch}) == 13


def test_random_never_asks_beyond_the_budget():
    assert sum(map(len, drive("random", lambda _: 0.0, tries=10_000))) == 40


def test_greedy_ranks_with_half_the_budget_and_adds_the_best_of_the_next():
    asked = drive("greedy", lambda candidate: sum(edit.start for edit in candidate), rate=0.1)
    assert [len(batch) for batch in asked] == [20, 4, 4, 4, 4]
    pool = sorted((edit for (edit,) in asked[0]), key=lambda edit: -edit.start)
    last = asked[-1][0]
    assert last[0] == pool[0], "the best single edit comes first"
    assert len(last) == 5, "until the rate is spent"
    assert [edit.start for edit in last] == sorted((edit.start for edit in last), reverse=True)


def test_greedy_asks_edits_that_do_not_help_once():
    asked = drive("greedy", lambda candidate: -len(candidate), rate=1.0)
    combined = [candidate for batch in asked[1:] for candidate in batch]
    assert {len(candidate) for candidate in combined} == {2}
    assert len(set(combined)) == len(combined)


def test_an_unknown_search_names_the_nearest():
    assert search_names() == ["greedy", "random"]
    with pytest.raises(UnknownName) as caught:
        search_named("greed")
    assert "greedy" in caught.value.hint


@attack("one", version=1)
def one(text, *, rng, lang):
    yield Edit.at(0, 1, "x")


@attack("wide", version=1)
def wide(text, *, rng, lang, width: int = 1):
    yield Edit.at(0, 1, "x")


def test_a_search_takes_parameters_as_an_attack_does():
    plain, narrow = (resolve_request(one, {}, search=text) for text in ("greedy", "greedy:width=2"))
    assert (plain.parameters["width"], narrow.parameters["width"]) == (4, 2)
    assert resolve_request(one, {}, search="greedy:width=4").parameters == plain.parameters
    assert len(drive("greedy", lambda _: 0.0, width=2)[1]) == 2
    with pytest.raises(UnknownName, match="parameter of greedy 'beam'"):
        resolve_request(one, {}, search="greedy:beam=3")
    with pytest.raises(UsageError, match="rate is given with --attack one and with --search"):
        resolve_request(one, {"rate": 0.2}, search="random:rate=0.3")


def test_a_name_that_attack_and_search_both_have_is_refused_and_not_shared():
    assert resolve_request(wide, {}, search="random").own == {"width": 1}
    with pytest.raises(PluginError, match="both have a parameter 'width'"):
        resolve_request(wide, {}, search="greedy")


def test_a_strangers_search_is_found_driven_and_hashed(monkeypatch):
    @search("first", version=3, needs="labels")
    def first(proposals, *, rng, budget, most: int = 2):
        for edit in islice(proposals.draw(rng), most):
            yield [(edit,)]

    load = registry.load
    monkeypatch.setattr(registry, "load", lambda g, n: first if (g, n) == (registry.SEARCHES, "first") else load(g, n))
    request = resolve_request(one, {}, search="first:most=1")
    assert (request.search, request.search_version, request.parameters) == ("first", 3, {"most": 1})
    assert [len(batch) for batch in drive("first", lambda _: 0.0, most=1)] == [1]


def no_generator(proposals, *, rng, budget):
    return []


def of_an_example(example, *, rng, budget):
    yield []


def without_budget(proposals, *, rng):
    yield []


@pytest.mark.parametrize("function", [no_generator, of_an_example, without_budget])
def test_what_is_no_search_is_refused_when_it_is_declared(function):
    with pytest.raises(PluginError, match="search 'odd' takes"):
        search("odd", version=1, needs="labels")(function)


def test_a_row_of_a_random_search_costs_its_tries_and_one_draw_of_the_baseline():
    random, greedy = search_named("random"), search_named("greedy")
    assert random.questions(64, random.resolve({})) == 9
    assert random.questions(4, random.resolve({})) == 4
    assert greedy.questions(64, greedy.resolve({})) == 64
