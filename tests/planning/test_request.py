"""A plan's steps: all of them once, parents first, by kind."""

from __future__ import annotations

from adaptx.planning.planner import plan_all
from adaptx.planning.request import Request, StackPlan, steps_of
from adaptx.tasks.catalog import task_named


def test_a_plan_hands_out_its_steps_by_kind_and_in_order(asked) -> None:
    plan = asked(source="mini", backbone="nano", attacks=("charswap",), languages=("en", "zh")).stack(
        ("squad", "pawsx")
    )
    assert plan.steps == (*plan.layers, *plan.cells, *plan.attacks)
    assert [step.kind for step in plan.steps] == ["train"] * 2 + ["eval"] * 2 + ["attack"] * 2
    assert (plan.names, plan.title) == (("squad", "pawsx"), "squad → pawsx")


def test_a_training_alone_asks_nothing_of_its_stack(asked) -> None:
    plan = asked(source="mini", backbone="nano", attacks=("charswap",)).train(("squad",))
    assert (plan.cells, plan.attacks) == ((), ())
    assert plan.steps == plan.layers
    assert plan.target.name == "squad"


def test_a_plan_without_layers_is_the_backbones() -> None:
    bare = StackPlan(names=(), target=task_named("tatoeba"), layers=(), asked={})
    assert (bare.title, bare.steps, bare.cells, bare.attacks) == ("backbone", (), (), ())


def test_steps_that_several_plans_share_are_there_once_and_parents_first(asked) -> None:
    ours = asked(source="mini", backbone="nano", languages=("en",))
    one, other = ours.request(("squad",)), ours.request(("squad", "pawsx"))
    steps = steps_of([one, other])
    assert [step.name for step in steps.values()] == ["squad", "squad en", "squad → pawsx", "pawsx en"]
    assert all(step.id == key for key, step in steps.items())
    assert steps_of([other, one]).keys() == steps.keys()


def test_a_planned_request_says_where_it_reads_from(asked) -> None:
    found = asked(source="mini", backbone="nano").request(("pawsx",))
    assert found.choices is found.request.choices
    assert (found.source.name, found.backbone.name, found.precision) == ("mini", "nano", "fp32")
    assert found.text_folder is None


def test_requests_are_planned_in_their_order(asked) -> None:
    ours = asked(source="mini", backbone="nano", languages=("en",))
    requests = [Request(choices=ours.choices, names=(name,)) for name in ("squad", "pawsx", "squad")]
    assert [one.plan.title for one in plan_all(requests, ours.store)] == ["squad", "pawsx", "squad"]
    assert plan_all([], ours.store) == []
