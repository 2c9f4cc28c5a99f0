"""The engine alone: one AdamW step after the other as torch makes them, and the whole state out and in again."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from adaptx.errors import Missing
from adaptx.spec import Optimisation
from adaptx.training import engine as module
from adaptx.training.engine import Engine, Group, join
from adaptx.training.settings import ComputeSettings

STAGES = [0, 1, 2, 3]

pytestmark = pytest.mark.slow


class Net(nn.Module):
    """A frozen layer below, a trained one with a bias and a LayerNorm above."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.frozen = nn.Linear(4, 6).requires_grad_(False)
        self.top = nn.Linear(6, 5)
        self.norm = nn.LayerNorm(5)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.norm(self.top(torch.tanh(self.frozen(rows))))


@pytest.fixture(autouse=True)
def _partition_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """ZeRO-3 leaves small parameters whole by default, which would hide what reads empty."""
    monkeypatch.setattr(module, "PERSISTENCE_THRESHOLD", 0)


def plan(**changes: float) -> Optimisation:
    return Optimisation(**{"lr": 1e-2, "epochs": 1.0, "batch": 4, "max_length": 8} | changes)


def engine(net: nn.Module, zero: int, **changes: float) -> Engine:
    how = ComputeSettings(device="cpu", zero=zero)
    return Engine(net, plan(**changes), how, join(how))


def rows(step: int) -> torch.Tensor:
    return torch.randn(4, 4, generator=torch.Generator().manual_seed(step))


def by_hand(steps: int, *, clip: float, decay: float, scale: float = 1.0) -> dict[str, torch.Tensor]:
    """Return the trained weights after so many steps of torch's own AdamW."""
    net = Net()
    trained = {name: p for name, p in net.named_parameters() if p.requires_grad}
    groups = [
        {"params": [p for p in trained.values() if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in trained.values() if p.ndim == 1], "weight_decay": 0.0},
    ]
    adam = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.999), eps=1e-8)
    for step in range(steps):
        (scale * (net(rows(step)) ** 3).mean()).backward()
        torch.nn.utils.clip_grad_norm_(list(trained.values()), clip)
        for group in adam.param_groups:
            group["lr"] = 1e-2 / (step + 1)
        adam.step()
        adam.zero_grad()
    return {name: p.detach().clone() for name, p in trained.items()}


def learn(made: Engine, steps: range, scale: float = 1.0) -> None:
    for step in steps:
        made.backward(scale * (made.forward(rows(step)) ** 3).mean())
        made.step(1e-2 / (step + 1))


def close(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor], *, within: float = 1e-6) -> None:
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, atol=within, rtol=0)


@pytest.mark.parametrize("zero", STAGES)
def test_steps_are_those_of_torch_with_clipping_and_decay_of_matrices_alone(zero: int) -> None:
    made = engine(Net(), zero, clip=0.1, weight_decay=0.5)
    learn(made, range(5))
    close(made.weights(), by_hand(5, clip=0.1, decay=0.5))
    made.close()


def test_decay_and_clipping_matter_in_that_test() -> None:
    usual = by_hand(5, clip=0.1, decay=0.5)
    for other in (by_hand(5, clip=0.1, decay=0.0), by_hand(5, clip=10.0, decay=0.5)):
        assert any(not torch.allclose(usual[name], other[name], atol=1e-4) for name in usual)


@pytest.mark.parametrize("zero", STAGES)
def test_gradients_of_several_backwards_add_up_to_one_step(zero: int) -> None:
    one, several = engine(Net(), zero), engine(Net(), zero)
    whole = torch.cat([rows(0), rows(1)])
    one.backward((one.forward(whole) ** 2).sum())
    for part in (rows(0), rows(1)):
        several.backward((several.forward(part) ** 2).sum())
    for made in (one, several):
        made.step(1e-2)
    close(several.weights(), one.weights())
    assert several.moments().keys() == one.moments().keys()
    one.close()
    several.close()


