"""What the kinds of step say of their steps: price, scores once more, a line of a list; and what is registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adaptx import registry
from adaptx.errors import PluginError, UnknownName
from adaptx.spec import AttackSpec, EvalSpec, MethodSpec, Optimisation, PartSpec, RowsSpec, TrainSpec, content_id
from adaptx.steps.attack import Attack
from adaptx.steps.evaluate import Evaluate
from adaptx.steps.step import Load, compute_of, kind_of, kinds, step
from adaptx.steps.train import Train, layer_name, parts_of_spec
from adaptx.store import Store
from adaptx.tables import read_json
from adaptx.tasks.catalog import task_named, tasks_named
from adaptx.tasks.mlm import MLM

PAWSX = task_named("pawsx")
ROWS = RowsSpec(
    source="mini",
    revision="mini:1",
    task="pawsx",
    task_version=1,
    form="classification",
    form_version=1,
    language="de",
    split="test",
)
TRAIN = TrainSpec(
    backbone="mini:1",
    method=MethodSpec(name="lora", version=1, parameters={"rank": 4, "targets": "query"}),
    rows=ROWS,
    dev=None,
    optimisation=Optimisation(lr=1e-3, epochs=3.0, batch=8, max_length=64, stride=16),
    below=None,
    seed=2,
    precision="fp32",
)
EVAL = EvalSpec(stack="a" * 64, rows=ROWS, metric="accuracy", metric_version=1, max_length=32, precision="fp32")
ATTACK = AttackSpec(
    cell="b" * 64,
    attack="charswap",
    attack_version=1,
    parameters={},
    search="random",
    search_version=1,
    budget=64,
)


class Prices:
    """What a kind may ask: it notes the questions and answers with made-up sizes."""

    def __init__(self) -> None:
        self.sized: list[tuple[list[str], list[str], int]] = []

    def size(self, tasks: Sequence[Any], rows: Sequence[RowsSpec], limit: int) -> tuple[int, float]:
        self.sized.append(([task.name for task in tasks], [one.language for one in rows], limit))
        return 100, 20.0

    def artefact_bytes(self, method: MethodSpec) -> int:
        return 1000 * int(method.parameters["rank"])

    def load(self, step_id: str) -> Load:
        assert step_id == "b" * 64
        return Load(rows=40, tokens=10.0, passes=1.0, disk_bytes=1)


def planned(spec: Any, **fields: Any) -> Any:
    return step(spec, "a step", PAWSX, fields.pop("parents", {}), "de", **fields)


def test_a_step_is_its_spec_with_an_id() -> None:
    parents = {"stack": "a" * 64}
    made = step(EVAL, "pawsx de", PAWSX, parents, "de", label="x")
    assert (made.id, made.kind, made.spec) == (content_id(EVAL), "eval", EVAL)
    assert (made.name, made.language, made.label, made.parents) == ("pawsx de", "de", "x", parents)
    parents["stack"] = "changed"
    assert made.parents == {"stack": "a" * 64}
    assert made.tasks == (PAWSX,)
    assert replace(made, others=(MLM,)).tasks == (PAWSX, MLM)


def test_training_reads_all_its_rows_every_epoch_and_keeps_an_adapter() -> None:
    prices = Prices()
    load = Train().price(planned(TRAIN), prices)
    assert load == Load(rows=100, tokens=20.0, passes=3.0, disk_bytes=4000, training=True)
    assert load.total_tokens == 6000
    assert prices.sized == [(["pawsx"], ["de"], 64)]


def test_text_beside_a_task_makes_the_run_longer_and_a_task_beside_it_does_not() -> None:
    part = PartSpec(rows=replace(ROWS, language="sw"), dev=None, max_length=64, share=0.25)
    mixed = replace(TRAIN, others=(part,))
    prices = Prices()
    assert Train().price(planned(mixed, others=(MLM,)), prices).passes == pytest.approx(4.0)
    assert prices.sized == [(["pawsx", "mlm"], ["de", "sw"], 64)]
    plain = replace(TRAIN, others=(replace(part, share=None),))
    assert Train().price(planned(plain, others=(PAWSX,)), Prices()).passes == 3.0


def test_an_evaluation_reads_its_rows_once() -> None:
    prices = Prices()
    load = Evaluate().price(planned(EVAL), prices)
    assert load == Load(rows=100, tokens=20.0, passes=1.0, disk_bytes=20_000)
    assert prices.sized == [(["pawsx"], ["de"], 32)]


@pytest.mark.parametrize(("search", "budget", "passes"), [("random", 64, 9), ("random", 4, 4), ("greedy", 64, 64)])
def test_an_attack_asks_about_its_cell_as_often_as_its_search_does(search: str, budget: int, passes: int) -> None:
    spec = replace(ATTACK, search=search, budget=budget)
    load = Attack().price(planned(spec, parents={"cell": "b" * 64}), Prices())
    assert load == Load(rows=40, tokens=10.0, passes=float(passes), disk_bytes=36_000)


def test_the_first_task_of_a_layer_is_a_part_like_the_others() -> None:
    other = PartSpec(rows=replace(ROWS, language="fr"), dev=ROWS, max_length=9, stride=3)
    first, second = parts_of_spec(replace(TRAIN, others=(other,), dev=ROWS))
    assert (first.rows, first.dev, first.max_length, first.stride, first.share) == (ROWS, ROWS, 64, 16, None)
    assert second is other


def test_a_layer_is_named_as_it_is_typed() -> None:
    assert layer_name(tasks_named("mnli+squad")) == "mnli+squad"


def test_a_list_tells_method_seed_and_best_score_of_an_adapter_and_none_where_nothing_was_selected() -> None:
    facts = {"best": {"score": 0.123456, "step": 3}}
    record: Any = SimpleNamespace(
        spec={"method": {"name": "full"}, "seed": 7}, manifest={"facts": facts}, path=Path("nowhere")
    )
    assert Train().summary(record) == {"method": "full", "seed": 7, "score": 0.1235}
    facts["best"]["score"] = None
    assert Train().summary(record)["score"] is None
    assert Train().recompute(record) is None


def test_a_list_tells_the_main_score_of_a_cell_and_the_accuracy_under_an_attack(tiny_store: Path) -> None:
    for kind, made in (("eval", Evaluate()), ("attack", Attack())):
        for record in Store(tiny_store).all(kind):
            scores = read_json(record.path / "scores.json")["scores"]
            assert made.summary(record) == {"score": round(scores["accuracy"], 4)}
            assert made.recompute(record) == scores


def test_a_score_that_was_not_stored_is_none(tiny_store: Path) -> None:
    record = next(Store(tiny_store).all("eval"))
    assert Evaluate().summary(replace(record, spec={**record.spec, "metric": "f1"})) == {"score": None}


def test_kinds_come_after_what_they_stand_on_and_each_has_a_heavy_half() -> None:
    names = [kind.name for kind in kinds()]
    assert {"train", "eval", "attack"} <= set(names)
    for kind in kinds():
        assert all(names.index(other) < names.index(kind.name) for other in kind.after)
        assert callable(compute_of(kind))
        assert kind_of(kind.name) is kind
    assert [kind.name for kind in kinds() if kind.makes_layers] == ["train"]


def test_a_kind_that_nobody_knows_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        kind_of("atack")
    assert "attack" in str(caught.value.hint)


def test_an_installation_without_kinds_says_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "names", lambda _group: [])
    with pytest.raises(PluginError) as caught:
        kinds()
    assert caught.value.hint == "install adaptx: pip install -e ."
