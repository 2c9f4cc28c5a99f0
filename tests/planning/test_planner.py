"""Plans: what is trained for what was asked, and what moves an id."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adaptx.data.source import open_source
from adaptx.errors import Incompatible, UnknownName, UsageError
from adaptx.mini import suite
from adaptx.planning.choices import Choices, PerTask
from adaptx.planning.layers import layers_of
from adaptx.planning.resolver import Resolver
from adaptx.spec import AttackSpec, EvalSpec, Sampling, TrainSpec
from adaptx.steps.train import layer_name

if TYPE_CHECKING:
    from adaptx.planning.request import StackPlan
    from adaptx.store import Store

CELLS = [f"pawsx {tag}" for tag in suite.languages("pawsx")]


@pytest.fixture
def planner(asked):
    return partial(asked, source="mini", backbone="nano")


def resolver(store: Store, names: tuple[str, ...], **choices: Any) -> Resolver:
    source = open_source(choices["source"], store)
    return Resolver(Choices(**choices), store, source, *layers_of(names))


def names(*asked: str, on: str | None = None) -> tuple[list[str], str]:
    layers, target = layers_of(asked, on)
    return [layer_name(layer) for layer in layers], target.name


@pytest.mark.parametrize(
    ("asked", "on", "layers", "target"),
    [
        (("squad",), None, ["squad"], "squad"),
        (("squad", "pawsx"), None, ["squad", "pawsx"], "pawsx"),
        (("xquad",), None, ["squad"], "xquad"),
        (("mnli", "xnli"), None, ["mnli"], "xnli"),
        (("squad", "xnli"), None, ["squad", "mnli"], "xnli"),
        (("pawsx", "squad", "xquad"), None, ["pawsx", "squad"], "xquad"),
        (("mnli",), "xnli", ["mnli"], "xnli"),
        (("mnli", "mnli"), "xnli", ["mnli", "mnli"], "xnli"),
        (("mnli", "mnli"), None, ["mnli", "mnli"], "mnli"),
        (("tatoeba",), None, [], "tatoeba"),
        (("squad", "tatoeba"), None, ["squad"], "tatoeba"),
        (("squad",), "bucc", ["squad"], "bucc"),
        (("squad", "lareqa"), None, ["squad", "squad-retrieval"], "lareqa"),
        (("mnli+squad", "pawsx"), None, ["mnli+squad", "pawsx"], "pawsx"),
        (("squad+mnli", "xnli"), None, ["squad+mnli"], "xnli"),
        (("squad+pawsx", "xnli"), None, ["squad+pawsx", "mnli"], "xnli"),
        (("mnli+squad",), "xquad", ["mnli+squad"], "xquad"),
        (("squad", "pawsx@de"), None, ["squad", "pawsx@de"], "pawsx@de"),
        (("pawsx@en",), None, ["pawsx"], "pawsx"),
    ],
)
def test_a_task_without_training_rows_is_answered_by_its_counterpart_trained_once(asked, on, layers, target) -> None:
    assert names(*asked, on=on) == (layers, target)


@pytest.mark.parametrize("asked", [("xnli", "pawsx"), ("squad", "xquad", "pawsx")])
def test_a_layer_that_cannot_be_trained_names_what_can(asked) -> None:
    with pytest.raises(UsageError, match="no training rows") as error:
        names(*asked)
    assert error.value.hint == f"train {'mnli' if 'xnli' in asked else 'squad'} in its place"


@pytest.mark.parametrize(("asked", "on"), [(("squad",), "pawsx"), (("pawsx",), "xnli"), (("mnli",), "pawsx")])
def test_a_head_that_cannot_answer_the_task_is_refused(asked, on) -> None:
    with pytest.raises(Incompatible, match="cannot answer") as error:
        names(*asked, on=on)
    assert error.value.hint.startswith("end the stack with")


def test_an_unknown_task_is_named_wherever_it_stands() -> None:
    for asked, on in ((("helloswag", "pawsx"), None), (("squad", "pawxs"), None), (("squad",), "xqaud")):
        with pytest.raises(UnknownName):
            names(*asked, on=on)


def test_a_mixture_cannot_be_what_is_evaluated() -> None:
    with pytest.raises(UsageError, match="several tasks") as error:
        names("mnli+squad")
    assert error.value.hint == "--on TASK"


@pytest.mark.parametrize("name", ["squad+squad", "pawsx@de+pawsx@en"])
def test_a_mixture_names_each_task_once(name) -> None:
    with pytest.raises(UsageError, match="twice"):
        names(name, "pawsx")


def test_a_language_that_a_task_cannot_be_trained_in_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="pawsx"):
        names("pawsx@dd")


def test_a_mixture_is_one_step_with_the_rows_of_all_its_tasks_and_its_sampling(planner) -> None:
    (layer, _) = planner(sampling="proportional:300").stack(("mnli+squad", "pawsx")).layers
    assert isinstance(layer.spec, TrainSpec)
    assert (layer.name, [other.name for other in layer.others]) == ("mnli+squad", ["squad"])
    assert [part.rows.task for part in layer.spec.others] == ["squad"]
    assert layer.spec.others[0].max_length == 384
    assert layer.spec.sampling == Sampling(cap=300)


def test_the_sampling_is_no_part_of_a_single_tasks_id(planner) -> None:
    assert ids(planner(sampling="uniform").stack(("pawsx",))) == ids(planner().stack(("pawsx",)))


def test_a_plan_is_its_layers_then_a_cell_a_language_then_their_attacks(planner) -> None:
    plan = planner(attacks=("charswap", "charswap:rate=0.3")).stack(("squad", "pawsx"))
    assert [step.name for step in plan.layers] == ["squad", "squad → pawsx"]
    assert [step.name for step in plan.cells] == CELLS
    assert [step.name for step in plan.attacks] == [
        f"{cell} {attack}" for cell in CELLS for attack in ("charswap", "charswap:rate=0.3")
    ]
    kinds = ["train"] * 2 + ["eval"] * len(CELLS) + ["attack"] * 2 * len(CELLS)
    assert [step.kind for step in plan.steps] == kinds
    assert plan.title == "squad → pawsx"


def test_every_step_names_the_ids_that_it_stands_on(planner) -> None:
    plan = planner(attacks=("charswap",)).stack(("squad", "pawsx"))
    known: set[str] = set()
    for step in plan.steps:
        assert set(step.parents.values()) <= known, f"{step.name} comes before what it stands on"
        known.add(step.id)
    lower, top = plan.layers
    assert (lower.parents, top.parents) == ({}, {"below": lower.id})
    assert {cell.parents["stack"] for cell in plan.cells} == {top.id}
    assert [attack.parents["cell"] for attack in plan.attacks] == [cell.id for cell in plan.cells]


def ids(plan: StackPlan) -> list[str]:
    return [step.id for step in plan.steps]


def test_a_layer_is_shared_between_stacks_and_with_training_alone(planner) -> None:
    ours = planner()
    squad = ours.stack(("squad",)).layers[0].id
    assert ours.train(("squad",)).layers[0].id == squad
    assert ours.stack(("squad", "pawsx")).layers[0].id == squad
    assert ours.stack(("squad", "pawsx")).layers[1].id != ours.stack(("pawsx",)).layers[0].id
    assert ours.stack(("mnli",)).layers == ours.stack(("xnli",)).layers


@pytest.mark.parametrize(
    "choices",
    [
        {"seed": 1},
        {"precision": "bf16"},
        {"method": "bottleneck"},
        {"rank": 4},
        {"lr": PerTask(3e-3)},
        {"epochs": PerTask(1)},
        {"batch": PerTask(8)},
        {"max_length": PerTask(64)},
        {"max_train": PerTask(100)},
        {"lr": PerTask(None, {"squad": 3e-3})},
    ],
)
def test_what_changes_training_changes_every_id(choices, planner) -> None:
    before, after = (planner(**asked).stack(("squad", "pawsx")) for asked in ({}, choices))
    assert not set(ids(before)) & set(ids(after))


@pytest.mark.parametrize(
    ("choices", "kept"),
    [
        ({"lr": PerTask(None, {"pawsx": 1e-3})}, ["squad"]),
        ({"max_eval": 10}, ["squad", "squad → pawsx"]),
        ({"split": "dev"}, ["squad", "squad → pawsx"]),
        ({"budget": 8}, ["squad", "squad → pawsx", *CELLS]),
        ({"search": "greedy"}, ["squad", "squad → pawsx", *CELLS]),
        ({"attack_seed": 1}, ["squad", "squad → pawsx", *CELLS]),
        ({"attacks": ("charswap:rate=0.3",)}, ["squad", "squad → pawsx", *CELLS]),
        ({"languages": ("de",)}, ["squad", "squad → pawsx", "pawsx de", "pawsx de charswap"]),
        ({"epochs": PerTask(None, {"mnli": 1})}, None),
        ({"lr": PerTask(None, {"pawsx": 5e-4})}, None),  # what the page says, said again
    ],
)
def test_what_changes_a_later_step_keeps_the_ids_before_it(choices, kept, planner) -> None:
    usual = planner(attacks=("charswap",)).stack(("squad", "pawsx"))
    other = planner(**{"attacks": ("charswap",)} | choices).stack(("squad", "pawsx"))
    same = [step.name for step in usual.steps if step.id in ids(other)]
    assert same == ([step.name for step in usual.steps] if kept is None else kept)


@pytest.mark.parametrize("number", [int, float])
@pytest.mark.parametrize("option", ["lr", "epochs", "batch", "max_length"])
def test_what_the_page_says_is_the_same_request_when_it_is_said_again(option, number, planner) -> None:
    """The page writes ``epochs = 5``, ``--epochs 5`` and a recipe are read as 5.0, the API may give either."""
    page = getattr(planner().stack(("pawsx",)).layers[0].spec.optimisation, option)
    again = PerTask(page if option == "lr" else number(page))
    assert ids(planner(**{option: again}).stack(("pawsx",))) == ids(planner().stack(("pawsx",)))


def test_an_attack_setting_that_is_the_default_is_the_same_step(planner) -> None:
    plain, told = (planner(attacks=(text,)).stack(("pawsx",)) for text in ("charswap", "charswap:operations=swap"))
    assert ids(plain) == ids(told)


def test_specs_hold_resolved_values_and_nothing_of_how(planner) -> None:
    plan = planner(attacks=("charswap",), budget=7, max_eval=9).stack(("squad", "pawsx"))
    train, cell, attack = plan.layers[1].spec, plan.cells[1].spec, plan.attacks[1].spec
    assert isinstance(train, TrainSpec)
    assert isinstance(cell, EvalSpec)
    assert isinstance(attack, AttackSpec)
    assert (train.method.name, train.method.parameters) == ("lora", {"rank": 16})
    assert (train.optimisation.lr, train.precision) == (5e-4, "fp32")
    assert (train.rows.language, train.rows.split, train.dev.split) == ("en", "train", "dev")
    assert (cell.rows.language, cell.rows.split, cell.rows.limit) == (suite.languages("pawsx")[1], "test", 9)
    assert (attack.budget, attack.search, attack.attack) == (7, "random", "charswap")
    assert {"rate", "operations"} <= set(attack.parameters)


def test_the_default_precision_is_bf16_but_for_the_small_backbone(store: Store) -> None:
    def precision(**choices: Any) -> str:
        return resolver(store, ("squad",), source="mini", **choices).precision

    assert precision() == "bf16"
    assert precision(backbone="nano") == "fp32"
    assert precision(backbone="nano", precision="bf16") == "bf16"


def test_a_plan_writes_nothing(planner, store: Store) -> None:
    planner(attacks=("charswap",)).stack(("squad", "pawsx"))
    assert not store.root.exists()


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({"languages": ("xx",)}, "language of pawsx"),
        ({"split": "tets"}, "split of pawsx"),
        ({"attacks": ("charswp",)}, "attack"),
        ({"search": "gready", "attacks": ("charswap",)}, "search"),
    ],
)
def test_an_unknown_name_is_refused_while_planning(choices, told, planner) -> None:
    with pytest.raises(UnknownName, match=told):
        planner(**choices).stack(("pawsx",))


def test_an_unknown_method_is_refused(planner) -> None:
    with pytest.raises(UnknownName, match="method 'lara'"):
        planner(method="lara").train(("squad",))


def test_a_rank_for_another_method_is_refused(planner) -> None:
    with pytest.raises(UsageError, match="--rank means nothing to method full"):
        planner(method="full", rank=4).train(("squad",))


def test_an_attack_takes_search_budget_and_seed_from_the_choices(store: Store) -> None:
    choices = {"attacks": ("charswap:rate=0.3",), "search": "greedy", "budget": 9, "attack_seed": 4}
    ((label, asked),) = resolver(store, ("pawsx",), source="mini", **choices).attacks
    assert label == "charswap:rate=0.3"
    assert (asked.name, asked.search, asked.budget, asked.seed) == ("charswap", "greedy", 9, 4)
    assert asked.parameters["rate"] == 0.3


@pytest.fixture
def sentences(tmp_path: Path) -> Path:
    """A folder with three pairs of sentences in German."""
    rows = [{"source_sentence": f"Satz {n}", "target_sentence": f"sentence {n}"} for n in range(3)]
    path = tmp_path / "rows" / "tatoeba" / "de" / "test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path / "rows"


def test_a_bare_backbone_is_named_where_no_train_step_carries_it(asked, sentences: Path) -> None:
    plans = [
        asked(source=str(sentences), backbone="nano", method=method, layer=layer).stack(("tatoeba",))
        for method, layer in (("lora", None), ("full", None), ("lora", 2))
    ]
    assert [plan.title for plan in plans] == ["backbone"] * 3
    specs = [plan.cells[0].spec for plan in plans]
    assert all(isinstance(spec, EvalSpec) and spec.stack == "" and spec.backbone for spec in specs)
    assert specs[0].max_length == 512
    assert plans[0].cells[0].id == plans[1].cells[0].id != plans[2].cells[0].id
    assert plans[0].cells[0].parents == {}


def test_what_needs_no_training_cannot_be_trained(asked, sentences: Path) -> None:
    with pytest.raises(UsageError, match="no training rows") as error:
        asked(source=str(sentences), backbone="nano").train(("tatoeba",))
    assert error.value.hint == "it needs none: adaptx stack tatoeba"
