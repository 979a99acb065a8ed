"""The losses against numbers worked out by hand, and their gradients against the analytic forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from core.objectives import non_saturating


def logits(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_the_discriminators_loss_by_hand() -> None:
    # -log sigmoid: log 2 = 0.693147 at 0, log(1 + e^-2) = 0.126928 at 2; -log(1 - sigmoid): 0.693147 at 0,
    # log(1 + e^-1) = 0.313262 at -1. Means: 0.410038 + 0.503205.
    loss = non_saturating.discriminator(logits(0, 2), logits(0, -1))
    assert loss.shape == ()
    assert float(loss.detach()) == pytest.approx(0.913242, abs=1e-6)


def test_the_generators_loss_by_hand() -> None:
    # -log sigmoid: 0.693147 at 0, log(1 + e) = 1.313262 at -1. Mean: 1.003205.
    loss = non_saturating.generator(logits(0, -1))
    assert loss.shape == ()
    assert float(loss.detach()) == pytest.approx(1.003204, abs=1e-6)


def test_a_discriminator_that_cannot_tell() -> None:
    undecided = logits(0, 0, 0)
    assert float(non_saturating.discriminator(undecided, undecided).detach()) == pytest.approx(2 * math.log(2))
    assert float(non_saturating.generator(undecided).detach()) == pytest.approx(math.log(2))


def test_the_discriminators_gradients() -> None:
    real, fake = logits(-3, -0.5, 0, 4), logits(-2, 0, 1.5)
    non_saturating.discriminator(real, fake).backward()
    assert real.grad is not None
    assert fake.grad is not None
    # d/dx of -log sigmoid(x) is sigmoid(x) - 1, of -log(1 - sigmoid(x)) it is sigmoid(x); means divide by the count.
    assert real.grad.tolist() == pytest.approx([(sigmoid(x) - 1) / 4 for x in (-3, -0.5, 0, 4)])
    assert fake.grad.tolist() == pytest.approx([sigmoid(x) / 3 for x in (-2, 0, 1.5)])


def test_the_generators_gradients_and_that_they_do_not_saturate() -> None:
    fake = logits(-40, -2, 0, 1.5)
    non_saturating.generator(fake).backward()
    assert fake.grad is not None
    assert fake.grad.tolist() == pytest.approx([(sigmoid(x) - 1) / 4 for x in (-40, -2, 0, 1.5)])
    # The saturating loss would give e^-40 here, where the discriminator is sure.
    assert float(fake.grad[0]) == pytest.approx(-1 / 4)


@pytest.mark.parametrize("extreme", [-1e4, 1e4])
def test_extreme_logits_stay_numbers(extreme: float) -> None:
    real, fake = (torch.tensor([extreme], requires_grad=True) for _ in range(2))
    loss = non_saturating.discriminator(real, fake) + non_saturating.generator(fake)
    loss.backward()
    # One of softplus(x) and softplus(-x) is |x| and the other 0: real and generator's term agree, fake's opposes them.
    assert float(loss.detach()) == pytest.approx(2e4 if extreme < 0 else 1e4)
    assert real.grad is not None
    assert fake.grad is not None
    assert torch.isfinite(real.grad).all()
    assert torch.isfinite(fake.grad).all()
