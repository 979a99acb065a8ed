"""Penalties against analytic gradients, their own derivatives included, and clipping."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from core.losses.penalties.gradient_penalty import one_centered
from core.losses.penalties.gradients import zero_centered
from core.losses.weight_clipping import clip_weights

SHAPE = (2, 1, 3)
"""Shape of an image: six numbers."""


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).float()


def images(count: int = 4, seed: int = 1) -> Tensor:
    return numbers(count, *SHAPE, seed=seed).requires_grad_(True)


def linear(w: Tensor, x: Tensor) -> Tensor:
    """w . x, whose gradient is w."""
    return x.flatten(1) @ w


def quadratic(A: Tensor, x: Tensor) -> Tensor:
    """x^T A x / 2, whose gradient is S x with S = (A + A^T) / 2."""
    flat = x.flatten(1)
    return 0.5 * (flat @ A * flat).sum(1)


def slopes(A: Tensor, x: Tensor) -> Tensor:
    return x.detach().flatten(1) @ ((A + A.T) / 2).detach()


def derivative(of: Tensor, by: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(of, by)
    return found


# -- zero-centered: R1 and R2 -----------------------------------------------------------------------------------------


def test_zero_centered_of_a_linear_critic_by_hand() -> None:
    w = torch.tensor([1.0, -2.0, 0.0, 3.0, 0.5, 0.0], requires_grad=True)
    real = images()
    penalty = zero_centered(linear(w, real), real)
    assert penalty.shape == ()
    # (1 + 4 + 9 + 0.25) / 2, wherever the images are.
    assert float(penalty.detach()) == pytest.approx(7.125)
    # d/dw of |w|^2 / 2.
    assert derivative(penalty, w).tolist() == pytest.approx(w.tolist())


def test_zero_centered_of_a_quadratic_critic() -> None:
    A, real = numbers(6, 6, seed=2).requires_grad_(True), images()
    penalty = zero_centered(quadratic(A, real), real)
    g, x = slopes(A, real), real.detach().flatten(1)
    assert float(penalty.detach()) == pytest.approx(float(g.square().sum(1).mean()) / 2, rel=1e-5)
    # d/dA of |S x|^2 / 2 is (g x^T + x g^T) / 2.
    outer = torch.einsum("ni,nj->nij", g, x)
    assert torch.allclose(derivative(penalty, A), ((outer + outer.mT) / 2).mean(0), atol=1e-5)


def test_the_penalty_is_a_mean_over_independent_images() -> None:
    A, real = numbers(6, 6, seed=2), images()
    whole = zero_centered(quadratic(A, real) ** 3, real)
    each = []
    for k in range(len(real)):
        one = real[k : k + 1].detach().requires_grad_(True)
        each.append(zero_centered(quadratic(A, one) ** 3, one))
    assert float(whole.detach()) == pytest.approx(float(torch.stack(each).mean().detach()), rel=1e-5)


def test_another_image_does_not_change_what_an_image_adds() -> None:
    A, real = numbers(6, 6, seed=2), images()
    before = derivative(zero_centered(quadratic(A, real) ** 3, real), real)
    other = real.detach().clone()
    other[1:] = images(3, seed=9).detach()
    other.requires_grad_(True)
    after = derivative(zero_centered(quadratic(A, other) ** 3, other), other)
    assert torch.allclose(before[0], after[0], rtol=1e-5)
    assert not torch.allclose(before[1], after[1], rtol=1e-2)


def test_penalties_are_computed_in_single_precision() -> None:
    w, real = torch.ones(6, dtype=torch.bfloat16), images().detach().bfloat16().requires_grad_(True)
    penalty = zero_centered(linear(w, real), real)
    assert penalty.dtype == torch.float32
    assert float(penalty.detach()) == pytest.approx(3.0)


# -- WGAN-GP ---------------------------------------------------------------------------------------------------------


def test_gradient_penalty_of_a_linear_critic_by_hand() -> None:
    w = torch.tensor([2.0, -1.0, 0.0, 2.0, 4.0, 0.0], requires_grad=True)
    penalty = one_centered(lambda x: linear(w, x), images(), images(seed=3), torch.rand(4))
    # |w| = sqrt(4 + 1 + 4 + 16) = 5, and (5 - 1)^2 = 16.
    assert float(penalty.detach()) == pytest.approx(16.0)
    # d/dw of (|w| - 1)^2 is 2 (|w| - 1) w / |w| = 1.6 w.
    assert derivative(penalty, w).tolist() == pytest.approx([3.2, -1.6, 0.0, 3.2, 6.4, 0.0])


def test_a_critic_of_slope_one_is_not_penalized() -> None:
    w = numbers(6)
    assert float(one_centered(lambda x: linear(w / w.norm(), x), images(), images(), torch.rand(4))) < 1e-12


def test_gradient_penalty_of_a_quadratic_critic() -> None:
    A, real, fake = numbers(6, 6, seed=2).requires_grad_(True), images(), images(seed=3)
    mix = torch.tensor([0.0, 0.25, 0.5, 1.0])
    penalty = one_centered(lambda x: quadratic(A, x), real, fake, mix)
    # The first point is the generated image and the last one the real image.
    x = (mix[:, None] * real.flatten(1) + (1 - mix[:, None]) * fake.flatten(1)).detach()
    assert torch.equal(x[0], fake[0].flatten())
    assert torch.equal(x[3], real[3].flatten())
    g = slopes(A, x)
    norms = g.norm(dim=1)
    assert float(penalty.detach()) == pytest.approx(float((norms - 1).square().mean()), rel=1e-5)
    # d/dA of (|g| - 1)^2 with g = S x is (|g| - 1) / |g| * (g x^T + x g^T).
    outer = torch.einsum("n,ni,nj->nij", (norms - 1) / norms, g, x)
    assert torch.allclose(derivative(penalty, A), (outer + outer.mT).mean(0), atol=1e-4)


def test_gradient_penalty_is_a_mean_over_independent_images() -> None:
    A, real, fake, mix = numbers(6, 6, seed=2), images(), images(seed=3), torch.tensor([0.1, 0.9, 0.4, 0.6])
    whole = one_centered(lambda x: quadratic(A, x) ** 3, real, fake, mix)
    each = [
        one_centered(lambda x: quadratic(A, x) ** 3, real[k : k + 1], fake[k : k + 1], mix[k : k + 1]) for k in range(4)
    ]
    assert float(whole.detach()) == pytest.approx(float(torch.stack(each).mean().detach()), rel=1e-5)


def test_gradient_penalty_does_not_reach_the_images() -> None:
    w, real, fake = numbers(6).requires_grad_(True), images(), images(seed=3)
    one_centered(lambda x: linear(w, x), real, fake, torch.rand(4)).backward()
    assert real.grad is None
    assert fake.grad is None
    assert w.grad is not None


def test_a_critic_without_any_slope_has_a_finite_derivative() -> None:
    w = torch.zeros(6, requires_grad=True)
    penalty = one_centered(lambda x: linear(w, x), images(), images(seed=3), torch.rand(4))
    assert float(penalty.detach()) == 1.0
    assert torch.isfinite(derivative(penalty, w)).all()


# -- clipping --------------------------------------------------------------------------------------------------------


def test_clipping_bounds_every_weight_and_leaves_the_others() -> None:
    first, second = nn.Linear(3, 2), nn.Linear(2, 1)
    critic = nn.Sequential(first, second)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[0.005, -0.005, 0.0], [3.0, -3.0, 0.011]]))
        first.bias.copy_(torch.tensor([-1.0, 0.009]))
        second.weight.copy_(torch.tensor([[0.01, -0.01]]))
        second.bias.copy_(torch.tensor([7.0]))
    before = list(critic.parameters())
    clip_weights(critic, 0.01)
    values = [value for weight in critic.parameters() for value in weight.flatten().tolist()]
    expected = [0.005, -0.005, 0.0, 0.01, -0.01, 0.01, -0.01, 0.009, 0.01, -0.01, 0.01]
    assert values == pytest.approx(expected)
    # In place, so that the optimizer keeps hold of them, and still trainable.
    assert all(one is other for one, other in zip(before, critic.parameters(), strict=True))
    assert all(weight.requires_grad and weight.is_leaf for weight in critic.parameters())
