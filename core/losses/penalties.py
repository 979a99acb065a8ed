"""What keeps a discriminator's slope in bounds: penalties on gradients (all in the image's own units), and clipping."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from core.config.settings import Settings

Critic = Callable[[Tensor], Tensor]
"""Images NCHW -> logits (N,)."""


def weighted(
    settings: Settings, critic: Critic, real: Tensor, fake: Tensor, real_logits: Tensor, fake_logits: Tensor
) -> Tensor:
    """The sum of those that the settings give a weight. R1 asks for the gradients of `real`, and R2 of `fake`."""
    penalty = torch.zeros((), device=real.device)
    if settings.r1:
        penalty = penalty + settings.r1 * zero_centred(real_logits, real)
    if settings.r2:
        penalty = penalty + settings.r2 * zero_centred(fake_logits, fake)
    if settings.gradient_penalty:
        mix = torch.rand(len(real), device=real.device)
        penalty = penalty + settings.gradient_penalty * gradient_penalty(critic, real, fake, mix)
    return penalty


def zero_centred(logits: Tensor, images: Tensor) -> Tensor:
    """Half the mean squared norm of the gradient of logits (N,) by the images (N, ...) that they were computed from.

    R1 of real and R2 of generated images (Mescheder et al. 2018, arXiv:1801.04406): weight gamma.
    """
    squared: Tensor = _gradients(logits, images).square().sum(1)
    return 0.5 * squared.mean()


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Mean (|gradient| - 1)^2 at points between real and generated images (Gulrajani et al. 2017, arXiv:1704.00028).

    `mix`: (N,) in [0, 1], the share of the real image in each point. Weight lambda, 10 in the paper.
    """
    mix = mix.view(-1, *[1] * (real.dim() - 1))
    between = (mix * real + (1.0 - mix) * fake).detach().requires_grad_(True)
    norms: Tensor = _gradients(critic(between), between).norm(dim=1)
    return (norms - 1.0).square().mean()


@torch.no_grad()
def clip_weights(critic: nn.Module, limit: float) -> None:
    """Clips every weight to [-limit, limit], in place (WGAN, Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1)."""
    torch._foreach_clamp_min_(list(critic.parameters()), -limit)
    torch._foreach_clamp_max_(list(critic.parameters()), limit)


def _gradients(logits: Tensor, images: Tensor) -> Tensor:
    """Gradient of each logit by its own image, (N, pixels). Of a sum: the others' parts are zero without batch norm."""
    (gradients,) = torch.autograd.grad(logits.float().sum(), images, create_graph=True)
    return gradients.float().flatten(1)
