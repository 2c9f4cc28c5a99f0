from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from adaptx.errors import UnknownName
from adaptx.robustness.edits import Edit, touch
from adaptx.robustness.replies import Budget, ScoredReply
from adaptx.robustness.search import Proposals, search_named, search_names


def slots(rng: Random) -> Iterator[Edit]:
    numbers = rng.sample(range(99), 99)
    return (Edit("f", n, n + 2, "ab") for n in numbers)


PROPOSALS = Proposals(slots, lambda edit: edit.end - edit.start, 100)


def drive(name: str, score, **parameters) -> list[list[tuple[Edit, ...]]]:
    """Return every batch that a search asks, each candidate answered by ``score``."""
    search, budget = search_named(name), Budget(40)
    generator = search.function(PROPOSALS, rng=Random(0), budget=budget, **parameters)
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
    assert search_names() == ["random", "greedy"]
    with pytest.raises(UnknownName) as caught:
        search_named("greed")
    assert "greedy" in caught.value.hint
