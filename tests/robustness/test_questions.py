"""Where a row's questions come from: its own randomness, the attack, and the baseline beside it."""

from __future__ import annotations

import pytest

from adaptx.robustness.attack import Attack, Edit, attack, resolve_request
from adaptx.robustness.attacks.charswap import charswap
from adaptx.robustness.questions import example_seed, starts
from adaptx.robustness.replies import Budget
from adaptx.robustness.session import AttackTarget
from adaptx.testing import pair

TARGET = AttackTarget(
    example=pair("p", "en", "many words are written here", "and some more of them"),
    fields=("sentence1", "sentence2"),
    protected={},
    snapped=True,
)


def test_the_seed_of_an_example_depends_on_each_of_its_five_parts_and_on_nothing_else():
    parts = (1, "charswap", "pawsx", "de", "r7")
    first = example_seed(*parts)
    assert first == example_seed(*parts)
    others = [example_seed(*parts[:at], "other", *parts[at + 1 :]) for at in range(1, 5)] + [
        example_seed(2, *parts[1:])
    ]
    assert len({first, *others}) == 6
    assert example_seed(0, "a", "bc", "d", "e") != example_seed(0, "ab", "c", "d", "e")
    assert first == 156197591274683495  # another number is another text under the same id


def questions(asked: Attack, role: str, *, task: str = "pawsx", budget: int = 4, **request):
    """Return the first questions of one side."""
    begin = starts(resolve_request(asked, {}, budget=budget, **request), task, "en", {})
    return next(begin(role, TARGET)(TARGET.example, Budget(budget)))


@pytest.mark.parametrize("role", ["attack", "baseline"])
def test_the_same_row_is_asked_the_same_and_another_task_or_seed_something_else(role):
    first = questions(charswap, role)
    assert questions(charswap, role) == first
    assert questions(charswap, role, seed=1) != first
    assert questions(charswap, role, task="other") != first


def test_attack_and_baseline_of_a_search_begin_with_the_same_draw():
    assert questions(charswap, "attack") == questions(charswap, "baseline")


def test_the_baseline_of_an_attack_with_a_search_of_its_own_is_a_random_slip():
    @attack("idle", needs="labels", version=1)
    def idle(example, *, rng, budget):
        yield [()]

    assert questions(idle, "attack") == [()]
    ((edit, *_),) = questions(idle, "baseline")
    assert isinstance(edit, Edit)
    assert sorted(edit.new) == sorted(TARGET.example.texts[edit.field][edit.start : edit.end])


@pytest.mark.parametrize(("search", "rounds"), [("random", 1), ("greedy", 4)])
def test_the_baseline_draws_once_beside_the_random_search_and_the_budget_beside_others(search, rounds):
    begin = starts(resolve_request(charswap, {}, search=search, budget=4), "pawsx", "en", {})
    budget, asked = Budget(4), 0
    generator = begin("baseline", TARGET)(TARGET.example, budget)
    batch = next(generator)
    try:
        while True:
            asked += len(batch)
            budget.spent = asked
            batch = generator.send([None] * len(batch))
    except StopIteration:
        pass
    assert asked == rounds


def test_the_rate_of_the_attack_is_that_of_its_baseline():
    begin = starts(resolve_request(charswap, {"rate": 0.5}, budget=4), "pawsx", "en", {})
    (candidate,) = next(begin("baseline", TARGET)(TARGET.example, Budget(4)))
    assert len(candidate) > 2


def test_an_attack_is_given_what_it_names():
    given = {}

    @attack("names", needs="labels", version=1)
    def names(example, *, rng, budget, fields, protected, alphabet, strength: int = 3):
        given.update(fields=fields, protected=protected, alphabet=alphabet, strength=strength, example=example)
        yield [()]

    begin = starts(resolve_request(names, {"strength": 7}), "pawsx", "en", {"en": {"Latin": ("q",)}})
    next(begin("attack", TARGET)("the example", Budget(4)))
    assert given == {
        "fields": TARGET.fields,
        "protected": {},
        "alphabet": {"en": {"Latin": ("q",)}},
        "strength": 7,
        "example": "the example",
    }
