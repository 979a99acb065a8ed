"""Optimizers: what the settings name, rates that rise and fall, and a state that continues bit for bit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from core.config.settings import validate
from core.training.optimizers import build, restore, schedule, set_rate, state
from tests.core.tiny import bits

CPU = torch.device("cpu")


# -- the schedule ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("warm_up", "decay", "points"),
    [
        (0, 0, {0: 1, 1: 1, 10**9: 1}),
        (10, 0, {0: 0, 1: 1e-4, 2_500: 0.25, 10_000: 1, 10_001: 1, 10**9: 1}),
        (0, 100, {0: 1, 25_000: 0.75, 99_000: 0.01, 100_000: 0, 10**9: 0}),
        # Up to 0.9 at 9 kimg, where 1 - 10 / 100 has not been reached yet; from there on the decay is the lower.
        (10, 100, {0: 0, 5_000: 0.5, 9_000: 0.9, 10_000: 0.9, 55_000: 0.45, 100_000: 0, 200_000: 0}),
        (0.5, 2, {250: 0.5, 400: 0.8, 500: 0.75, 1_000: 0.5, 2_000: 0}),
    ],
)
def test_the_schedule(warm_up: float, decay: float, points: dict[int, float]) -> None:
    settings = validate({"warm_up_kimg": warm_up, "decay_kimg": decay})
    for images, factor in points.items():
        assert schedule(settings, images) == pytest.approx(factor), images


def test_the_rate_of_the_next_step() -> None:
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = build(validate({"optimizer": "sgd"}), [weight], 0.5, CPU)
    for rate in (0.25, 0.0, 0.125):
        before = float(weight.detach())
        weight.grad = torch.tensor([2.0])
        set_rate(optimizer, rate)
        optimizer.step()
        assert float(weight.detach()) == before - 2 * rate


# -- what the settings name ------------------------------------------------------------------------------------------

VALUES = {"beta1": 0.3, "beta2": 0.95, "momentum": 0.7, "weight_decay": 0.02}


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("adam", Adam, {"lr": 0.003, "betas": (0.3, 0.95), "weight_decay": 0, "amsgrad": False}),
        ("adamw", AdamW, {"lr": 0.003, "betas": (0.3, 0.95), "weight_decay": 0.02}),
        ("rmsprop", RMSprop, {"lr": 0.003, "alpha": 0.99, "momentum": 0.7, "weight_decay": 0, "centered": False}),
        ("sgd", SGD, {"lr": 0.003, "momentum": 0.7, "weight_decay": 0, "nesterov": False, "dampening": 0}),
    ],
)
def test_names(name: str, kind: type[Optimizer], expected: dict[str, Any]) -> None:
    weights = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(3))]
    optimizer = build(validate({"optimizer": name, **VALUES}), weights, 0.003, CPU)
    assert type(optimizer) is kind
    (group,) = optimizer.param_groups
    assert {key: group[key] for key in expected} == expected
    assert [id(weight) for weight in group["params"]] == [id(weight) for weight in weights]


# -- saved and restored ----------------------------------------------------------------------------------------------


def network() -> nn.Module:
    """With a weight that is one number, as the optimizers' own counters are."""
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 1))
    layers.register_parameter("scale", nn.Parameter(torch.tensor(1.5)))
    return layers


def train(trained: nn.Module, optimizer: Optimizer, steps: Iterable[int]) -> None:
    for step in steps:
        x = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        (trained(x) * trained.scale - step).square().mean().backward()
        optimizer.step()


def copies(saved: dict[str, Tensor]) -> dict[str, Tensor]:
    """As a file keeps them: without their layout."""
    return {name: value.clone(memory_format=torch.contiguous_format) for name, value in saved.items()}


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
@pytest.mark.parametrize(
    ("name", "momentum", "kept"),
    [
        ("adam", 0.0, {"step", "exp_avg", "exp_avg_sq"}),
        ("adamw", 0.0, {"step", "exp_avg", "exp_avg_sq"}),
        ("rmsprop", 0.0, {"step", "square_avg"}),
        ("rmsprop", 0.9, {"step", "square_avg", "momentum_buffer"}),
        ("sgd", 0.0, set()),
        ("sgd", 0.9, {"momentum_buffer"}),
    ],
)
def test_a_restored_optimizer_continues_bit_for_bit(
    name: str, momentum: float, kept: set[str], layout: torch.memory_format
) -> None:
    settings = validate({"optimizer": name, "momentum": momentum})
    one, other = (network().to(memory_format=layout) for _ in range(2))
    first, second = (build(settings, each.parameters(), 0.01, CPU) for each in (one, other))
    train(one, first, range(3))
    saved = copies(state(first))
    assert {key.split(".", 1)[1] for key in saved} == kept
    assert {key.split(".")[0] for key in saved} == ({"0", "1", "2", "3", "4"} if kept else set())
    other.load_state_dict(copies(one.state_dict()))
    restore(second, saved)
    begun = copies(one.state_dict())
    train(one, first, range(3, 6))
    train(other, second, range(3, 6))
    for key, value in one.state_dict().items():
        assert bits(value) == bits(other.state_dict()[key]), key
        assert not torch.equal(value, begun[key]), key
    assert {key: bits(value) for key, value in state(first).items()} == {
        key: bits(value) for key, value in state(second).items()
    }


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_a_new_optimizer_remembers_nothing(name: str) -> None:
    assert state(build(validate({"optimizer": name, "momentum": 0.9}), network().parameters(), 0.01, CPU)) == {}


@pytest.mark.skipif(not torch.backends.cuda.is_built(), reason="this build of PyTorch has no fake GPU either")
@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_a_state_is_restored_where_a_gpu_expects_it(name: str) -> None:
    settings = validate({"optimizer": name, "momentum": 0.9})
    one = network()
    first = build(settings, one.parameters(), 0.01, CPU)
    train(one, first, range(2))
    with FakeTensorMode(allow_non_fake_inputs=True):  # tensors of a GPU that is not there
        weights = [nn.Parameter(torch.empty(weight.shape, device="cuda")) for weight in one.parameters()]
        second = build(settings, weights, 0.01, torch.device("cuda"))
        restore(second, state(first))
        places = {(key, value.device.type) for values in second.state.values() for key, value in values.items()}
    counters = {place for key, place in places if key == "step"}
    assert counters == ({"cuda"} if name in {"adam", "adamw"} else {"cpu"} if name == "rmsprop" else set())
    assert {place for key, place in places if key != "step"} == {"cuda"}


def test_what_was_restored_is_a_copy() -> None:
    settings = validate({"optimizer": "adam"})
    one, other = network(), network()
    first, second = (build(settings, each.parameters(), 0.01, CPU) for each in (one, other))
    train(one, first, range(2))
    restore(second, state(first))
    before = {key: bits(value) for key, value in state(second).items()}
    train(one, first, range(2))
    assert {key: bits(value) for key, value in state(second).items()} == before
