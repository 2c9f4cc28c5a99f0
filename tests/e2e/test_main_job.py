"""The main job as a person types it: train, then stack and attack, and a second time for nothing."""

from __future__ import annotations

import json
import math

import pytest

pytestmark = pytest.mark.e2e

KEYS = {
    *("stack", "task", "backbone", "method", "source", "seed", "split", "precision", "metric", "flags"),
    *("languages", "mean", "mean_zero_shot", "steps"),
}
LANGUAGE_KEYS = {"n", "n_clusters", "clean", "interval", "flags", "attacks"}
ATTACK_KEYS = {
    *("accuracy", "interval", "lost", "success_rate", "queries", "edit_rate", "no_op_rate", "random_baseline"),
}
MADE_OF = ["squad", "squad → pawsx", "pawsx en", "pawsx zh", "pawsx en charswap", "pawsx zh charswap"]
STACK = ("stack", "squad", "pawsx", "--attack", "charswap", "--json")


def test_train_then_stack_makes_what_is_missing_and_a_second_run_makes_nothing(adaptx, small) -> None:
    trained = adaptx("train", "--adapter", "squad", *small, "--json")
    first = adaptx(*STACK, *small)
    again = adaptx(*STACK, *small)
    assert trained.status == {"squad": "made"}
    assert first.status == {name: "reused" if name == "squad" else "made" for name in MADE_OF}
    assert again.status == dict.fromkeys(MADE_OF, "reused")
    assert first.json | {"steps": []} == again.json | {"steps": []}
    assert trained.json["id"] == first.json["steps"][0]["id"]


def test_a_rerun_says_what_it_reused_shows_the_table_and_never_imports_torch(made, command, small) -> None:
    done = command(*STACK[:-1], *small, "--store", str(made), PYTHONVERBOSE="1")
    assert done.code == 0
    assert "reused: train squad, squad → pawsx" in done.out
    assert {"en", "zh", "mean", "mean zero shot"} <= {line.split(" │")[0].strip("│ ") for line in done.out.splitlines()}
    assert f"store: {made}" in done.err
    assert "import 'adaptx.results.summaries'" in done.err, "the list of imports is not what this test thinks"
    heavy = [name for name in ("torch", "transformers", "peft", "deepspeed") if f"import '{name}'" in done.err]
    assert heavy == []


def test_the_json_object_has_exactly_the_promised_keys(made, adaptx, small) -> None:
    told = adaptx(*STACK, *small, "--store", made).json
    assert set(told) == KEYS
    assert told["stack"] == ["squad", "pawsx"]
    assert (told["task"], told["backbone"], told["method"], told["source"]) == ("pawsx", "nano", "lora", "mini")
    assert (told["seed"], told["split"], told["precision"], told["metric"]) == (0, "test", "fp32", "accuracy")
    assert list(told["languages"]) == ["en", "zh"]
    for language in told["languages"].values():
        assert set(language) == LANGUAGE_KEYS
        assert set(language["attacks"]) == {"charswap"}
        assert set(language["attacks"]["charswap"]) == ATTACK_KEYS
        assert language["interval"][0] <= language["clean"] <= language["interval"][1]
    assert told["mean"]["n_languages"] == 2
    assert told["mean_zero_shot"]["clean"] == pytest.approx(told["languages"]["zh"]["clean"])
    assert all(set(step) == {"id", "kind", "name", "status", "seconds"} for step in told["steps"])
    json.dumps(told, allow_nan=False)


def test_every_score_is_a_fraction_and_accuracy_lost_adds_up(made, adaptx, small) -> None:
    told = adaptx(*STACK, *small, "--store", made).json
    for language in told["languages"].values():
        attacked = language["attacks"]["charswap"]
        rates = [language["clean"], *(attacked[k] for k in ("accuracy", "success_rate", "edit_rate", "no_op_rate"))]
        assert all(0 <= rate <= 1 for rate in rates)
        assert math.isclose(language["clean"] - attacked["accuracy"], attacked["lost"], abs_tol=1e-12)
        assert attacked["queries"] <= 6, "an attack asked beyond its --budget"
        assert language["n"] == 40


def test_an_adapter_learns_is_not_flagged_carries_over_to_other_scripts_and_can_be_attacked(adaptx) -> None:
    world = "--source mini:train=2000,dev=100,test=300 --backbone nano --device cpu --languages en,ja,ar".split()
    settings = "--max-length 64 --lr 2e-3 --epochs 3 --attack charswap --budget 4 --json".split()
    told = adaptx("stack", "pawsx", *world, *settings).json
    english, *others = told["languages"].values()
    assert english["n"] == 300
    assert english["interval"][0] > 0.85, "two sentences of the same words are told apart by who did what to whom"
    assert all(other["interval"][0] > 0.55 for other in others), "learnt in English, and known in other scripts"
    assert [language["flags"] for language in told["languages"].values()] == [[], [], []]
    assert told["flags"] == []
    assert all(language["attacks"]["charswap"]["lost"] > 0 for language in told["languages"].values())


def test_the_lower_adapter_changes_what_the_stack_predicts(copied, adaptx, small) -> None:
    alone = adaptx("stack", "pawsx", *small, "--store", copied.root, "--json").json
    stacked = adaptx(*STACK, *small, "--store", copied.root).json
    ids = {told["steps"][-1]["id"] for told in (alone, stacked)}
    assert len(ids) == 2
    assert alone["languages"]["en"] != stacked["languages"]["en"] | {"attacks": {}}


def test_a_dry_run_tells_what_it_would_cost_and_makes_nothing(adaptx, small, folder) -> None:
    told = adaptx(*STACK, *small, "--dry-run").json
    assert [(step["name"], step["status"]) for step in told["steps"]] == [(name, "to do") for name in MADE_OF]
    assert all(step["disk_bytes"] > 0 for step in told["steps"])
    assert told["seconds"] > 0
    assert told["seconds"] == pytest.approx(sum(step["seconds"] for step in told["steps"]), abs=0.2)
    assert told["measured"]
    assert told["trainable_parameters"] > 0 < told["memory_bytes"]
    assert not (folder / "runs" / "store").exists()
