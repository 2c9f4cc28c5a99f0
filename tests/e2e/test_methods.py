"""Every method through the command line: a comparison of all arms, `full` weights let go after use, no mixing."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptx.errors import Exit
from adaptx.store import Store, StoredStep

pytestmark = pytest.mark.e2e

FULL = (
    *"stack pawsx --method full --source mini:train=64,dev=20,test=20 --backbone nano --device cpu".split(),
    *"--languages en --max-length 64 --epochs 1 --budget 3 --json".split(),
)
ARMS = {"full", "squad → full", "lora", "squad → lora", "bottleneck", "squad → bottleneck", "lora rank 32"}


def trained(folder: Path) -> StoredStep:
    (record,) = Store(folder / "runs").all("train")
    return record


def weights(record: StoredStep) -> list[str]:
    return [path.name for path in record.path.glob("*.safetensors")]


def test_full_weights_are_let_go_after_use_and_made_again_bit_equal_on_need(adaptx, folder) -> None:
    first = adaptx(*FULL)
    assert first.status == {"pawsx": "made", "pawsx en": "made"}
    assert (trained(folder).evicted, weights(trained(folder))) == (True, [])
    assert adaptx(*FULL).status == {"pawsx": "reused", "pawsx en": "reused"}
    attacked = adaptx(*FULL, "--attack", "charswap")
    assert attacked.status == {"pawsx": "made", "pawsx en": "reused", "pawsx en charswap": "made"}
    assert trained(folder).manifest["remade"] == {"same_weights": True}
    assert trained(folder).evicted
    assert adaptx("verify").code == Exit.DONE


def test_keep_all_keeps_full_weights(adaptx, folder) -> None:
    adaptx(*FULL, "--keep", "all")
    assert not trained(folder).evicted
    assert "model.safetensors" in weights(trained(folder))


def test_a_comparison_holds_every_arm_its_effects_their_differences_and_a_control(adaptx, folder) -> None:
    world = "--source mini:train=96,dev=30,test=30 --languages en,zh --backbone nano --device cpu".split()
    settings = "--max-length 64 --epochs 1 --attack charswap --budget 3".split()
    args = ("compare", "squad", "pawsx", *world, *settings)
    told = adaptx(*args, "--json").json
    assert (told["intermediate"], told["target"], told["split"], told["backbone"]) == ("squad", "pawsx", "test", "nano")
    assert set(told["arms"]) == ARMS
    assert [name for name, arm in told["arms"].items() if arm["control"]] == ["lora rank 32"]
    assert {effect["name"] for effect in told["effects"]} == {
        f"squad → {method} - {method}" for method in ("full", "lora", "bottleneck")
    }
    assert len(told["differences"]) == 2, "each other method's effect is held against full training's"
    assert told["controls"][0]["name"] == "squad → lora - lora rank 32"
    for contrast in (*told["effects"], *told["differences"], *told["controls"]):
        assert set(contrast["scores"]) == {"clean", "charswap"}
        assert set(contrast["scores"]["clean"]["languages"]) == {"en", "zh"}
    assert any("few-seeds" in flag for flag in told["flags"])
    clean = {name: arm["scores"]["clean"]["mean"]["value"] for name, arm in told["arms"].items()}
    (effect,) = (effect for effect in told["effects"] if effect["name"] == "squad → lora - lora")
    assert effect["scores"]["clean"]["mean"]["value"] == pytest.approx(clean["squad → lora"] - clean["lora"])
    assert {step["kind"] for step in told["steps"]} == {"train", "eval", "attack"}
    shown = adaptx(*args)
    assert (shown.code, [arm for arm in sorted(ARMS) if arm not in shown.out]) == (Exit.DONE, [])
    assert all(record.evicted == (record.spec["method"]["name"] == "full") for record in Store("runs").all("train"))
