"""Optimizers: what the settings name, rates that rise and fall, and a state that continues bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode

from core.config.settings import validate
from core.training import optimizers
from core.training.optimizers import Optimizer, build, schedule
from tests.core.tiny import bits

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
    optimizer = build(validate({"optimizer": "sgd"}), [weight], 0.5)
    for rate in (0.25, 0.0, 0.125):
        before = float(weight.detach())
        weight.grad = torch.tensor([2.0])
        optimizer.set_rate(rate)
        optimizer.step()
        assert float(weight.detach()) == before - 2 * rate


# -- what the settings name ------------------------------------------------------------------------------------------

VALUES = {"beta1": 0.3, "beta2": 0.95, "weight_decay": 0.02}
TORCH: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": lambda weights, _: torch.optim.Adam(weights, betas=(0.3, 0.95), fused=True),
    "adamw": lambda weights, _: torch.optim.AdamW(weights, betas=(0.3, 0.95), weight_decay=0.02, fused=True),
    "rmsprop": lambda weights, momentum: torch.optim.RMSprop(weights, momentum=momentum),
    "sgd": lambda weights, momentum: torch.optim.SGD(weights, momentum=momentum, fused=True),
}
KINDS = [("adam", 0.0), ("adamw", 0.0), ("rmsprop", 0.0), ("rmsprop", 0.7), ("sgd", 0.0), ("sgd", 0.7)]


def rated(optimizer: Optimizer | torch.optim.Optimizer, rate: float) -> None:
    if isinstance(optimizer, Optimizer):
        optimizer.set_rate(rate)
    else:
        optimizer.param_groups[0]["lr"] = rate


def beside_torch(name: str, momentum: float, layout: torch.memory_format) -> tuple[list[nn.Module], dict[str, Tensor]]:
    """Networks after the same steps at changing rates, by our optimizer and by torch's; and what both remember, where
    torch's has a name that begins with "torch."."""
    one, other = (network().to(memory_format=layout) for _ in range(2))
    ours = build(validate({"optimizer": name, "momentum": momentum, **VALUES}), one.parameters(), 0.003)
    theirs = TORCH[name](other.parameters(), momentum)
    for step, rate in enumerate((0.003, 0.003, 0.0017, 0.0, 0.01, 1e-5)):
        for trained, optimizer in ((one, ours), (other, theirs)):
            rated(optimizer, rate)
            train(trained, optimizer, [step])
    kept = {
        f"torch.{index}.{key}": value
        for index, values in theirs.state_dict()["state"].items()
        for key, value in values.items()
        if value is not None
    }
    return [one, other], ours.state() | kept


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
@pytest.mark.parametrize(("name", "momentum"), KINDS)
def test_the_results_are_those_of_torch(name: str, momentum: float, layout: torch.memory_format) -> None:
    (one, other), kept = beside_torch(name, momentum, layout)
    for key, value in one.state_dict().items():
        assert bits(value) == bits(other.state_dict()[key]), key
    ours = {key: bits(value) for key, value in kept.items() if not key.startswith("torch.")}
    assert ours == {key.removeprefix("torch."): bits(kept[key]) for key in kept if key.startswith("torch.")}


@pytest.mark.parametrize(("name", "momentum"), KINDS)
def test_where_there_are_no_fused_kernels(name: str, momentum: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizers, "has_kernel", lambda *_: False)
    (one, other), kept = beside_torch(name, momentum, torch.contiguous_format)
    for key, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[key], rtol=1e-4, atol=1e-6)
    for key in kept:
        if not key.startswith("torch."):
            torch.testing.assert_close(kept[key], kept[f"torch.{key}"], rtol=1e-4, atol=1e-6)


def test_which_devices_have_fused_kernels() -> None:
    assert optimizers.has_kernel("_fused_adamw_", torch.device("cpu"))
    assert optimizers.has_kernel("_fused_sgd_", torch.device("cpu"))
    assert not optimizers.has_kernel("_fused_adamw_", torch.device("meta"))


@pytest.mark.parametrize(("name", "momentum"), KINDS)
def test_a_weight_without_a_gradient_stays(name: str, momentum: float) -> None:
    weights = [nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))]
    optimizer = build(validate({"optimizer": name, "momentum": momentum}), weights, 0.1)
    optimizer.step()
    assert optimizer.state() == {}
    weights[1].grad = torch.ones(3)
    optimizer.step()
    assert torch.equal(weights[0], torch.ones(2))
    assert not torch.equal(weights[1], torch.ones(3))
    assert {key.split(".")[0] for key in optimizer.state()} <= {"1"}
    weights[0].grad = torch.ones(2)  # what is remembered of this one begins now
    optimizer.step()
    assert not torch.equal(weights[0], torch.ones(2))
    optimizer.zero_grad()
    assert [weight.grad for weight in weights] == [None, None]


# -- saved and restored ----------------------------------------------------------------------------------------------


def network() -> nn.Module:
    """With a weight that is one number, as the optimizers' own counters are."""
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 1))
    layers.register_parameter("scale", nn.Parameter(torch.tensor(1.5)))
    return layers


def train(trained: nn.Module, optimizer: Optimizer | torch.optim.Optimizer, steps: Iterable[int]) -> None:
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
    first, second = (build(settings, each.parameters(), 0.01) for each in (one, other))
    train(one, first, range(3))
    saved = copies(first.state())
    assert {key.split(".", 1)[1] for key in saved} == kept
    assert {key.split(".")[0] for key in saved} == ({"0", "1", "2", "3", "4"} if kept else set())
    other.load_state_dict(copies(one.state_dict()))
    second.restore(saved)
    begun = copies(one.state_dict())
    train(one, first, range(3, 6))
    train(other, second, range(3, 6))
    for key, value in one.state_dict().items():
        assert bits(value) == bits(other.state_dict()[key]), key
        assert not torch.equal(value, begun[key]), key
    assert {key: bits(value) for key, value in first.state().items()} == {
        key: bits(value) for key, value in second.state().items()
    }


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_a_new_optimizer_remembers_nothing(name: str) -> None:
    assert build(validate({"optimizer": name, "momentum": 0.9}), network().parameters(), 0.01).state() == {}


@pytest.mark.skipif(not torch.backends.cuda.is_built(), reason="this build of PyTorch has no fake GPU either")
@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_a_state_is_restored_where_a_gpu_expects_it(name: str) -> None:
    settings = validate({"optimizer": name, "momentum": 0.9})
    one = network()
    first = build(settings, one.parameters(), 0.01)
    train(one, first, range(2))
    with FakeTensorMode(allow_non_fake_inputs=True):  # tensors of a GPU that is not there
        weights = [nn.Parameter(torch.empty(weight.shape, device="cuda")) for weight in one.parameters()]
        second = build(settings, weights, 0.01)
        second.restore(first.state())
        assert second.state().keys() == first.state().keys()
        assert {value.device.type for value in (second.rate, *second.state().values())} == {"cuda"}


def test_what_was_restored_is_a_copy() -> None:
    settings = validate({"optimizer": "adam"})
    one, other = network(), network()
    first, second = (build(settings, each.parameters(), 0.01) for each in (one, other))
    train(one, first, range(2))
    second.restore(first.state())
    before = {key: bits(value) for key, value in second.state().items()}
    train(one, first, range(2))
    assert {key: bits(value) for key, value in second.state().items()} == before