@pytest.mark.parametrize("zero", STAGES)
def test_a_gradient_is_forgotten_after_its_step(zero: int) -> None:
    made = engine(Net(), zero, weight_decay=0.0)
    learn(made, range(1))
    before = made.moments()
    made.backward(0.0 * made.forward(rows(1)).sum())
    made.step(0.0)
    after = made.moments()
    for name, value in before.items():
        beta = 0.9 if name.endswith("exp_avg") else 0.999
        torch.testing.assert_close(after[name], beta * value, atol=1e-7, rtol=1e-5)
    made.close()


@pytest.mark.parametrize("zero", STAGES)
def test_a_rate_of_nothing_moves_nothing(zero: int) -> None:
    made = engine(Net(), zero, weight_decay=0.5)
    before = made.weights()
    made.backward(made.forward(rows(0)).pow(2).sum())
    made.step(0.0)
    close(made.weights(), before, within=0.0)
    made.close()


@pytest.mark.parametrize("zero", STAGES)
def test_a_run_goes_on_from_the_state_that_was_taken_out(zero: int) -> None:
    whole = engine(Net(), zero)
    learn(whole, range(3))
    weights, moments = whole.weights(), whole.moments()
    learn(whole, range(3, 6))
    again = engine(Net(), zero)
    again.backward(0.0 * again.forward(rows(9)).sum())
    again.step(0.0)  # after which there is a state to write
    again.set_weights(weights)
    again.set_moments(moments, 3)
    close(again.weights(), weights, within=0.0)
    close(again.moments(), moments, within=0.0)
    learn(again, range(3, 6))
    close(again.weights(), whole.weights(), within=0.0)
    whole.close()
    again.close()


@pytest.mark.parametrize("zero", STAGES)
def test_what_is_taken_out_are_copies_of_what_is_trained_alone(zero: int) -> None:
    made = engine(Net(), zero)
    weights = made.weights()
    assert set(weights) == {"top.weight", "top.bias", "norm.weight", "norm.bias"}
    learn(made, range(1))
    assert set(made.moments()) == {f"{name}/{moment}" for name in weights for moment in ("exp_avg", "exp_avg_sq")}
    assert not torch.equal(weights["top.weight"], made.weights()["top.weight"])
    made.close()


@pytest.mark.parametrize("zero", STAGES)
def test_a_closed_engine_leaves_the_model_whole_and_as_it_was_trained(zero: int) -> None:
    net = Net()
    made = engine(net, zero)
    learn(made, range(2))
    weights = made.weights()
    made.close()
    assert all(p.numel() for p in net.parameters())
    close({name: p.detach() for name, p in net.named_parameters() if p.requires_grad}, weights, within=0.0)
    assert torch.isfinite(net(rows(0))).all()
    assert torch.equal(net.frozen.weight, Net().frozen.weight)


def test_one_process_agrees_with_itself() -> None:
    group = join(ComputeSettings(device="cpu"))
    assert (group.rank, group.size, group.device) == (0, 1, "cpu")
    assert join(ComputeSettings(device="cpu")) is group
    thing = object()
    assert group.agree(thing) is thing
    assert group.gather(3) == [3]
    assert group.highest(2) == 2
    assert group.total(1.5) == 1.5
    group.barrier()


def test_cuda_that_is_not_there_is_missing_and_auto_takes_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Missing) as caught:
        join(ComputeSettings(device="cuda"))
    assert caught.value.hint == "--device cpu"
    assert join(ComputeSettings(device="auto")).device == "cpu"


def test_a_loss_is_scaled_by_the_ranks_over_which_the_library_averages() -> None:
    seen = []

    class Library:
        def backward(self, loss: float, *, scale_wrt_gas: bool) -> None:
            seen.append((loss, scale_wrt_gas))

    made = Engine.__new__(Engine)
    made.group, made._engine = Group(0, 3, "cpu"), Library()
    made.backward(2.0)
    assert seen == [(6.0, False)]
